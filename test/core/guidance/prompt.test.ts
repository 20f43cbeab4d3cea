import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Prompt, parsePrompt, printPrompt } from '../../../core/index.ts';
import { seeded } from '../../../core/random.ts';

const words = (text: string, weight = 1): Prompt => ({ targets: [[{ text }]], weight });

describe('the prompt grammar', () => {
  it.each<[string, Prompt[]]>([
    [
      'a red heart:2 | blurry:-0.5|a ratio of 3:2 sizes',
      [words('a red heart', 2), words('blurry', -0.5), words('a ratio of 3:2 sizes')],
    ],
    ['a moon @left', [{ ...words('a moon'), region: { left: 0, top: 0, right: 0.5, bottom: 1 } }]],
    [
      'a moon:2 @(0.1, 0.2, 0.9, 1)',
      [{ ...words('a moon', 2), region: { left: 0.1, top: 0.2, right: 0.9, bottom: 1 } }],
    ],
    [
      'a moon @top-left:2:0.4',
      [{ ...words('a moon', 2), stop: 0.4, region: { left: 0, top: 0, right: 0.6, bottom: 0.6 } }],
    ],
    ['a bud -> a flower:3', [{ targets: [[{ text: 'a bud' }], [{ text: 'a flower' }]], weight: 3 }]],
    [
      'a cat + [picture:my sketch.png]',
      [{ targets: [[{ text: 'a cat' }, { picture: { path: 'my sketch.png' } }]], weight: 1 }],
    ],
    ['the sea | [style: ink.png ]:5', [words('the sea'), { targets: [[{ style: { path: 'ink.png' } }]], weight: 5 }]],
    [
      'C++ | half \\| half | mail\\@home | 3\\:2',
      [words('C++'), words('half | half'), words('mail@home'), words('3:2')],
    ],
    ['me@home', [words('me@home')]],
  ])('reads %j', (text, wanted) => {
    expect(parsePrompt(text)).toEqual(wanted);
  });
  it.each([
    ['', 'PROMPT_EMPTY', ''],
    [' | ', 'PROMPT_EMPTY', ''],
    ['a | :2', 'PROMPT_INVALID', 'character 4'],
    ['a:0', 'PROMPT_INVALID', 'every weight is zero'],
    ['a cat | b:1000', 'PROMPT_INVALID', 'character 10'],
    ['a|'.repeat(9), 'PROMPT_INVALID', 'character 17'],
    ['a moon @nowhere', 'PROMPT_INVALID', 'character 9'],
    ['a moon @(0.5,0,0.2,1)', 'PROMPT_INVALID', 'character 9'],
    ['a -> -> b', 'PROMPT_INVALID', 'words are missing'],
    ['a | [picture:]', 'PROMPT_INVALID', 'character 5'],
    ['a + [style:x.png]', 'PROMPT_INVALID', 'stands alone'],
    ['[image:x.png]', 'PROMPT_INVALID', 'character 1 '],
    ['a {b|c', 'PROMPT_INVALID', 'character 3'],
    ['a {colur} fox', 'PROMPT_INVALID', 'character 3'],
    ['a {constructor} fox', 'PROMPT_INVALID', 'no list'],
    ['a b} c', 'PROMPT_INVALID', 'character 4'],
  ])('refuses %j and points at the place', (text, code, what) => {
    expect(() => parsePrompt(text)).toThrowError(
      expect.objectContaining({ code, message: expect.stringContaining(what) }),
    );
  });
  it('chooses wildcards by the seed, and the first of them without one', () => {
    const text = '{oil|ink|{water|body} colour} painting of a {colour} fox';
    expect(printPrompt(parsePrompt(text))).toBe('oil painting of a red fox');
    const chosen = (seed: number): string => printPrompt(parsePrompt(text, seeded(seed)));
    expect(chosen(3)).toBe(chosen(3));
    expect(new Set(Array.from({ length: 40 }, (_, i) => chosen(i))).size).toBeGreaterThan(15);
  });
});

const text = fc
  .oneof(fc.string({ minLength: 1, maxLength: 30 }), fc.stringMatching(/^[a\\|{}[\]@+:> .0-9-]{1,20}$/))
  .filter((t) => t.length > 0);
const number = fc.double({ min: -100, max: 100, noNaN: true }).map((n) => n + 0);
const path = text.map((p) => ({ path: p }));
const item = fc.oneof(
  { weight: 4, arbitrary: text.map((t) => ({ text: t })) },
  path.map((picture) => ({ picture })),
);
const share = fc.double({ min: 0, max: 0.45, noNaN: true }).map((n) => n + 0);
const extras = fc.record(
  {
    stop: number,
    region: fc.record({ left: share, top: share, right: share.map((s) => 1 - s), bottom: share.map((s) => 1 - s) }),
  },
  { requiredKeys: [] },
);
const prompt = fc
  .tuple(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.array(fc.array(item, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
      },
      path.map((style) => [[{ style }]]),
    ),
    number,
    extras,
  )
  .map(([targets, weight, more]): Prompt => ({ targets, weight, ...more }));

describe('prompts of all kinds', () => {
  it('are read as the same after they were printed', () => {
    fc.assert(
      fc.property(fc.array(prompt, { minLength: 1, maxLength: 8 }), (prompts) => {
        fc.pre(prompts.some((p) => p.weight !== 0));
        expect(parsePrompt(printPrompt(prompts))).toEqual(prompts);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
  it('are read, or refused with a code, whatever the text', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.stringMatching(/^[ab\\|{}[\]@+:> .,()0-9epictursyl-]{0,60}$/),
    );
    fc.assert(
      fc.property(hostile, (source) => {
        try {
          expect(parsePrompt(source).length).toBeGreaterThan(0);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: expect.stringMatching(/^PROMPT_(?:EMPTY|INVALID)$/) });
        }
      }),
      { seed: 1, numRuns: 5000 },
    );
  });
});

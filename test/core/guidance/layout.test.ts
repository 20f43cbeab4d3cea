import { describe, expect, it } from 'vitest';
import { layoutsOf } from '../../../core/guidance/prompt/layout.ts';
import type { Prompt } from '../../../core/guidance/protocol.ts';
import { parsePrompt } from '../../../core/index.ts';

const said = (p: Prompt | undefined): string | undefined => p?.targets[0]?.[0]?.text;
const middle = ({ region: r }: Prompt): { x: number; y: number } =>
  r ? { x: (r.left + r.right) / 2, y: (r.top + r.bottom) / 2 } : { x: 0.5, y: 0.5 };
/** The two things of each layout with the middles of their places. */
const laid = (prompt: string) => layoutsOf(parsePrompt(prompt)).map((prompts) => prompts.slice(-2));

describe('a prompt of two things', () => {
  it.each([
    ['a cat under the moon', 'a cat', 'the moon', 'below'],
    ['a fox below a tree', 'a fox', 'a tree', 'below'],
    ['a bird above the sea', 'a bird', 'the sea', 'above'],
    ['a crown on a cat', 'a crown', 'a cat', 'above'],
    ['the sun behind a mountain', 'the sun', 'a mountain', 'above'],
    ['a dog in front of a house', 'a dog', 'a house', 'below'],
    ['a cup to the left of a teapot', 'a cup', 'a teapot', 'left'],
    ['an apple right of a pear', 'an apple', 'a pear', 'right'],
  ])('%s: each has a place of its own, as the words say', (prompt, first, second, where) => {
    const layouts = laid(prompt);
    expect(layouts.length).toBeGreaterThan(0);
    for (const [a, b] of layouts) {
      if (!a || !b) throw new Error('two things');
      expect([said(a), said(b)]).toEqual([first, second]);
      const [p, q] = [middle(a), middle(b)];
      const found = { below: p.y > q.y, above: p.y < q.y, left: p.x < q.x, right: p.x > q.x };
      expect(found, JSON.stringify([p, q])).toMatchObject({ [where]: true });
    }
  });
  it('lies either way round where the words do not say which', () => {
    const sides = laid('a cat and a dog').map(([cat, dog]) => (cat && dog ? middle(cat).x < middle(dog).x : undefined));
    expect(sides).toEqual([true, false]);
  });
  it('keeps the sentence, its weight and what pushes away', () => {
    const [layout] = layoutsOf(parsePrompt('a cat under the moon:2 | blurry:-0.5'));
    expect(layout?.map(said)).toEqual(['a cat under the moon', 'blurry', 'a cat', 'the moon']);
    expect(layout?.map((p) => p.weight)).toEqual([2, -0.5, 1.6, 1.6]);
  });
  it('lies within the canvas, where a model can see it', () => {
    for (const relation of ['and', 'with', 'in', 'on', 'under', 'over', 'behind', 'beside'])
      for (const layout of laid(`a cat ${relation} a box`))
        for (const { region: r } of layout) {
          expect(r).toBeDefined();
          for (const v of Object.values(r ?? {})) expect(v >= 0 && v <= 1).toBe(true);
          expect(((r?.right ?? 0) - (r?.left ?? 0)) * ((r?.bottom ?? 0) - (r?.top ?? 0))).toBeGreaterThan(0.2);
        }
  });
});

describe('a prompt is left as it is', () => {
  it.each([
    ['of one thing', 'a red heart'],
    ['whose words only hold the word', 'a candy land overseer'],
    ['whose second word names no thing', 'a portrait in watercolour'],
    ['that says itself where things are', 'a cat under the moon @left'],
    ['of several parts', 'a cat under the moon | the sea'],
    ['that changes', 'a cat on a mat -> a dog'],
    ['in its time', 'a cat under the moon @20%-80%'],
    ['of colours', 'a black and white cat'],
  ])('%s', (_what, prompt) => {
    expect(layoutsOf(parsePrompt(prompt))).toEqual([]);
  });
});

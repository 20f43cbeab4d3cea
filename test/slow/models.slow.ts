/** Several models and directions, in runs that go on for long enough to be steered. */
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../core/guidance/protocol.ts';
import { EMBEDDED, type GuideRequest, parsePrompt } from '../../core/index.ts';
import { picture } from '../support/guiding.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { mean } from '../support/seen.ts';
import { useEngine } from '../support/services.ts';
import { modelRuns, strangeModel } from '../support/with-models.ts';

const engine = useEngine();
const other = strangeModel();
const run = modelRuns(engine);
/** The change is refused at step 3, and the run comes out as one that nobody steered. */
async function expectRefused(change: Change, code: string, more: Partial<GuideRequest> = {}): Promise<void> {
  let refused: Promise<unknown> | undefined;
  const steered = await run('a fish', more, { steps: 120 }, (e) => {
    if (e.type === 'step' && e.step === 3)
      refused = engine.steer({ run: 'models', command: { kind: 'change', change } }).catch((thrown: unknown) => thrown);
  });
  expect(await refused).toMatchObject({ code });
  expect(steered.at(-1)).toMatchObject({ record: { script: [], steps: 120 } });
  expect(Buffer.compare(picture(steered), picture(await run('a fish', more, { steps: 120 })))).toBe(0);
}

describe('several models', () => {
  it('that cannot be compiled leave the run as it was', async () => {
    const broken = join(await temporaryFolder(), 'broken');
    cpSync(EMBEDDED, broken, { recursive: true });
    for (const file of readdirSync(join(broken, 'onnx')).filter((name) => name.includes('vision')))
      writeFileSync(join(broken, 'onnx', file), 'no graph at all');
    await expectRefused({ lookers: [{ weight: 1 }, { folder: broken, weight: 1 }] }, 'ONNX_UNREADABLE');
  });
});

describe('a style', () => {
  const wide = { lookers: [{ folder: other, weight: 1 }] };
  it('that prompts name is looked at again by another model, and outlives the next prompt', async () => {
    const style = join(await temporaryFolder(), 'ink.png');
    writeFileSync(style, await drawn('star', 'black'));
    const answers: Promise<unknown>[] = [];
    const asked = (change: Change): void => {
      const said = engine.steer({ run: 'models', command: { kind: 'change', change } });
      answers.push(said.catch((thrown: unknown) => thrown));
    };
    const events = await run(`a fish | [style:${style}]:2`, {}, { steps: 200 }, (e) => {
      if (e.type === 'step' && e.step === 3) asked(wide);
      if (e.type === 'compiled-again') asked({ prompts: parsePrompt('a green tree') });
    });
    expect(await Promise.all(answers)).toEqual([undefined, undefined]);
    expect(events.at(-1)).toMatchObject({ type: 'picture', record: { steps: 200, script: [{}, {}] } });
  });
  it('that was taken with the own model keeps it', async () => {
    const ink = { bytes: new Uint8Array(await drawn('star', 'black')), name: 'ink' };
    for await (const { embeddings: profile } of engine.styles([ink], { eye: 'guiding' }))
      await expectRefused(wide, 'STEER_INVALID', { style: { profile, weight: 1 } });
  });
});

describe('directions among embeddings', () => {
  it('draw the picture along them, and away when their weight is below zero', async () => {
    const row = (await engine.embedTexts(['a green tree'])).data;
    const end = async (weight: number, seed: number): Promise<number> => {
      const events = await run('a red heart', { directions: [{ name: 'tree', row, weight }] }, { steps: 80, seed });
      return (
        (await engine.similarity([{ bytes: picture(events), name: 'end' }], ['a green tree']))[0]?.[0] ?? Number.NaN
      );
    };
    const gained: number[] = [];
    const lost: number[] = [];
    for (const seed of [1, 2, 3, 4, 5]) {
      const without = await end(0, seed);
      gained.push((await end(8, seed)) - without);
      lost.push(without - (await end(-8, seed)));
    }
    // A single short drawing may gain nothing by the eye that judges, which did not guide it; along is beside away all the same.
    expect(Math.min(...gained.map((v, i) => v + (lost[i] ?? 0)))).toBeGreaterThan(0.05);
    expect(mean(gained)).toBeGreaterThan(0);
    expect(mean(lost)).toBeGreaterThan(0.03);
  });
  it('keep their model: one of another width cannot become the first', async () => {
    const row = (await engine.embedTexts(['a green tree'])).data;
    const directions = [{ name: 'tree', row, weight: 0.1 }];
    await expectRefused({ lookers: [{ folder: other, weight: 1 }] }, 'STEER_INVALID', { directions });
  });
});

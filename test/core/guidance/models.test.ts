import { describe, expect, it } from 'vitest';
import { ClipModel } from '../../../core/clip/model.ts';
import { EMBEDDED, type GuideEvent, loadRegistry } from '../../../core/index.ts';
import { picture } from '../../support/guiding.ts';
import { eventsOf, servicesOf, useEngine } from '../../support/services.ts';
import { modelRuns, strangeModel } from '../../support/with-models.ts';

const engine = useEngine();
const other = strangeModel();
const run = modelRuns(engine);
const runSmall = modelRuns(useEngine({ model: other }));
const steps = (events: readonly GuideEvent[]) => events.flatMap((e) => (e.type === 'step' ? [e] : []));

describe('several models', () => {
  it('guide together, and each tells what it thinks', async () => {
    const events = await run('a red heart', { lookers: [{ weight: 1 }, { folder: EMBEDDED, weight: 1 }] });
    for (const { also, cosines } of steps(events)) {
      expect(also).toHaveLength(1);
      expect(also[0]?.cosines).toHaveLength(cosines.length);
    }
    const last = steps(events).at(-1);
    expect(last?.also[0]?.cosines[0]).toBeGreaterThan((steps(events)[0]?.also[0]?.cosines[0] ?? 1) + 0.1);
    expect(events.at(-1)).toMatchObject({ record: { others: [expect.stringMatching(/^[0-9a-f]{64}$/)] } });
  });
  it('that do not guide say with each frame what they think of it', async () => {
    const events = await run('a red heart', { judge: EMBEDDED }, { frameEvery: 10 });
    const judged = events.flatMap((e) => (e.type === 'judged' && e.by === 'judge' ? [e] : []));
    expect(judged.map((e) => e.step)).toEqual([10, 20, 30, 40]);
    expect(judged[0]?.prompts).toEqual(['a red heart']);
    expect(judged.at(-1)?.cosines[0]).toBeGreaterThan((judged[0]?.cosines[0] ?? 1) + 0.05);
    expect(judged.at(-1)?.percentiles[0]).toBeGreaterThan(judged[0]?.percentiles[0] ?? 100);
  });
  it('can change while the run goes on, and the run given again is the same', async () => {
    const script = [{ step: 12, change: { lookers: [{ weight: 1 }, { folder: other, weight: 2 }] } }];
    const [once, again] = [await runSmall('a fish', { script }), await runSmall('a fish', { script })];
    expect(steps(once).map((e) => e.also.length)).toEqual(Array.from({ length: 40 }, (_, i) => (i < 12 ? 0 : 1)));
    expect(Buffer.compare(picture(once), picture(again))).toBe(0);
  });
  it('are all named by their hashes at the end, those that guided for a while too', async () => {
    const script = [
      { step: 4, change: { lookers: [{ folder: other, weight: 1 }] } },
      { step: 8, change: { lookers: [{ weight: 1 }] } },
    ];
    const events = await run('a fish', { script, judge: EMBEDDED }, { steps: 12 });
    const { hash } = await engine.info();
    expect(events.at(-1)).toMatchObject({ record: { others: [expect.not.stringMatching(hash), hash] } });
  });
  it('of another size and width join the same step', async () => {
    const info = await engine.info();
    const events = await run('a fish', { lookers: [{ weight: 1 }, { folder: other, weight: 0.5 }] }, { steps: 6 });
    const theirs = await (await ClipModel.open(other)).info();
    expect([theirs.side === info.side, theirs.dimension === info.dimension]).toEqual([false, false]);
    expect(steps(events).map((e) => e.also.length)).toEqual([1, 1, 1, 1, 1, 1]);
  });
  it('are refused to a plugin when they are not there', async () => {
    const guide = (await loadRegistry()).find('guide');
    await expect(
      eventsOf(guide, { prompt: 'a fish', steps: 2, size: 64, models: ['own', '/nowhere/at/all'] }, servicesOf(engine)),
    ).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });
});

describe('directions among embeddings', () => {
  it('of another model are refused', async () => {
    const directions = [{ name: 'strange', row: new Float32Array(7), weight: 1 }];
    await expect(run('a fish', { directions })).rejects.toMatchObject({ code: 'STEER_INVALID' });
  });
});

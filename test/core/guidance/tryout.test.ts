import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { ALL_VIEWS, freshViews, type Raw } from '../../../core/guidance/fresh-views.ts';
import { REGIONS } from '../../../core/guidance/prompt/regions.ts';
import type { Checkpoint } from '../../../core/guidance/protocol.ts';
import {
  beginningOf,
  type GuideEvent,
  parsePrompt,
  type ReadyDrawer,
  readyDrawer,
  strokes,
} from '../../../core/index.ts';
import { guidingWith, picture, recordOf, request } from '../../support/guiding.ts';
import { useEngine } from '../../support/services.ts';
import { strangeModel } from '../../support/with-models.ts';

const engine = useEngine({ model: strangeModel() });
const { run, tell } = guidingWith(engine);
const settings = { steps: 20, tryout: 0.25, renewals: 3, awake: 0.3, frameEvery: 10 };
const drawerOf = (seed: number): ReadyDrawer =>
  readyDrawer(strokes as never, { strokes: 20 } as never, seed, { preview: 64, output: 64 });
const drawer = drawerOf(1);
const beginnings = [2, 3].map((seed) => beginningOf(drawerOf(seed)));
const asked = (more: object = {}) => request(strokes as never, 'a heart', settings, { drawer, beginnings, ...more });
const triedOf = (events: readonly GuideEvent[]) => events.find((e) => e.type === 'tried');
const rawOf = (png: Uint8Array) => sharp(png).raw().toBuffer({ resolveWithObject: true });
const stepsOf = (events: readonly GuideEvent[]): number[] => events.flatMap((e) => (e.type === 'step' ? [e.step] : []));

describe('a run of several beginnings', () => {
  it('is held while a beginning is tried, goes on where it was, and hears then what it was asked meanwhile', async () => {
    const events: GuideEvent[] = [];
    let held = 0;
    const heard: Promise<unknown>[] = [];
    for await (const e of engine.guide(asked())) {
      events.push(e);
      if (e.type === 'trying' && e.beginning === 2 && e.step === 2) {
        await tell({ kind: 'pause' });
        heard.push(tell({ kind: 'change', change: { prompts: parsePrompt('a star') } }));
      }
      if (e.type === 'paused') {
        held = events.length;
        setTimeout(() => void tell({ kind: 'go' }), 300);
      }
    }
    await Promise.all(heard);
    // Nothing between being held and going on.
    expect(events[held]?.type).toBe('going');
    expect(recordOf(events)?.script).toMatchObject([{ step: 5 }]);
    const names = events.flatMap((e) => (e.type === 'step' ? [e.prompts.join()] : []));
    expect([names.at(-1), triedOf(events)?.scores.length]).toEqual(['a star', 3]);
  });
  it('tries each, and goes on with the one that is judged best as if it were the only one', async () => {
    const events = await run(asked());
    const trying = events.flatMap((e) => (e.type === 'trying' ? [[e.beginning, e.step]] : []));
    expect(trying).toEqual([1, 2, 3].flatMap((b) => [1, 2, 3, 4, 5].map((step) => [b, step])));
    const tried = triedOf(events);
    expect(tried?.scores).toHaveLength(3);
    expect(tried?.scores[tried.chosen]).toBe(Math.max(...(tried?.scores ?? [])));
    expect(stepsOf(events)).toEqual(Array.from({ length: 15 }, (_, i) => 6 + i));
    expect(recordOf(events)).toMatchObject({ steps: 20, tried: { chosen: tried?.chosen, scores: tried?.scores } });

    const alone = { ...drawer, parameters: drawerOf((tried?.chosen ?? 0) + 1).parameters };
    const only = await run(asked({ drawer: alone, beginnings: [] }));
    expect(Buffer.compare(picture(events), picture(only))).toBe(0);
  });
  it('is the same run again, from its checkpoint too, and says the same of itself', async () => {
    const checkpoints: Checkpoint[] = [];
    const once = await run(asked({ settings: { ...asked().settings, checkpointEvery: 10 } }), (e) => {
      if (e.type === 'checkpoint') checkpoints.push(e.checkpoint);
    });
    const [resume] = checkpoints;
    if (!resume) throw new Error('no checkpoint');
    const again = await run(asked({ resume, settings: { ...asked().settings, checkpointEvery: 10 } }));
    expect(triedOf(again)).toBeUndefined();
    expect(Buffer.compare(picture(again), picture(once))).toBe(0);
    expect(recordOf(again)?.tried).toEqual(recordOf(once)?.tried);
  });
  it('goes by the prompts of the one that goes on', async () => {
    const other = parsePrompt('the sea @left');
    const events = await run(asked({ beginnings: beginnings.map((b) => ({ ...b, prompts: other })) }));
    const tried = triedOf(events);
    const wanted = tried?.chosen === 0 ? ['a heart'] : ['the sea'];
    expect(tried?.prompts).toEqual(wanted);
    for (const e of events) if (e.type === 'step') expect(e.prompts).toEqual(wanted);
    expect(recordOf(events)?.script).toEqual([]);
  });
  it('ends while it tries when it is cancelled', async () => {
    const abort = new AbortController();
    let seen = 0;
    const running = run(
      asked({ settings: { ...asked().settings, steps: 4000 } }),
      (e) => {
        if (e.type === 'trying' && ++seen === 3) abort.abort();
      },
      abort.signal,
    );
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen).toBeLessThan(40);
  });
  it('goes back no further than to where it was chosen', async () => {
    let refused: unknown;
    await run(asked({ settings: { ...asked().settings, steps: 40 } }), (e) => {
      if (e.type === 'step' && e.step === 20)
        tell({ kind: 'rewind', step: 3 }).catch((thrown: unknown) => {
          refused = thrown;
        });
    });
    expect(refused).toMatchObject({ code: 'STEER_INVALID', message: expect.stringContaining('step 10') });
  });
  it('tries nothing past the first step at which something is to change', async () => {
    const script = [{ step: 2, change: { prompts: parsePrompt('a tree') } }];
    const events = await run(asked({ script }));
    expect(events.filter((e) => e.type === 'trying')).toHaveLength(6);
    expect(stepsOf(events)[0]).toBe(3);
  });
});

describe('fresh views', () => {
  const [width, height] = [120, 60];
  /** Red on the left, blue on the right. */
  const flag: Raw = {
    width,
    height,
    data: Uint8Array.from({ length: 3 * width * height }, (_, i) => {
      const isLeft = Math.floor(i / 3) % width < width / 2;
      return i % 3 === (isLeft ? 0 : 2) ? 255 : 0;
    }),
  };
  it('are squares of the canvas, each another', async () => {
    const grain: Raw = { ...flag, data: flag.data.map((_, i) => (i * i) % 251) };
    const views = await freshViews(grain, ALL_VIEWS);
    expect(new Set(views.map((v) => Buffer.from(v).toString('base64'))).size).toBe(ALL_VIEWS);
    for (const view of views) {
      const seen = await rawOf(view);
      expect([seen.info.width === seen.info.height, seen.info.height <= height]).toEqual([true, true]);
    }
  });
  it('of a region show nothing else', async () => {
    for (const [name, channel] of [
      ['left', 0],
      ['right', 2],
    ] as const)
      for (const view of await freshViews(flag, 4, REGIONS[name])) {
        const { data } = await rawOf(view);
        expect(
          data.every((v, i) => v === (i % 3 === channel ? 255 : 0)),
          name,
        ).toBe(true);
      }
  });
});

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Region, type Stats } from 'sharp';
import { describe, expect, it } from 'vitest';
import { trace, writeOnnx } from '../../../core/graph/index.ts';
import type { Command, LogEntry } from '../../../core/guidance/protocol.ts';
import {
  type Drawer,
  type GuideEvent,
  type GuideRequest,
  guidanceSettingsSchema,
  parsePrompt,
  pixels,
  type RunRecord,
  readyDrawer,
  strokes,
} from '../../../core/index.ts';
import { drawn, temporaryFolder } from '../../support/pictures.ts';
import { useEngine } from '../../support/services.ts';
import { expectSameAgain } from '../../support/wander.ts';

const engine = useEngine();
const request = (
  drawer: Drawer<never>,
  prompt: string,
  settings: object,
  more: Partial<GuideRequest> = {},
): GuideRequest => ({
  run: 'test',
  drawer: readyDrawer(drawer, {} as never, 1, { preview: 64, output: 96 }),
  prompts: parsePrompt(prompt),
  settings: guidanceSettingsSchema.parse({ steps: 12, crops: 2, ...settings }),
  losses: [],
  ...more,
});
async function run(
  r: GuideRequest,
  on: (e: GuideEvent) => void = () => undefined,
  signal?: AbortSignal,
): Promise<GuideEvent[]> {
  const events: GuideEvent[] = [];
  for await (const event of engine.guide(r, signal ? { signal } : {})) {
    events.push(event);
    on(event);
  }
  return events;
}
const cosines = (events: readonly GuideEvent[], slot = 0): number[] =>
  events.flatMap((e) => (e.type === 'step' ? [e.cosines[slot] ?? Number.NaN] : []));
const picture = (events: readonly GuideEvent[]): Uint8Array =>
  events.flatMap((e) => (e.type === 'picture' ? [e.bytes] : []))[0] ?? new Uint8Array();

describe('a run', () => {
  it('shows frames on its way and ends with a picture of the asked size', async () => {
    const events = await run(request(strokes as never, 'a red heart', { steps: 60, frameEvery: 20 }));
    expect(await sharp(picture(events)).metadata()).toMatchObject({ format: 'png', width: 96, height: 96 });
    expect(events.filter((e) => e.type === 'frame')).toHaveLength(2);
  });
});

const change = (prompt: string): Command => ({ kind: 'change', change: { prompts: parsePrompt(prompt) } });
const tell = (command: Command): Promise<void> => engine.steer({ run: 'test', command });
/** Sharp's own `stats` looks at the whole picture, whatever is cut out of it first. */
const statsOf = async (png: Uint8Array, box: Region): Promise<Stats> =>
  sharp(await sharp(png).extract(box).png().toBuffer()).stats();
const recordOf = (events: readonly GuideEvent[]): RunRecord | undefined =>
  events.flatMap((e) => (e.type === 'picture' ? [e.record] : []))[0];

describe('steering', () => {
  it('changes the prompt of the very next steps without compiling again', async () => {
    const events = await run(request(strokes as never, 'a red heart', { steps: 60, frameEvery: 0 }), (e) => {
      if (e.type === 'step' && e.step === 20) void tell(change('a green tree | a red heart:-0.3'));
    });
    expect(events.filter((e) => e.type === 'compiled')).toHaveLength(1);
    const counts = events.flatMap((e) => (e.type === 'step' ? [e.cosines.length] : []));
    expect([counts[0], counts.at(-1)]).toEqual([1, 2]);
    const scores = cosines(events);
    expect(scores.at(-1)).toBeGreaterThan(0.25);
    expect(recordOf(events)?.script).toMatchObject([{ change: { prompts: 'a green tree | a red heart:-0.3' } }]);
  });
  it('of a run that is not there is an error', async () => {
    await expect(engine.steer({ run: 'gone', command: change('a') })).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
  });
  it('with a pull that the run does not have is refused, and the run goes on', async () => {
    let refused: unknown;
    const events = await run(request(pixels as never, 'the sea', { steps: 12 }), (e) => {
      if (e.type === 'step' && e.step === 2)
        tell({ kind: 'change', change: { weights: { darkness: 3 } } }).catch((thrown: unknown) => {
          refused = thrown;
        });
    });
    expect(refused).toMatchObject({ code: 'STEER_INVALID' });
    expect(recordOf(events)).toMatchObject({ steps: 12, script: [] });
  });
  it('pauses, takes single steps, goes on and ends early', async () => {
    const seen: number[] = [];
    let paused = 0;
    const events = await run(request(pixels as never, 'the sea', { steps: 4000, frameEvery: 0 }), (e) => {
      if (e.type === 'step') seen.push(e.step);
      if (e.type === 'step' && e.step === 3) void tell({ kind: 'pause' });
      if (e.type === 'paused') {
        paused = e.step;
        void tell({ kind: 'step' })
          .then(() => tell({ kind: 'go' }))
          .then(() => tell({ kind: 'change', change: { finish: true } }));
      }
    });
    expect(paused).toBeGreaterThanOrEqual(3);
    expect(seen).toEqual(seen.map((_, i) => i + 1));
    expect(seen.length).toBeLessThan(2000);
    expect(recordOf(events)).toMatchObject({ steps: seen.length, script: [{ step: seen.length }] });
  });
  it('goes back to an earlier step, and what came later has no trace', async () => {
    const straight = picture(await run(request(strokes as never, 'a tree', { steps: 40 })));
    let once = false;
    const wandered = await run(request(strokes as never, 'a tree', { steps: 40 }), (e) => {
      if (e.type !== 'step' || once) return;
      if (e.step === 12) void tell(change('a fish'));
      if (e.step === 25) {
        once = true;
        void tell({ kind: 'rewind', step: 10 });
      }
    });
    expect(wandered.filter((e) => e.type === 'rewound')).toEqual([{ type: 'rewound', step: 10 }]);
    expect(Buffer.compare(picture(wandered), straight)).toBe(0);
  });
  it('goes back across a change of its drawer', async () => {
    const straight = picture(await run(request(strokes as never, 'a tree', { steps: 30 })));
    const fewer = readyDrawer(strokes, { strokes: 20 }, 1, { preview: 64, output: 96 });
    let once = false;
    const wandered = await run(request(strokes as never, 'a tree', { steps: 30 }), (e) => {
      if (e.type !== 'step' || once) return;
      if (e.step === 10) void tell({ kind: 'change', change: { drawer: fewer } });
      if (e.step === 20) {
        once = true;
        void tell({ kind: 'rewind', step: 6 });
      }
    });
    expect(wandered.filter((e) => e.type === 'compiled-again')).toHaveLength(1);
    expect(Buffer.compare(picture(wandered), straight)).toBe(0);
  });
  it('to another drawer or a canvas of another shape is refused, and the run goes on', async () => {
    const refused: unknown[] = [];
    const keep = (thrown: unknown): void => void refused.push(thrown);
    const events = await run(request(strokes as never, 'the sea', { steps: 12 }), (e) => {
      if (e.type !== 'step' || e.step !== 2) return;
      const sizes = { preview: 64, output: 96 };
      tell({ kind: 'change', change: { drawer: readyDrawer(pixels, {}, 1, sizes) } }).catch(keep);
      tell({ kind: 'change', change: { drawer: readyDrawer(strokes, {}, 1, { ...sizes, aspect: 2 }) } }).catch(keep);
      tell({ kind: 'change', change: { settings: { rotation: 10 } } }).catch(keep);
    });
    expect(refused).toMatchObject([{ code: 'STEER_INVALID' }, { code: 'STEER_INVALID' }, { code: 'STEER_INVALID' }]);
    expect(recordOf(events)).toMatchObject({ steps: 12, script: [] });
  });
  it('keeps what is locked as it was', async () => {
    const left = await sharp({ create: { width: 48, height: 96, channels: 3, background: '#fff' } })
      .extend({ right: 48, background: '#000' })
      .png()
      .toBuffer();
    const lock = { bytes: new Uint8Array(left), name: 'left half' };
    /** Mean difference of the halves between the run's picture at step 40 and at its end. */
    const moved = async (script: LogEntry[]): Promise<[number, number]> => {
      const r = request(pixels as never, 'a red heart', { crops: 4, frameEvery: 0 });
      const at = async (steps: number, more: LogEntry[]): Promise<Buffer> => {
        const end: LogEntry[] = steps < 100 ? [{ step: steps, change: { finish: true } }] : [];
        const settings = guidanceSettingsSchema.parse({ ...r.settings, steps: 100 });
        return sharp(picture(await run({ ...r, settings, script: [...more, ...end] })))
          .raw()
          .toBuffer();
      };
      const [before, after] = [await at(40, []), await at(100, script)];
      let sums: [number, number] = [0, 0];
      before.forEach((v, i) => {
        const apart = Math.abs(v - (after[i] ?? 0)) / (before.length / 2);
        sums = Math.floor(i / 3) % 96 < 48 ? [sums[0] + apart, sums[1]] : [sums[0], sums[1] + apart];
      });
      return sums;
    };
    const change = { step: 40, change: { prompts: parsePrompt('a green tree') } };
    const [lockedLeft, freeRight] = await moved([change, { step: 40, change: { lock } }]);
    const [freeLeft] = await moved([change]);
    expect(lockedLeft).toBeLessThan(0.5 * freeLeft);
    expect(freeRight).toBeGreaterThan(lockedLeft);
  });
  it('to a style in a run without one is refused, and what is asked next is not', async () => {
    const style = join(await temporaryFolder(), 'ink.png');
    await sharp(await drawn('star', 'black')).toFile(style);
    const answers: unknown[] = [];
    const asked = (prompt: string): Promise<unknown> => tell(change(prompt)).catch((thrown: unknown) => thrown);
    const events = await run(request(strokes as never, 'a fish', { steps: 120, frameEvery: 0 }), (e) => {
      if (e.type === 'step' && e.step === 3) answers.push(asked(`a fish | [style:${style}]:3`));
      if (e.type === 'step' && e.step === 12) answers.push(asked('a green tree'));
    });
    expect(await Promise.all(answers)).toEqual([expect.objectContaining({ code: 'STEER_INVALID' }), undefined]);
    expect(recordOf(events)?.script).toMatchObject([{ change: { prompts: 'a green tree' } }]);
  });
  it('back where what was changed is gone from the disk is refused, and the run goes on as it was', async () => {
    const paint = join(await temporaryFolder(), 'paint.png');
    await sharp(await drawn('square', 'blue')).toFile(paint);
    let [painted, answer]: [Promise<void> | undefined, unknown] = [undefined, undefined];
    const events = await run(request(strokes as never, 'a fish', { steps: 120, frameEvery: 0 }), (e) => {
      if (e.type !== 'step') return;
      if (e.step === 3) painted = tell({ kind: 'change', change: { paint: { path: paint } } });
      if (e.step === 80)
        answer = painted
          ?.then(() => rm(paint))
          .then(() => tell({ kind: 'rewind', step: 60 }))
          .catch((thrown: unknown) => thrown);
    });
    expect(await answer).toMatchObject({ code: 'PICTURE_UNREADABLE' });
    expect(events.some((e) => e.type === 'rewound')).toBe(false);
    expect(events.flatMap((e) => (e.type === 'step' ? [e.step] : []))).toEqual(
      Array.from({ length: 120 }, (_, i) => i + 1),
    );
    expect(recordOf(events)).toMatchObject({ steps: 120, script: [{ change: { paint: true } }] });
  });
  it('while a picture is taken over outlasts it, live and given again', async () => {
    const paint = { bytes: await drawn('square', 'blue'), name: 'start' };
    const plan: LogEntry[] = [
      { step: 0, change: { prompts: [], paint } },
      { step: 60, change: { prompts: parsePrompt('a fish'), paint: null } },
    ];
    const begun = request(strokes as never, 'a fish', { steps: 120, frameEvery: 0 }, { plan });
    const live = await run(begun, (e) => {
      if (e.type === 'step' && e.step === 5) void tell(change('a green tree'));
    });
    const names = live.flatMap((e) => (e.type === 'step' ? [e.prompts.join()] : []));
    expect([names[0], names[59], names[61], names.at(-1)]).toEqual([
      '',
      'a green tree',
      'a green tree',
      'a green tree',
    ]);
    const [{ step } = { step: Number.NaN }] = recordOf(live)?.script ?? [];
    const script = [{ step, change: { prompts: parsePrompt('a green tree') } }];
    expect(Buffer.compare(picture(live), picture(await run({ ...begun, script })))).toBe(0);
  });
  it('pulls the drawing towards what is painted', async () => {
    const paint = { bytes: new Uint8Array(await drawn('square', 'blue')), name: 'painted' };
    const painted = await run(request(pixels as never, 'a red heart', { steps: 60 }), (e) => {
      if (e.type === 'step' && e.step === 10) void tell({ kind: 'change', change: { paint } });
    });
    const blue = async (png: Uint8Array): Promise<number> => {
      const [r, , b] = (await statsOf(png, { left: 40, top: 40, width: 16, height: 16 })).channels;
      return (b?.mean ?? 0) - (r?.mean ?? 0);
    };
    expect(await blue(picture(painted))).toBeGreaterThan(60);
  });
});

describe('a run that is given again', () => {
  it.each([
    ['strokes', 'adam', strokes],
    ['strokes', 'evolution', strokes],
    ['pixels', 'adam', pixels],
  ] as const)('after twenty random changes gives the same bytes: %s, %s', async (_id, optimiser, drawer) => {
    await expectSameAgain(engine, drawer as never, optimiser);
  });
  it('from any of its checkpoints gives the same bytes, with shapes that come later, a locked part and another drawer', async () => {
    const kept = { bytes: new Uint8Array(await drawn('circle', 'white', 'black')), name: 'kept' };
    const more = readyDrawer(strokes, { strokes: 100 }, 1, { preview: 64, output: 96 });
    const script: LogEntry[] = [
      { step: 6, change: { lock: kept } },
      { step: 15, change: { drawer: more } },
      { step: 24, change: { lock: null } },
    ];
    const r = request(
      strokes as never,
      'a mushroom',
      { steps: 36, checkpointEvery: 5, renewals: 4, awake: 0.3, tidy: 0.02 },
      { script },
    );
    const events = await run(r);
    expect(events.filter((e) => e.type === 'compiled-again')).toEqual([{ type: 'compiled-again', step: 15 }]);
    for (const { checkpoint, script: log } of events.flatMap((e) => (e.type === 'checkpoint' ? [e] : []))) {
      const rest = await run({
        ...r,
        resume: checkpoint,
        script: [...log, ...script.filter((e) => e.step >= checkpoint.step)],
      });
      expect(Buffer.compare(picture(rest), picture(events)), `from step ${checkpoint.step}`).toBe(0);
    }
  });
  it('from any of its checkpoints gives the same bytes', async () => {
    const r = request(strokes as never, 'a mushroom', {
      steps: 30,
      checkpointEvery: 7,
      patience: 25,
      optimiser: 'lion',
    });
    const events = await run(r);
    const checkpoints = events.flatMap((e) => (e.type === 'checkpoint' ? [e] : []));
    expect(checkpoints.map((c) => c.checkpoint.step)).toEqual([7, 14, 21, 28]);
    for (const { checkpoint, script } of checkpoints) {
      const rest = await run({ ...r, resume: checkpoint, script: [...script] });
      expect(Buffer.compare(picture(rest), picture(events))).toBe(0);
    }
  });
  it('is refused from the checkpoint of another drawing', async () => {
    const resume = { step: 3, values: { points: new Float32Array(7) } };
    await expect(run({ ...request(strokes as never, 'a', {}), resume })).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
    });
  });
});

describe('prompts', () => {
  it('bound to a region shape that region', async () => {
    /** How much redder than green the left half is. */
    const redness = async (prompt: string): Promise<number> => {
      const png = picture(await run(request(strokes as never, prompt, { steps: 120, crops: 4, frameEvery: 0 })));
      const [r, g] = (await statsOf(png, { left: 4, top: 4, width: 40, height: 88 })).channels;
      return (r?.mean ?? 0) - (g?.mean ?? 0);
    };
    const [there, elsewhere] = [
      await redness('a red heart @left | a green tree @right'),
      await redness('a green tree @left | a red heart @right'),
    ];
    expect(there).toBeGreaterThan(elsewhere + 5);
  });
  it('that change over the run end at the last of their targets', async () => {
    const events = await run(request(strokes as never, 'a red heart -> a green tree', { steps: 80, frameEvery: 0 }));
    const bytes = picture(events);
    const [table = []] = await engine.similarity([{ bytes, name: 'end' }], ['a red heart', 'a green tree']);
    expect(table[1]).toBeGreaterThan(table[0] ?? 1);
  });
  it('bound to a mask look only at what is bright in it', async () => {
    const folder = await temporaryFolder();
    const [left, right] = [join(folder, 'left.png'), join(folder, 'right.png')];
    const white = () => sharp({ create: { width: 48, height: 96, channels: 3, background: '#fff' } });
    await white().extend({ right: 48, background: '#000' }).png().toFile(left);
    await white().extend({ left: 48, background: '#000' }).png().toFile(right);
    const prompt = `a red heart @[mask:${left}] | a green tree @[mask:${right}]`;
    const png = picture(await run(request(strokes as never, prompt, { steps: 200, crops: 6, frameEvery: 0 })));
    /** How much redder than green a half is. */
    const redness = async (from: number): Promise<number> => {
      const [r, g] = (await statsOf(png, { left: from, top: 8, width: 40, height: 80 })).channels;
      return (r?.mean ?? 0) - (g?.mean ?? 0);
    };
    expect(await redness(4)).toBeGreaterThan((await redness(52)) + 20);
    const wide = join(folder, 'wide.png');
    await sharp({ create: { width: 96, height: 30, channels: 3, background: '#fff' } })
      .png()
      .toFile(wide);
    await expect(run(request(strokes as never, `a fish @[mask:${wide}]`, {}))).rejects.toMatchObject({
      code: 'MASK_INVALID',
      message: expect.stringContaining('96 x 30'),
    });
  });
  it('bound to a part of the run pull only then', async () => {
    const scores = cosines(
      await run(
        request(strokes as never, 'a red heart @0%-50% | a green tree @50%-100%', { steps: 120, frameEvery: 0 }),
      ),
    );
    const mean = (from: number): number => scores.slice(from, from + 8).reduce((a, b) => a + b) / 8;
    expect(mean(52)).toBeGreaterThan(mean(0) + 0.1);
    expect(mean(112)).toBeLessThan(mean(52) - 0.05);
  });
  it('stop pulling at their distance', async () => {
    const end = async (stop: string): Promise<number> =>
      cosines(await run(request(pixels as never, `a red heart:1:${stop}`, { steps: 60, frameEvery: 0 })))
        .slice(-10)
        .reduce((a, b) => a + b) / 10;
    expect(await end('0.9')).toBeLessThan((await end('0')) - 0.03);
  });
});

describe('optimisers', () => {
  it.each(['adam', 'adamw', 'lion', 'plain'] as const)('%s comes closer to the prompt', async (optimiser) => {
    const scores = cosines(
      await run(request(strokes as never, 'a red heart', { steps: 60, optimiser, frameEvery: 0 })),
    );
    const mean = (from: number): number => scores.slice(from, from + 8).reduce((a, b) => a + b) / 8;
    expect(mean(52)).toBeGreaterThan(mean(0) + 0.08);
  });
  it('end early when nothing is gained any more', async () => {
    const events = await run(
      request(strokes as never, 'a tree', { steps: 4000, rate: 0.001, patience: 20, frameEvery: 0 }),
    );
    expect(recordOf(events)?.steps).toBeLessThan(1000);
    expect(recordOf(events)?.script.at(-1)).toMatchObject({ change: { control: 'finish' } });
  });
});

describe('the loop', () => {
  it('ends at the next step when it is cancelled', async () => {
    const abort = new AbortController();
    let steps = 0;
    const running = run(
      request(strokes as never, 'a fish', { steps: 5000 }),
      (e) => {
        if (e.type === 'step' && ++steps === 3) abort.abort();
      },
      abort.signal,
    );
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(steps).toBeLessThan(20);
  });
  it('takes a loss of the caller as a graph', async () => {
    // Pulls the whole canvas to black.
    const graph = writeOnnx(trace('darkness', (t) => ({ loss: t.input('picture', [1, 3, 64, 64]).mean() })));
    const dark = picture(
      await run(
        request(pixels as never, 'the sea', { steps: 40 }, { losses: [{ name: 'darkness', graph, weight: 200 }] }),
      ),
    );
    const plain = picture(await run(request(pixels as never, 'the sea', { steps: 40 })));
    const brightness = async (png: Uint8Array) => (await sharp(png).greyscale().stats()).channels[0]?.mean ?? 255;
    expect(await brightness(dark)).toBeLessThan((await brightness(plain)) - 30);
  });
  it('refuses a drawer that is no drawing, with a code', async () => {
    const r = request(strokes as never, 'a', {});
    const graph = writeOnnx(trace('not a drawing', (t) => ({ colour: t.input('points', [80, 3, 2]) })));
    await expect(run({ ...r, drawer: { ...r.drawer, canvas: graph } })).rejects.toMatchObject({
      code: expect.stringMatching(/^GRAPH_/),
    });
    await expect(run({ ...r, drawer: { ...r.drawer, canvas: new Uint8Array([1, 2, 3]) } })).rejects.toMatchObject({
      code: 'ONNX_UNREADABLE',
    });
  });
  it('takes a picture as a prompt', async () => {
    const heart = { bytes: new Uint8Array(await drawn('heart', 'red')), name: 'heart' };
    const scores = cosines(
      await run(
        request(strokes as never, 'a', { steps: 50 }, { prompts: [{ targets: [[{ picture: heart }]], weight: 1 }] }),
      ),
    );
    expect(scores.at(-1)).toBeGreaterThan((scores[0] ?? 1) + 0.1);
  });
});

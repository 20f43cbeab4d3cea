import sharp from 'sharp';
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
import { seeded } from '../../../core/random.ts';
import { drawn } from '../../support/pictures.ts';
import { useEngine } from '../../support/services.ts';

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
  it('pulls the drawing towards what is painted', async () => {
    const paint = { bytes: new Uint8Array(await drawn('square', 'blue')), name: 'painted' };
    const painted = await run(request(pixels as never, 'a red heart', { steps: 60 }), (e) => {
      if (e.type === 'step' && e.step === 10) void tell({ kind: 'change', change: { paint } });
    });
    const blue = async (png: Uint8Array): Promise<number> => {
      const [r, , b] = (await sharp(png).extract({ left: 40, top: 40, width: 16, height: 16 }).stats()).channels;
      return (b?.mean ?? 0) - (r?.mean ?? 0);
    };
    expect(await blue(picture(painted))).toBeGreaterThan(60);
  });
});

describe('a run that is given again', () => {
  /** Steering at random steps, all by the clock of the steps. */
  const wander = (seed: number, count: number, steps: number): ReadonlyMap<number, Command> => {
    const random = seeded(seed);
    const words = ['a fish', 'a house:2 | blurry:-1', 'the sun @left', 'a tree -> a flower', 'a cat + a dog'];
    return new Map(
      Array.from({ length: count }, () => {
        const step = 1 + Math.floor(random() * (steps - 2));
        const kind = random();
        if (kind < 0.5) return [step, change(words[Math.floor(random() * words.length)] ?? 'a star')];
        return [
          step,
          {
            kind: 'change',
            change: { settings: { rate: 0.5 + random(), contrast: 2 * random(), flip: 0.5 * random() } },
          },
        ];
      }),
    );
  };
  it.each([
    ['strokes', strokes],
    ['pixels', pixels],
  ] as const)('with twenty random changes gives the same bytes: %s', async (_, drawer) => {
    const commands = wander(7, 30, 120);
    expect(commands.size).toBeGreaterThanOrEqual(20);
    const log: LogEntry[] = [];
    const r = request(drawer as never, 'a red heart', { steps: 120, frameEvery: 7, checkpointEvery: 1 });
    const first = await run(r, (e) => {
      if (e.type === 'checkpoint') log.splice(0, log.length, ...e.script);
      const command = e.type === 'step' ? commands.get(e.step) : undefined;
      if (command) void tell(command);
    });
    expect(log.length).toBe(commands.size);
    const again = await run({
      ...r,
      settings: guidanceSettingsSchema.parse({ ...r.settings, frameEvery: 0 }),
      script: log,
    });
    expect(Buffer.compare(picture(again), picture(first))).toBe(0);
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
      const [r, g] = (await sharp(png).extract({ left: 4, top: 4, width: 40, height: 88 }).stats()).channels;
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

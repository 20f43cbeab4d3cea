import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ClipModel } from '../../../core/clip/model.ts';
import { trace, writeOnnx } from '../../../core/graph/index.ts';
import type { Eye } from '../../../core/guidance/looker.ts';
import { guide } from '../../../core/guidance/loop.ts';
import { guideRequestSchema } from '../../../core/guidance/protocol.ts';
import { Workbench } from '../../../core/guidance/workbench.ts';
import { pixels, readyDrawer, strokes } from '../../../core/index.ts';
import { Inbox } from '../../../core/process/inbox.ts';
import { change, cosines, guidingWith, picture, recordOf, request, statsOf } from '../../support/guiding.ts';
import { drawn, temporaryFolder } from '../../support/pictures.ts';
import { useEngine } from '../../support/services.ts';
import { strangeModel } from '../../support/with-models.ts';

const engine = useEngine();
/** By the own model, where what is drawn matters. */
const guided = guidingWith(engine).run;
// By a small one, where it does not.
const small = useEngine({ model: strangeModel() });
const { run, tell } = guidingWith(small);

describe('a run', () => {
  it('shows frames on its way and ends with a picture of the asked size', async () => {
    const events = await run(request(strokes as never, 'a red heart', { steps: 24, frameEvery: 8 }));
    expect(await sharp(picture(events)).metadata()).toMatchObject({ format: 'png', width: 96, height: 96 });
    expect(events.flatMap((e) => (e.type === 'frame' ? [e.step] : []))).toEqual([8, 16, 24]);
  });
});

describe('steering', () => {
  it('changes the prompt of the very next steps without compiling again', async () => {
    const events = await guided(request(strokes as never, 'a red heart', { steps: 100, frameEvery: 0 }), (e) => {
      if (e.type === 'step' && e.step === 20)
        void engine.steer({ run: 'test', command: change('a green tree | a red heart:-0.3') });
    });
    expect(events.filter((e) => e.type === 'compiled')).toHaveLength(1);
    const counts = events.flatMap((e) => (e.type === 'step' ? [e.cosines.length] : []));
    expect([counts[0], counts.at(-1)]).toEqual([1, 2]);
    const scores = cosines(events).slice(counts.indexOf(2));
    expect(scores.at(-1)).toBeGreaterThan((scores[0] ?? 1) + 0.05);
    expect(recordOf(events)?.script).toMatchObject([{ change: { prompts: 'a green tree | a red heart:-0.3' } }]);
  });
  it('may be waited for by who reads the run', async () => {
    const asked: number[] = [];
    for await (const event of small.guide(
      request(strokes as never, 'a red heart', { steps: 60, frameEvery: 1 }, { run: 'read' }),
    )) {
      if (event.type !== 'step' || event.step > 3) continue;
      asked.push(event.step);
      await small.steer({ run: 'read', command: change(`a green tree:${event.step}`) });
    }
    expect(asked).toEqual([1, 2, 3]);
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
    expect(await answer).toMatchObject({ code: 'PICTURE_OUT_OF_REACH' });
    expect(events.some((e) => e.type === 'rewound')).toBe(false);
    expect(events.flatMap((e) => (e.type === 'step' ? [e.step] : []))).toEqual(
      Array.from({ length: 120 }, (_, i) => i + 1),
    );
    expect(recordOf(events)).toMatchObject({ steps: 120, script: [{ change: { paint: true } }] });
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
  it('gives back what it had taken when its checkpoint does not fit', async () => {
    const released = vi.spyOn(Workbench.prototype, 'release');
    onTestFinished(() => released.mockRestore());
    const model = await ClipModel.open(strangeModel(), { threads: 1 });
    onTestFinished(() => model.close());
    const none = async (): Promise<never> => Promise.reject(new Error('no pictures here'));
    const eye: Eye = { model, embedPicture: none, stylePicture: none, everyday: none, guiding: async () => eye };
    const resume = { step: 3, values: { points: new Float32Array(7) } };
    const asked = guideRequestSchema.parse({ ...request(strokes as never, 'a', {}), resume });
    const signal = new AbortController().signal;
    const run = guide(asked, { eye, open: none, threads: 1, signal, inbox: new Inbox() });
    await expect(run.next()).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    expect(released).toHaveBeenCalledTimes(1);
  });
});

describe('prompts', () => {
  it('that change over the run end at the last of their targets', async () => {
    const wish = request(strokes as never, 'a red heart -> a blue fish', { steps: 160, frameEvery: 40 });
    const events = await guided(wish);
    const [early] = events.flatMap((e) => (e.type === 'frame' ? [e.bytes] : []));
    /** How much more of a fish than of a heart it is. */
    const leaning = async (bytes: Uint8Array = new Uint8Array()): Promise<number> => {
      const [[heart = 0, fish = 0] = []] = await engine.similarity(
        [{ bytes, name: 'a drawing' }],
        ['a red heart', 'a blue fish'],
      );
      return fish - heart;
    };
    expect(await leaning(early)).toBeLessThan(-0.1);
    expect(await leaning(picture(events))).toBeGreaterThan(0.05);
  });
});

describe('a mask', () => {
  it('of another shape than the canvas is refused', async () => {
    const wide = join(await temporaryFolder(), 'wide.png');
    await sharp({ create: { width: 96, height: 30, channels: 3, background: '#fff' } })
      .png()
      .toFile(wide);
    await expect(run(request(strokes as never, `a fish @[mask:${wide}]`, {}))).rejects.toMatchObject({
      code: 'MASK_INVALID',
      message: expect.stringContaining('96 x 30'),
    });
  });
});

describe('optimisers', () => {
  it.each(['adam', 'adamw', 'lion', 'plain'] as const)('%s comes closer to the prompt', async (optimiser) => {
    const scores = cosines(
      await run(request(strokes as never, 'a red heart', { steps: 60, optimiser, frameEvery: 0 })),
    );
    const mean = (from: number): number => scores.slice(from, from + 8).reduce((a, b) => a + b) / 8;
    expect(mean(52)).toBeGreaterThan(mean(0) + 0.02);
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
    // Pulls the whole canvas to white.
    const graph = writeOnnx(trace('lightness', (t) => ({ loss: t.input('picture', [1, 3, 64, 64]).mean().neg() })));
    const light = picture(
      await run(
        request(pixels as never, 'the sea', { steps: 40 }, { losses: [{ name: 'lightness', graph, weight: 200 }] }),
      ),
    );
    const plain = picture(await run(request(pixels as never, 'the sea', { steps: 40 })));
    const brightness = async (png: Uint8Array) => (await sharp(png).greyscale().stats()).channels[0]?.mean ?? 0;
    expect(await brightness(light)).toBeGreaterThan((await brightness(plain)) + 30);
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

/** Parts of guidance that meet in one run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { EMBEDDED } from '../../../core/clip/folder.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { float32, floatsOf } from '../../../core/graph/session.ts';
import { turnOf } from '../../../core/guidance/crops.ts';
import { Growth } from '../../../core/guidance/growth.ts';
import { boxedPlace } from '../../../core/guidance/place.ts';
import { saysHowMany, wordsOf } from '../../../core/guidance/stock.ts';
import {
  begunAs,
  canvasExtent,
  type GuideEvent,
  guidanceSettingsSchema,
  loadRegistry,
  parsePulls,
  pixels,
  plotter,
  readyDrawer,
  runPlugin,
  strokes,
} from '../../../core/index.ts';
import { change, cosines, guidingWith, picture, recordOf, request } from '../../support/guiding.ts';
import { drawn, temporaryFolder } from '../../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../../support/services.ts';
import { strangeModel } from '../../support/with-models.ts';

const engine = useEngine({ model: strangeModel() });
const { run, tell } = guidingWith(engine);
/** By the own model. */
const guidedByOwn = guidingWith(useEngine()).run;
const registry = await loadRegistry();
const sizes = { preview: 64, output: 64 };
const raw = (bytes: Uint8Array): Promise<Buffer> => sharp(bytes).removeAlpha().raw().toBuffer();
const apart = async (a: Uint8Array, b: Uint8Array): Promise<number> => {
  const [one, other] = await Promise.all([raw(a), raw(b)]);
  return one.reduce((sum, v, i) => sum + Math.abs(v - (other[i] ?? 0)), 0) / one.length;
};
const frames = (events: readonly GuideEvent[]): ReadonlyMap<number, Uint8Array> =>
  new Map(events.flatMap((e) => (e.type === 'frame' ? [[e.step, e.bytes] as const] : [])));

describe('pulls', () => {
  it('of the help, two at once, are one run, and the same run again', async () => {
    const extent = canvasExtent(pixels, sizes);
    const helpers = {
      engine,
      signal: new AbortController().signal,
      read: async () => new Uint8Array(),
      pictures: async () => [],
    };
    const { losses } = await parsePulls('symmetry:2 | smooth:0.5', extent, helpers);
    const once = async (): Promise<Uint8Array> =>
      picture(await run(request(pixels as never, 'the sea', { steps: 6 }, { losses })));
    const [first, again] = [await once(), await once()];
    expect(await sharp(first).metadata()).toMatchObject({ width: 96 });
    expect(Buffer.compare(first, again)).toBe(0);
  });
});

describe('shapes', () => {
  it('that the gradient has woken stay where they have come to when others are put', () => {
    const drawer = readyDrawer(strokes, { strokes: 10 }, 1, sizes);
    const settings = guidanceSettingsSchema.parse({ steps: 40, renewals: 1, awake: 0.5 });
    const growth = new Growth(drawer, drawer.shapes as never, settings);
    const initial = new Map(drawer.parameters.map((p) => [p.name, float32(p.start, p.shape)]));
    const state = growth.begin(initial);
    const presence = floatsOf(state.get('opacity')).slice();
    expect([...presence.subarray(0, 5)]).toEqual([-5, -5, -5, -5, -5]);
    presence[0] = -1;
    state.set('opacity', float32(presence, [10, 1]));
    const canvas = canvasExtent(strokes, sizes);
    const blame = new Float32Array(3 * canvas.height * canvas.width).fill(0.1);
    const renewed = growth.renewed(14, state, blame, canvas, () => 0.9);
    const row = (s: typeof state, k: number): number[] => [...floatsOf(s.get('points')).subarray(6 * k, 6 * k + 6)];
    expect(row(renewed as typeof state, 0)).toEqual(row(state, 0));
    expect(row(renewed as typeof state, 1)).not.toEqual(row(state, 1));
  });
  it('that are added while it is drawn cover nothing of what is there', async () => {
    const more = readyDrawer(strokes, { strokes: 200 }, 1, { preview: 64, output: 96 });
    const events = await run(request(strokes as never, 'a fish', { steps: 16, frameEvery: 1 }), (e) => {
      if (e.type === 'step' && e.step === 8) void tell({ kind: 'change', change: { drawer: more } });
    });
    expect(events.some((e) => e.type === 'compiled-again')).toBe(true);
    const shown = frames(events);
    const steps = Array.from({ length: 14 }, (_, i) => i + 1);
    const moves = await Promise.all(
      steps.map((s) => apart(shown.get(s) ?? new Uint8Array(), shown.get(s + 1) ?? new Uint8Array())),
    );
    expect(Math.max(...moves.slice(7))).toBeLessThan(3 * Math.max(...moves.slice(0, 7)));
  });
});

describe('a run that ends early', () => {
  it('is the picture that its last frame showed', async () => {
    const r = request(strokes as never, 'a red heart', { steps: 400, frameEvery: 2 });
    const small = { ...r, drawer: readyDrawer(strokes, {}, 1, sizes) };
    const events = await run(small, (e) => {
      if (e.type === 'step' && e.step === 20) void tell({ kind: 'change', change: { finish: true } });
    });
    const steps = recordOf(events)?.steps ?? 0;
    expect(steps).toBeLessThan(40);
    const shown = frames(events);
    const last = shown.get(Math.max(...shown.keys())) ?? new Uint8Array();
    expect(Math.max(...shown.keys())).toBeGreaterThanOrEqual(steps - 2);
    expect(await apart(picture(events), last)).toBeLessThan(6);
  });
});

describe('prompts', () => {
  it('of more places than there are crops are looked at in turn', () => {
    const turns = Array.from({ length: 6 }, (_, step) =>
      [0, 1].map((crop) => turnOf(crop, 5, { crops: 2, step })),
    ).flat();
    expect(new Set(turns)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect([0, 1, 2].map((crop) => turnOf(crop, 2, { crops: 3, step: 7 }))).toEqual([0, 1, 0]);
  });
  it('bound to a half see nothing of the other', () => {
    const { mask } = boxedPlace({ height: 10, width: 100 }, { left: 0, top: 0, right: 0.5, bottom: 1 });
    expect([mask[0], mask[49], mask[56], mask[99]]).toEqual([1, 1, 0, 0]);
  });
  it('are not told apart from what they name, in whatever number', () => {
    const words = wordsOf(['Two cats beside the berries', 'a traffic light']);
    for (const name of ['cat', 'berry', 'traffic light']) expect(words.has(name), name).toBe(true);
    expect([saysHowMany('two cats'), saysHowMany('a flock of birds'), saysHowMany('a cat')]).toEqual([
      true,
      true,
      false,
    ]);
  });
  it('whose time has not come leave the drawing as it is', async () => {
    const r = request(strokes as never, 'a cat @50%-100%', { steps: 20, checkpointEvery: 9, frameEvery: 0 });
    const [early, late] = (await run(r)).flatMap((e) => (e.type === 'checkpoint' ? [e.checkpoint.values] : []));
    for (const { name, start } of r.drawer.parameters) {
      expect([...(early?.[name] ?? [])], name).toEqual([...start]);
      expect([...(late?.[name] ?? [])], name).not.toEqual([...start]);
    }
  });
  it('that are changed begin a new count of steps without a gain', async () => {
    const r = request(strokes as never, 'a tree', { steps: 400, rate: 0.001, patience: 30, frameEvery: 0 });
    const events = await run(r, (e) => {
      if (e.type === 'step' && e.step === 25) void tell(change('a fish'));
    });
    const [changed] = recordOf(events)?.script ?? [];
    expect((recordOf(events)?.steps ?? 0) - (changed?.step ?? 400)).toBeGreaterThanOrEqual(30);
  });
});

describe('steering', () => {
  it('to a setting that cannot change, or that there is none of, is refused by name', async () => {
    const refused: unknown[] = [];
    await run(request(pixels as never, 'the sea', { steps: 12 }), (e) => {
      if (e.type !== 'step' || e.step !== 2) return;
      for (const settings of [{ crops: 3 }, { boldness: 2 }])
        tell({ kind: 'change', change: { settings } as never }).catch((thrown: unknown) => refused.push(thrown));
    });
    expect(refused).toMatchObject([
      { message: expect.stringContaining('crops') },
      { message: expect.stringContaining('boldness') },
    ]);
  });
  it('that lets a run go keeps no steps for the next pause', async () => {
    const paused: number[] = [];
    const seen: number[] = [];
    await run(request(pixels as never, 'the sea', { steps: 4000, frameEvery: 0 }), (e) => {
      if (e.type === 'step') seen.push(e.step);
      if (e.type === 'step' && e.step === 3) void tell({ kind: 'pause' });
      if (e.type !== 'paused') return;
      paused.push(e.step);
      if (paused.length > 1) void tell({ kind: 'change', change: { finish: true } });
      else
        void Promise.all([
          tell({ kind: 'step' }),
          tell({ kind: 'step' }),
          tell({ kind: 'go' }),
          tell({ kind: 'pause' }),
        ]);
    });
    expect(paused).toHaveLength(2);
    expect(seen.at(-1)).toBe(paused[1]);
  });
  it('back to before where it was taken up is refused, and the run goes on', async () => {
    const r = request(strokes as never, 'a tree', { steps: 12, checkpointEvery: 6 });
    const [kept] = (await run(r)).flatMap((e) => (e.type === 'checkpoint' ? [e.checkpoint] : []));
    if (!kept) throw new Error('no checkpoint');
    let refused: unknown;
    const events = await run({ ...r, resume: kept }, (e) => {
      if (e.type === 'step' && e.step === 8)
        tell({ kind: 'rewind', step: 3 }).catch((thrown: unknown) => {
          refused = thrown;
        });
    });
    expect(refused).toMatchObject({ code: 'STEER_INVALID', message: expect.stringContaining('step 6') });
    expect(events.some((e) => e.type === 'rewound')).toBe(false);
    expect(recordOf(events)?.steps).toBe(12);
  });
  it('of one of two runs of the same prompt and seed is of that one alone', async () => {
    const guide = registry.find('guide');
    const asked = { prompt: 'a red heart', steps: 30, size: 64, crops: 2, tries: 1 };
    const scriptOf = async (prompt?: string): Promise<unknown> => {
      const live = runPlugin(guide, asked, servicesOf(engine));
      let script: unknown;
      for await (const event of live.events) {
        if (prompt && event.type === 'progress' && event.done === 5) await live.steer({ prompt });
        if (event.type === 'picture') script = event.record?.['script'];
      }
      return script;
    };
    const [steered, other] = await Promise.all([scriptOf('a green tree'), scriptOf()]);
    expect(steered).toHaveLength(1);
    expect(other).toEqual([]);
  });
});

describe('a run that is held', () => {
  it('is not held against the seconds after which it is to end', async () => {
    const events = await run(request(pixels as never, 'the sea', { steps: 4000, seconds: 1.5, frameEvery: 0 }), (e) => {
      if (e.type === 'step' && e.step === 2) void tell({ kind: 'pause' });
      if (e.type === 'paused') setTimeout(() => void tell({ kind: 'go' }), 2500);
    });
    expect(recordOf(events)?.steps).toBeGreaterThan(5);
  });
});

describe('a judge', () => {
  it('says what it makes of the finished drawing, on canvases of any shape and with masks', async () => {
    const folder = await temporaryFolder();
    const mask = join(folder, 'wide.png');
    await sharp({ create: { width: 96, height: 48, channels: 3, background: '#fff' } })
      .png()
      .toFile(mask);
    const prompt = `a fish @[mask:${mask}]`;
    const parameters = { prompt, steps: 5, size: 64, aspect: '2:1', crops: 2, tidy: 0, judge: 'embedded' };
    const events = await eventsOf(registry.find('guide'), parameters, servicesOf(engine, folder));
    const points = events.flatMap((e) => (e.type === 'chart' ? [e] : []));
    expect(points.at(-1)?.x).toBe(5);
    expect(Object.keys(points.at(-1)?.series ?? {}).filter((name) => name.endsWith('(judge)'))).toHaveLength(1);
  });
});

describe('a plot', () => {
  it('that begins blank is blank', async () => {
    const drawer = begunAs('blank', readyDrawer(plotter, {}, 1, sizes), 1);
    const events = await run({ ...request(plotter as never, 'a star', { steps: 1 }), drawer });
    const { channels } = await sharp(picture(events)).stats();
    for (const { min } of channels) expect(min).toBeGreaterThan(240);
  });
});

describe('what is painted', () => {
  it('pulls as strongly whatever else is locked', async () => {
    const dab = async (locked: boolean): Promise<number> => {
      const blue = Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect x="4" y="4" width="8" height="8" fill="#00f"/></svg>',
      );
      const half = await sharp({ create: { width: 32, height: 64, channels: 3, background: '#000' } })
        .extend({ right: 32, background: '#fff' })
        .png()
        .toBuffer();
      const paint = { bytes: new Uint8Array(await sharp(blue).png().toBuffer()), name: 'dab' };
      const lock = { bytes: new Uint8Array(half), name: 'half' };
      const script = [{ step: 2, change: { paint, ...(locked ? { lock } : {}) } }];
      const png = picture(await run(request(pixels as never, 'the sea', { steps: 40, frameEvery: 0 }, { script })));
      const { channels } = await sharp(
        await sharp(png).extract({ left: 8, top: 8, width: 8, height: 8 }).png().toBuffer(),
      ).stats();
      return (channels[2]?.mean ?? 0) - (channels[0]?.mean ?? 0);
    };
    const [alone, beside] = [await dab(false), await dab(true)];
    expect(alone).toBeGreaterThan(40);
    expect(beside).toBeGreaterThan(0.7 * alone);
  });
});

describe('pixels that a model takes in its own scale', () => {
  it('are guided as they are seen: ALIGN has bytes in -1..1', async () => {
    const folder = join(await temporaryFolder(), 'scaled');
    await mkdir(folder);
    const { cp, readFile } = await import('node:fs/promises');
    await cp(EMBEDDED, folder, { recursive: true });
    const path = join(folder, 'preprocessor_config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as { image_mean: number[]; image_std: number[] };
    // The same pixels for the tower, said in the other scale: (2v - (2m - 1) - 1) / 2s = (v - m) / s.
    const scaled = {
      ...config,
      rescale_factor: 1 / 127.5,
      rescale_offset: true,
      image_mean: config.image_mean.map((m) => 2 * m - 1),
      image_std: config.image_std.map((s) => 2 * s),
    };
    await writeFile(path, JSON.stringify(scaled));
    expect((await ClipModel.open(folder)).folder.preprocessing.rescale).toBeCloseTo(1 / 127.5, 9);
    const heart = await drawn('heart', 'red');
    expect(heart.byteLength).toBeGreaterThan(0);
    const guided = async (lookers?: readonly { folder: string; weight: number }[]): Promise<number[]> =>
      cosines(
        await guidedByOwn(
          request(pixels as never, 'a red heart', { steps: 4 }, lookers ? { lookers: [...lookers] } : {}),
        ),
      );
    const [plain, other] = [await guided(), await guided([{ folder, weight: 1 }])];
    for (const [i, cosine] of plain.entries()) expect(other[i]).toBeCloseTo(cosine, 4);
  });
});

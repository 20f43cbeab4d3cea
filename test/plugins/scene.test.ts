import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type PluginContext, type PluginEvent, runPlugin } from '../../core/index.ts';
import { aloneAs, ready } from '../../plugins/guide/drawing.ts';
import { parameters } from '../../plugins/guide/parameters.ts';
import { thingsOf } from '../../plugins/guide/scene.ts';
import { SceneSheet } from '../../plugins/guide/sheet.ts';
import { guide, guideRuns, picturesAmong } from '../support/guide.ts';
import { servicesOf, useEngine } from '../support/services.ts';
import { strangeModel } from '../support/with-models.ts';

const engine = useEngine({ model: strangeModel() });
const run = guideRuns(engine);
const scene = { prompt: 'a cat under the moon', steps: 20, tries: 2, size: 64, count: 10 };

const labelsOf = (events: readonly PluginEvent[]): string[] => [
  ...new Set(events.flatMap((e) => (e.type === 'progress' ? [e.label ?? ''] : []))),
];
const png = (events: readonly PluginEvent[]): Uint8Array =>
  picturesAmong(events).find((p) => p.mime === 'image/png')?.bytes ?? new Uint8Array();
const svgOf = (events: readonly PluginEvent[]): string =>
  new TextDecoder().decode(picturesAmong(events).find((p) => p.mime === 'image/svg+xml')?.bytes);

/** Drawn once for all tests that only look at it. */
let drawnOnce: Promise<PluginEvent[]> | undefined;
function once(): Promise<PluginEvent[]> {
  drawnOnce ??= run(scene);
  return drawnOnce;
}

describe('a scene', () => {
  it('is drawn thing by thing, each with its own beginnings, and then on as one', async () => {
    const events = await once();
    const drawing = (thing: string): string[] => [
      `${thing}: choosing a beginning, 1 of 2`,
      `${thing}: choosing a beginning, 2 of 2`,
      thing,
    ];
    expect(labelsOf(events)).toEqual([
      ...drawing('drawing a cat, 1 of 2'),
      ...drawing('drawing the moon, 2 of 2'),
      'choosing a beginning, 1 of 2',
      'choosing a beginning, 2 of 2',
      '',
    ]);
    const steps = events.flatMap((e) => (e.type === 'progress' && !e.label ? [e] : []));
    expect(steps.at(-1)).toMatchObject({ done: 6, total: 6 });
  });
  it('is the same again from its seed', async () => {
    expect(Buffer.compare(png(await once()), png(await run(scene)))).toBe(0);
  });
  it('goes on from a checkpoint as if it had never been stopped, without drawing its things again', async () => {
    const services = servicesOf(engine);
    const asked = { ...scene, steps: 24, tidy: 0 };
    const all: PluginEvent[] = [];
    for await (const event of runPlugin(guide, asked, services, { checkpointEvery: 3 }).events) all.push(event);
    const [kept] = all.flatMap((e) => (e.type === 'checkpoint' ? [e] : []));
    expect(kept?.checkpoint.step).toBe(3);
    // Ten strokes are six of each thing, in eight colours of each.
    const { points, palette } = kept?.checkpoint.values ?? {};
    expect([points?.length, palette?.length]).toEqual([2 * 6 * 6, 2 * 8 * 3]);
    const again: PluginEvent[] = [];
    const options = { checkpointEvery: 3, ...(kept ? { resume: kept.checkpoint, script: kept.script } : {}) };
    for await (const event of runPlugin(guide, asked, services, options).events) again.push(event);
    expect(labelsOf(again)).toEqual(['']);
    expect(Buffer.compare(png(again), png(all))).toBe(0);
  });
  it('is shown whole while its things grow', async () => {
    const sizes = (await once()).flatMap((e) => (e.type === 'frame' ? [e.width / e.height] : []));
    expect(sizes.length).toBeGreaterThan(3);
    for (const size of sizes) expect(size).toBeCloseTo(1, 5);
  });
  it('is held while a thing is drawn; what else it is told waits until all are together, and acts then', async () => {
    const live = runPlugin(guide, { ...scene, steps: 40, tidy: 0, tries: 1 }, servicesOf(engine));
    const told: string[] = [];
    const waiting: Promise<unknown>[] = [];
    for await (const event of live.events) {
      if (event.type === 'progress' && event.label === 'drawing a cat, 1 of 2' && waiting.length === 0) {
        waiting.push(live.steer({ prompt: 'a boat' }).then(() => told.push('steered')));
        waiting.push(live.steer({ control: 'pause' }));
      }
      if (event.type === 'paused') {
        told.push('paused');
        waiting.push(live.steer({ control: 'go' }));
      }
      if (event.type === 'going') told.push('going');
      if (event.type === 'chart')
        told.push(Object.keys(event.series).some((k) => k.startsWith('a boat')) ? 'boat' : '');
    }
    await Promise.all(waiting);
    const order = told.filter((t, i) => t !== '' && t !== told[i - 1]);
    expect(order).toEqual(['paused', 'going', 'steered', 'boat']);
  });
  it.each([
    ['it is to be', { apart: false }],
    ['its drawer has no shapes', { drawer: 'fourier' }],
    ['it has one thing in a place', { prompt: 'a cat @left' }],
    ['it repeats itself', { symmetry: 'mirror' }],
    ['it begins with empty paper', { beginning: 'blank' }],
    ['it begins as a picture', { start: ['a.png'] }],
    ['its shapes evolve', { optimiser: 'evolution' }],
    ['a palette has no colours for so many', { prompt: 'a @left | b @right | c @top | d @bottom | e @centre' }],
    ['a place is for a part of the run', { prompt: 'a cat @left | a dog @right @0%-50%' }],
  ])('is drawn as one from its first step where %s', (_why, more) => {
    expect(thingsOf(parameters.parse({ ...scene, ...more }))).toEqual([]);
    expect(thingsOf(parameters.parse(scene)).map(({ targets }) => targets[0]?.[0]?.text)).toEqual([
      'a cat',
      'the moon',
    ]);
  });
  it.each(['blobs', 'polygons', 'plotter'])('is drawn thing by thing of %s too', async (drawer) => {
    const events = await run({ ...scene, steps: 4, tries: 1, drawer });
    expect(labelsOf(events)).toEqual(['drawing a cat, 1 of 2', 'drawing the moon, 2 of 2', '']);
    expect(svgOf(events)).toContain('<svg');
  });
});

describe('as many shapes as a drawer can hold', () => {
  it.each([
    ['strokes', 512],
    ['blobs', 256],
    ['polygons', 256],
    ['plotter', 512],
  ])('are not passed by a scene of %s', async (drawer, count) => {
    const asked = parameters.parse({ ...scene, drawer, count });
    // Nothing is read from the context by these drawers.
    const made = await ready(asked, {} as PluginContext);
    expect(made.drawer.shapes?.count).toBe(count);
    expect(aloneAs(asked, 1).count).toBe(count / 2);
  });
});

describe('the sheet of a scene', () => {
  const colours = { paper: '#faf7f0', ink: '#203040', dark: '#101426', light: '#e0d090' };
  const at = (x: number) => ({ left: x, top: 0, right: x + 0.6, bottom: 1 });
  const [left, right] = [at(0), at(0.4)];
  /** A drawing of a bar in the middle of a square sheet. */
  const drawing = (paper: string, ink: string): Promise<Buffer> =>
    sharp({ create: { width: 50, height: 50, channels: 3, background: paper } })
      .composite([{ input: { create: { width: 10, height: 50, channels: 3, background: ink } }, left: 20, top: 0 }])
      .png()
      .toBuffer();
  it.each([
    ['light', '', colours.paper, colours.ink],
    ['dark', colours.dark, colours.dark, colours.light],
  ])('shows each thing in its place beside those that are finished, on %s paper', async (_what, paper, ground, ink) => {
    const sheet = new SceneSheet({ paper, aspect: '1:1' });
    const frame = { type: 'frame', step: 8, width: 50, height: 50, bytes: await drawing(ground, ink) } as const;
    const shown = async (place: typeof left): Promise<string> => {
      const event = await sheet.frame(frame, place);
      const { data, info } = await sharp(event.bytes).resize(20, 20).raw().toBuffer({ resolveWithObject: true });
      const red = Number.parseInt(ink.slice(1, 3), 16);
      return Array.from({ length: 20 }, (_, x) => {
        const value = data[3 * (10 * info.width + x)] ?? 0;
        return Math.abs(value - red) < 40 ? '#' : '.';
      }).join('');
    };
    expect(await shown(left)).toMatch(/^\.{4,5}#{2,3}\.+$/);
    sheet.keep();
    expect(await shown(right)).toMatch(/^\.{4,5}#{2,3}\.{4,6}#{2,3}\.+$/);
    expect(await shown(right)).toMatch(/^\.{4,5}#{2,3}\.{4,6}#{2,3}\.+$/);
  });
});

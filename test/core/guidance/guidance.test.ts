import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { trace, writeOnnx } from '../../../core/graph/index.ts';
import {
  type Drawer,
  fourier,
  type GuideEvent,
  type GuideRequest,
  guidanceSettingsSchema,
  parsePrompt,
  pixels,
  readyDrawer,
  strokes,
} from '../../../core/index.ts';
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

describe('the prompt grammar', () => {
  it('reads words, weights and several parts', () => {
    expect(parsePrompt('a red heart:2 | blurry:-0.5|a ratio of 3:2 sizes')).toEqual([
      { text: 'a red heart', weight: 2 },
      { text: 'blurry', weight: -0.5 },
      { text: 'a ratio of 3:2 sizes', weight: 1 },
    ]);
  });
  it.each([
    ['', 'PROMPT_EMPTY'],
    [' | ', 'PROMPT_EMPTY'],
    ['a | :2', 'PROMPT_INVALID'],
    ['a:0', 'PROMPT_INVALID'],
    ['a:1000', 'PROMPT_INVALID'],
    ['a|'.repeat(9), 'PROMPT_INVALID'],
  ])('refuses %j', (text, code) => {
    expect(() => parsePrompt(text)).toThrowError(expect.objectContaining({ code }));
  });
});

describe.each([
  ['strokes', strokes],
  ['pixels', pixels],
  ['fourier', fourier],
] as const)('guidance of %s', (_id, drawer) => {
  it('comes closer to the prompt and ends with a picture of the asked size', async () => {
    const events = await run(request(drawer as never, 'a red heart', { steps: 60, frameEvery: 20 }));
    const scores = cosines(events);
    const mean = (from: number) => scores.slice(from, from + 8).reduce((a, b) => a + b) / 8;
    expect(mean(52)).toBeGreaterThan(mean(0) + 0.1);
    expect(await sharp(picture(events)).metadata()).toMatchObject({ format: 'png', width: 96, height: 96 });
    expect(events.filter((e) => e.type === 'frame')).toHaveLength(2);
  });
  it('gives the same bytes for the same seed, and others for another', async () => {
    const once = async (seed: number) => picture(await run(request(drawer as never, 'a tree', { seed, steps: 8 })));
    const [a, b, c] = [await once(1), await once(1), await once(2)];
    expect(Buffer.compare(a, b)).toBe(0);
    expect(Buffer.compare(a, c)).not.toBe(0);
  });
});

describe('steering', () => {
  it('changes the prompt of the very next steps without compiling again', async () => {
    const events = await run(request(strokes as never, 'a red heart', { steps: 60, frameEvery: 0 }), (e) => {
      if (e.type === 'step' && e.step === 20)
        void engine.steer({ run: 'test', prompts: parsePrompt('a green tree | a red heart:-0.3') });
    });
    expect(events.filter((e) => e.type === 'compiled')).toHaveLength(1);
    const counts = events.flatMap((e) => (e.type === 'step' ? [e.cosines.length] : []));
    expect([counts[0], counts.at(-1)]).toEqual([1, 2]);
    const scores = cosines(events);
    expect(scores.at(-1)).toBeGreaterThan(0.25);
    const [record] = events.flatMap((e) => (e.type === 'picture' ? [e.record] : []));
    expect(record?.steers).toMatchObject([{ prompts: ['a green tree:1', 'a red heart:-0.3'] }]);
  });
  it('of a run that is not there is an error', async () => {
    await expect(engine.steer({ run: 'gone', prompts: parsePrompt('a') })).rejects.toMatchObject({
      code: 'JOB_UNKNOWN',
    });
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
      await run(request(pixels as never, 'the sea', { steps: 40 }, { losses: [{ graph, weight: 200 }] })),
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
    const { drawn } = await import('../../support/pictures.ts');
    const heart = { bytes: new Uint8Array(await drawn('heart', 'red')), name: 'heart' };
    const scores = cosines(
      await run(request(strokes as never, 'a', { steps: 50 }, { prompts: [{ picture: heart, weight: 1 }] })),
    );
    expect(scores.at(-1)).toBeGreaterThan((scores[0] ?? 1) + 0.1);
  });
});

/** CLIP-guided creation: words pull on a drawing until it matches them. */
import {
  aspectOf,
  type Beginning,
  begunWith,
  type Direction,
  definePlugin,
  failure,
  guideEvents,
  issuesOf,
  type PictureSource,
  type PluginContext,
  type PluginEvent,
  type Prompt,
  printApart,
  Several,
  seedFor,
  sizesFor,
} from '../../core/index.ts';
import { type Ready, ready } from './drawing.ts';
import { CHANGEABLE, type Parameters, parameters } from './parameters.ts';
import { type Begins, requestOf } from './request.ts';
import { askedOf, placedIn, thingsOf } from './scene.ts';
import { drawerOf } from './shaped.ts';
import { SceneSteering } from './steering.ts';
import { type Apart, drawnApart } from './things.ts';

const FIT_SHARE = 0.25;
const FIT_LIMIT = 100;
/** Of the steps that are asked for, those that things which were drawn apart are drawn on together, and how far they move in them. */
const TOGETHER = { share: 0.3, rate: 0.5 };

/** What the run goes by, and its other beginnings: other seeds and, of two things, other places. */
function beginnings(p: Parameters, { again }: Ready, filled: boolean): Begins {
  const { prompts, laid } = askedOf(p);
  // What is fitted to a picture begins as that.
  const others = filled ? 0 : p.tries - 1;
  return {
    prompts,
    filled,
    beginnings: Array.from({ length: others }, (_, k) => {
      const places = laid[(k + 1) % laid.length];
      return { ...again(seedFor(p.seed, `beginning ${k + 2}`)), ...(places ? { prompts: places } : {}) };
    }),
  };
}

/** The same of things that have been drawn, or will have been where a run is taken up: put together in each way to lay them out. */
function puttingTogether(p: Parameters, made: Ready, apart: Apart | undefined): { made: Ready; begins: Begins } {
  const { prompts, laid } = askedOf(p);
  const whole = sizesFor(p.size, aspectOf(p.aspect));
  const beginningIn = (layout: Prompt[]): Beginning => {
    const places = placedIn(p, layout).map(({ region }) => region);
    const things = apart?.things.map((thing, i) => ({ ...thing, place: places[i] ?? thing.place }));
    return { starts: things ? { ...apart?.drawer.together(things, whole) } : {}, prompts: layout };
  };
  return {
    made: { ...made, drawer: begunWith(made.drawer, beginningIn(prompts)) },
    begins: { prompts, filled: true, beginnings: laid.slice(1, p.tries).map(beginningIn) },
  };
}

/** One drawing, from its seed. */
async function* one(p: Parameters, away: readonly Direction[], context: PluginContext): AsyncGenerator<PluginEvent> {
  const things = thingsOf(p);
  const made = await ready(p, context);
  // A drawer that asks for it changes it, and is not fitted to it.
  const fits = p.start.length > 0 && drawerOf(p).shared?.start === undefined;
  const [picture] = fits ? await context.pictures(p.start) : [];
  if (things.length === 0) {
    yield* drawn(p, { made, begins: beginnings(p, made, picture !== undefined), away, picture }, context);
    return;
  }
  const steering = new SceneSteering(context);
  try {
    yield { type: 'layout', parts: printApart(askedOf(p).prompts) };
    const apart = context.resume ? undefined : yield* drawnApart(p, things, steering, context);
    const steps = Math.max(1, Math.round(TOGETHER.share * p.steps));
    const last = { ...p, steps, rate: TOGETHER.rate * p.rate, renewals: 0 };
    for await (const event of drawn(last, { ...puttingTogether(p, made, apart), away }, steering.context)) {
      steering.begun();
      yield event;
    }
  } finally {
    steering.end();
  }
}

interface Drawn {
  readonly made: Ready;
  readonly begins: Begins;
  readonly away: readonly Direction[];
  readonly picture?: PictureSource | undefined;
}
/** What is guided from there on, live. */
async function* drawn(
  p: Parameters,
  { made, begins, away, picture }: Drawn,
  context: PluginContext,
): AsyncGenerator<PluginEvent> {
  const request = await requestOf(p, made, begins, context);
  const fit = Math.min(FIT_LIMIT, Math.ceil(p.steps * FIT_SHARE));
  yield* guideEvents(
    context,
    p.prompt,
    {
      ...request,
      directions: [...request.directions, ...away],
      ...(p.judge ? { judge: await context.model(p.judge) } : {}),
    },
    {
      eye: p.eye,
      ...(made.svg ? { svg: made.svg } : {}),
      ...(picture ? { start: { picture, steps: fit } } : {}),
      redrawn: async (changes) => {
        const given = CHANGEABLE.safeParse(changes);
        if (!given.success) throw failure('STEER_INVALID', { what: issuesOf(given.error) });
        const set = Object.fromEntries(Object.entries(given.data).filter(([, v]) => v !== undefined));
        return ready({ ...p, ...set }, context);
      },
    },
  );
}

/** Several drawings with seeds that follow each other, each away from those before it, and a sheet of them. */
async function* several(p: Parameters, context: PluginContext): AsyncGenerator<PluginEvent> {
  const away: Direction[] = [];
  const run = new Several(context, { parts: p.batch, steps: p.steps });
  for (let k = 0; k < p.batch; k++) {
    let frame: Uint8Array | undefined;
    for await (const event of run.part(k, (own) => one({ ...p, seed: (p.seed + k) % 2 ** 32 }, away, own))) {
      if (event.type === 'frame') frame = event.bytes;
      yield event;
    }
    // Frames are of one size, so that a replay at another size keeps away from the same.
    const bytes = frame ?? run.drawn.at(-1);
    if (!bytes || p.diversity === 0) continue;
    const { data } = await context.engine.embedAll([{ bytes, name: `picture ${k + 1}` }], { signal: context.signal });
    away.push({ name: `away from picture ${k + 1}`, row: data, weight: -p.diversity });
  }
  yield await run.sheet(`${p.prompt}: sheet`);
}

export default definePlugin({
  id: 'guide',
  title: 'Guide',
  description: 'Draws a picture of your words: brush strokes, shapes, pen lines, pixel art and more.',
  version: '5.0.0',
  about:
    'Words pull on a drawing under the exact gradient of CLIP, live: change the prompt, paint, hold, go back, branch. Every run is a seed and a log, so that it can be made again to the byte. The drawer decides what the picture is made of; those of shapes give an SVG as well.',
  steerable: true,
  paintable: true,
  extensible: true,
  parameters,
  run: (p, context) => (p.batch > 1 ? several(p, context) : one(p, [], context)),
});

/** What a plugin, a drawer or a pull must do, each with a sentence for whoever wrote it. */
import { join } from 'node:path';
import sharp from 'sharp';
import { type PluginEvent, plainError, type RegisteredExtension, type RegisteredPlugin } from '../../core/index.ts';
import type { Field } from '../wire.ts';
import { among, fieldsOf, LONG, smallParameters, type Values } from './parameters.ts';
import { eventsOf, type Ground, picturesIn } from './run.ts';

/** One thing that it must do; gives what is wrong, if anything is. */
export interface Check {
  readonly what: string;
  run(ground: Ground): Promise<string | undefined>;
}

const STOP_MS = 2000;
/** Runs are short, and nothing is chosen that a check is not about. */
const BRIEF = { steps: 6, generations: 6, size: 64, tries: 1, crops: 2, tidy: 0, renewals: 1 };
const brief = (plugin: RegisteredPlugin, { pictures }: Ground): Values => smallParameters(plugin, pictures, BRIEF);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
/** What does not hang on how busy the machine is. */
const lasting = (events: readonly PluginEvent[]): PluginEvent[] =>
  events.filter(({ type }) => !['progress', 'frame', 'checkpoint', 'note'].includes(type));

async function refused(
  work: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string } | undefined> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    return plainError(thrown);
  }
}

const repeats = (plugin: RegisteredPlugin, own: Values): Check => ({
  what: 'gives the same again for the same seed',
  run: async (ground) => {
    const parameters = { ...brief(plugin, ground), ...own };
    const once = lasting(await eventsOf(plugin, parameters, ground));
    if (once.length === 0) return 'it said nothing that stays: a picture, a ranking, a table, a matrix or a map';
    const again = lasting(await eventsOf(plugin, parameters, ground));
    return same(once, again)
      ? undefined
      : 'two runs with one seed gave different results: take chance from "random" alone';
  },
});

const stops = (plugin: RegisteredPlugin, own: Values): Check => ({
  what: 'stops within two seconds when it is cancelled',
  run: async (ground) => {
    const abort = new AbortController();
    const parameters = { ...brief(plugin, ground), ...among(LONG, fieldsOf(plugin)), ...own };
    const signal = AbortSignal.any([ground.signal, abort.signal]);
    let cancelledAt: number | undefined;
    const error = await refused(
      eventsOf(plugin, parameters, { ...ground, signal }, () => {
        cancelledAt ??= performance.now();
        abort.abort();
      }),
    );
    ground.signal.throwIfAborted();
    if (cancelledAt === undefined) return 'it ended before it said anything';
    if (error && error.code !== 'CANCELLED') return `it ended with ${error.code}: ${error.message}`;
    const took = performance.now() - cancelledAt;
    return took > STOP_MS ? `it took ${(took / 1000).toFixed(1)} s: look at "signal" between steps` : undefined;
  },
});

/** Both ends of a number, all of a choice; nothing for a number without bounds. */
function extremesOf({ type, minimum, maximum, enum: choices = [] }: Field): readonly unknown[] | undefined {
  if (type !== 'number' && type !== 'integer') return choices;
  return minimum === undefined || maximum === undefined ? undefined : [minimum, maximum];
}

const endures = (plugin: RegisteredPlugin, own: Values, isOwn: (name: string) => boolean): Check => ({
  what: 'runs at the least and at the most of each of its settings',
  run: async (ground) => {
    const fields = Object.entries(fieldsOf(plugin)).filter(([name]) => isOwn(name));
    const boundless = fields.find(([, field]) => !extremesOf(field));
    if (boundless) return `the number "${boundless[0]}" has no bounds: give it .min() and .max()`;
    const tries = fields.flatMap(([name, field]) => (extremesOf(field) ?? []).map((value) => [name, value] as const));
    for (const [name, value] of tries) {
      const error = await refused(
        eventsOf(plugin, { ...brief(plugin, ground), steps: 2, ...own, [name]: value }, ground),
      );
      if (error) return `with ${name} at ${String(value)} it ended with ${error.code}: ${error.message}`;
    }
    return undefined;
  },
});

const GARBAGE: readonly (readonly [string, unknown])[] = [
  ['words instead of parameters', 'words'],
  ['nothing', null],
  ['numbers where words belong', { prompt: 7, pictures: 7 }],
  ['far too much', { prompt: 'x'.repeat(1e6), pictures: ['x'.repeat(1e5)] }],
];
const refuses = (plugin: RegisteredPlugin): Check => ({
  what: 'refuses garbage with a code',
  run: async (ground) => {
    const wanted = ['PARAMETER_INVALID', 'NO_PICTURES', 'FILE_MISSING', 'PATH_OUTSIDE', 'PROMPT_INVALID'];
    for (const [what, garbage] of GARBAGE) {
      const error = await refused(eventsOf(plugin, garbage, ground));
      if (!error || !wanted.includes(error.code))
        return `given ${what}, it ${error ? `ended with ${error.code}: ${error.message}` : 'ran'}`;
    }
    return undefined;
  },
});

const shows = (plugin: RegisteredPlugin): Check => ({
  what: 'tells how far it is, and ends with a result',
  run: async (ground) => {
    const events = await eventsOf(plugin, brief(plugin, ground), ground);
    if (!events.some(({ type }) => type === 'progress')) return 'it yields no { type: "progress", done, total }';
    const results = ['picture', 'ranking', 'table', 'matrix', 'map', 'file'];
    return events.some(({ type }) => results.includes(type))
      ? undefined
      : 'it yields no picture, ranking, table, matrix, map or file';
  },
});

export const checksOfPlugin = (plugin: RegisteredPlugin): Check[] => [
  shows(plugin),
  refuses(plugin),
  repeats(plugin, {}),
  stops(plugin, {}),
  endures(plugin, {}, (name) => !(name in BRIEF) && name !== 'seed'),
];

const differs = (guide: RegisteredPlugin, own: Values): Check => ({
  what: 'draws another picture for another seed, and on canvases of other shapes',
  run: async (ground) => {
    const draw = async (more: Values): Promise<Uint8Array | undefined> =>
      picturesIn(await eventsOf(guide, { ...brief(guide, ground), ...own, ...more }, ground)).png[0];
    const [one, other] = [await draw({ seed: 1 }), await draw({ seed: 2 })];
    for (const aspect of ['2:1', '1:2']) await draw({ aspect });
    const isAlike = one && other && Buffer.compare(one, other) === 0;
    return isAlike ? 'seeds 1 and 2 gave the same picture: begin from "random"' : undefined;
  },
});

/** Mean difference of pictures that are as large, 0..255. */
const apart = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, v, i) => sum + Math.abs(v - (b[i] ?? 0)), 0) / Math.max(1, a.length);
/** Of what is drawn, the SVG may differ by so much: edges are softened in another way. */
const ALIKE = 0.35;

const traces = (guide: RegisteredPlugin, own: Values): Check => ({
  what: 'gives an SVG that shows the same',
  run: async (ground) => {
    const parameters = { ...brief(guide, ground), steps: 24, size: 128, ...own };
    const { png, svg } = picturesIn(await eventsOf(guide, parameters, ground));
    if (!png[0] || !svg[0]) return undefined;
    const pixels = async (picture: Uint8Array): Promise<Uint8Array> =>
      sharp(picture).resize(128, 128, { fit: 'fill' }).removeAlpha().raw().toBuffer();
    const paper =
      /<rect width="100%" height="100%" fill="(#[0-9a-f]{6})"/.exec(Buffer.from(svg[0]).toString())?.[1] ?? '#fff';
    const blank = await sharp({ create: { width: 128, height: 128, channels: 3, background: paper } })
      .raw()
      .toBuffer();
    const [drawn, traced] = [await pixels(png[0]), await pixels(svg[0])];
    const share = apart(drawn, traced) / Math.max(1, apart(drawn, blank));
    return share > ALIKE
      ? `"shapes" says another picture than "draw": they differ by ${Math.round(100 * share)} % of what is drawn`
      : undefined;
  },
});

/** Drawn by Guide. */
export function checksOfDrawer({ id }: RegisteredExtension, guide: RegisteredPlugin): Check[] {
  const own = { drawer: id };
  return [
    repeats(guide, own),
    differs(guide, own),
    traces(guide, own),
    endures(guide, own, (name) => name.startsWith(`${id}.`)),
    stops(guide, own),
  ];
}
/** Pulls on Guide's strokes, with and against. */
export const checksOfPull = (pull: RegisteredExtension, guide: RegisteredPlugin): Check[] =>
  [5, -5].map((weight) => ({
    what: `gives the same again for the same seed with a weight of ${weight}`,
    run: (ground) => repeats(guide, { pulls: writtenWith(pull, weight, ground), count: 12 }).run(ground),
  }));

/** As people write it; one that looks at a picture has the first there is. */
export const writtenWith = ({ id, pictured }: RegisteredExtension, weight: number, { pictures }: Ground): string =>
  `${id}${pictured ? `[${join(pictures, 'circle.png')}]` : ''}:${weight}`;

/** `lodestone replay`, `lodestone verify`, `lodestone resume`: runs that are given again, checked, or taken up. */
import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import {
  bareSvg,
  checkPlace,
  Engine,
  failure,
  image,
  issuesOf,
  loadRegistry,
  type PluginEvent,
  parseRecipe,
  type Recipe,
  type RegisteredPlugin,
  type Resumable,
  RunFolder,
  recipeOf,
  STILLS,
} from '../../core/index.ts';
import { policyIn } from '../files.ts';
import { pluginFolders } from '../plugins.ts';
import { grantedTo } from './grants.ts';
import { outNameSchema } from './out.ts';
import { RecordedInputs } from './recorded-inputs.ts';
import { begin, GATE, type Play, play } from './run-plugin.ts';
import type { Context, Shared } from './shared.ts';

const wordSchema = z.tuple([z.string().min(1)]);
const outSchema = z.object({
  out: outNameSchema.optional(),
  strip: z.boolean().optional(),
  size: z.coerce.number().int().optional(),
  gate: z.string().min(1).optional(),
});

const given = (options: unknown): z.output<typeof outSchema> => {
  const parsed = outSchema.safeParse(options);
  if (!parsed.success) throw failure('USAGE', { what: issuesOf(parsed.error) });
  return parsed.data;
};

async function bytesOf(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw failure('FILE_MISSING', { path }, cause);
  });
}

const endingOf = (path: string): string => extname(path).toLowerCase();
const isPicture = (path: string): boolean => endingOf(path) === '.svg' || STILLS.some((s) => s === endingOf(path));
/** A picture or a run.json, and no folder. */
const isMade = (path: string): boolean => isPicture(path) || endingOf(path) === '.json';

/** What a picture, a run.json or a run's folder says of how it was made. */
async function readRecipe(path: string): Promise<Recipe> {
  if (isPicture(path)) return recipeOf(await bytesOf(path), path);
  if (isMade(path)) return parseRecipe(Buffer.from(await bytesOf(path)).toString('utf8'), path);
  return new RunFolder(path).recipe();
}

/** Work with the plugin and the model of a recipe; both must be the ones that it names. */
async function withRecipe(
  { recipe, context, path }: { readonly recipe: Recipe; readonly context: Context; readonly path: string },
  work: (plugin: RegisteredPlugin, engine: Engine, given: RecordedInputs) => Promise<void>,
): Promise<void> {
  const plugin = (await loadRegistry(pluginFolders())).find(recipe.plugin.id);
  const { threads, model } = recipe;
  if (recipe.plugin.version !== plugin.version)
    throw failure('RECORD_PLUGIN', { id: plugin.id, wanted: recipe.plugin.version, found: plugin.version });
  for (const { kind, id, sha256 } of recipe.extensions ?? []) {
    const here = plugin.extensions.find((e) => e.kind === kind && e.id === id);
    if (!here) throw failure('EXTENSION_MISSING', { kind, id });
    if (here.ready.sha256 !== sha256) throw failure('EXTENSION_OTHER', { kind, id, file: here.file });
  }
  const engine = new Engine({ ...(threads ? { threads } : {}), ...context.engine });
  try {
    const { hash } = await engine.info();
    if (hash !== model.hash)
      throw failure('RECORD_MODEL', { wanted: `${model.name ?? 'that is embedded'} (${model.hash})`, found: hash });
    await work(plugin, engine, await RecordedInputs.of(recipe, path));
  } finally {
    await engine.close();
  }
}

export function replayCommand(shared: Shared): Command {
  const command = new Command('replay')
    .description('Makes a picture again from what it, or its run folder, says of how it was made.')
    .argument('<file>', 'a picture made by Lodestone, a run.json, or the folder of a run')
    .option('--out <file>', 'where to write the picture (.png, .jpg, .webp or .svg)')
    .option('--size <pixels>', 'another size for the same picture: its longer side')
    .option('--strip', 'leave out of the picture how it was made')
    .option(...GATE);
  return shared.finish(command, async (context, words, options) => {
    const [path] = wordSchema.parse(words);
    const { out, size, strip = false, gate } = given(options);
    if (out !== undefined) await checkPlace(out);
    const recipe = await readRecipe(path);
    const policy = (await policyIn(gate)) ?? (await folderOf(path).policy());
    const parameters = { ...recipe.parameters, ...(size === undefined ? {} : { size }) };
    await withRecipe({ recipe, context, path }, async (plugin, engine, inputs) =>
      play({
        plugin,
        parameters,
        inputs,
        engine,
        context,
        strip,
        out,
        policy,
        again: againOf(recipe),
        granted: await grantedTo(plugin, context),
      }),
    );
  });
}

/** The run's folder that a path names, or lies in. */
const folderOf = (path: string): RunFolder => new RunFolder(isMade(path) ? dirname(path) : path);

const resumed = ({ script, checkpoint }: Resumable): NonNullable<Play['again']> => ({
  script,
  resume: checkpoint,
  ...(checkpoint.others ? { others: checkpoint.others } : {}),
});

/** What makes a run the same again, beside its parameters. */
const againOf = ({ script, others }: Recipe): NonNullable<Play['again']> => ({ script, ...(others ? { others } : {}) });

interface Difference {
  readonly pixels: number;
  readonly most: number;
  /** Said of pictures of two sizes, of which every pixel differs. */
  readonly sizes?: string;
}
/** How many pixels differ, and by how much at most, of 255. */
async function difference(a: Uint8Array, b: Uint8Array): Promise<Difference> {
  const raw = async (bytes: Uint8Array) => {
    const { data, ...info } = await image(bytes).toColourspace('srgb').removeAlpha().raw().made();
    return { data, info };
  };
  const [one, other] = await Promise.all([raw(a), raw(b)]);
  if (one.info.width !== other.info.width || one.info.height !== other.info.height)
    return {
      pixels: Infinity,
      most: 255,
      sizes: `it is ${other.info.width} x ${other.info.height} pixels, and was ${one.info.width} x ${one.info.height}`,
    };
  let [pixels, most] = [0, 0];
  for (let i = 0; i < one.data.length; i += 3) {
    const apart = Math.max(...[0, 1, 2].map((c) => Math.abs((one.data[i + c] ?? 0) - (other.data[i + c] ?? 0))));
    if (apart > 0) pixels += 1;
    most = Math.max(most, apart);
  }
  return { pixels, most };
}

export function verifyCommand(shared: Shared): Command {
  const command = new Command('verify')
    .description('Runs again what a picture says of how it was made, and compares the pixels.')
    .argument('<picture>', 'a PNG or SVG made by Lodestone');
  return shared.finish(command, async (context, words) => {
    const [path] = wordSchema.parse(words);
    const bytes = await bytesOf(path);
    const recipe = await recipeOf(bytes, path);
    const vector = endingOf(path) === '.svg';
    if (!vector) await comparable(bytes, path);
    if (!vector && endingOf(path) !== '.png')
      throw failure('NOT_COMPARABLE', { picture: path, what: 'it keeps its pixels only nearly, as JPEG and WebP do' });
    await withRecipe({ recipe, context, path }, async (plugin, engine, inputs) => {
      const { parameters } = recipe;
      const granted = await grantedTo(plugin, context);
      const run = begin({
        plugin,
        parameters,
        engine,
        context,
        inputs,
        strip: true,
        again: againOf(recipe),
        granted,
      });
      const found = await differences(bytes, vector, run.events, context);
      refuseDifferent(path, found, vector);
      context.terminal.line(`${path} is what it says it is: ${vector ? 'every line' : 'every pixel'} is the same.`);
      context.terminal.document({ picture: path, same: true, recipe });
    });
  });
}

/** Before all is made again: a file that was cut may still say how it was made. Throws NOT_COMPARABLE. */
async function comparable(bytes: Uint8Array, picture: string): Promise<void> {
  await image(bytes, {}, picture)
    .raw()
    .toBuffer()
    .catch((cause: unknown) => {
      throw failure('NOT_COMPARABLE', { picture, what: 'its pixels cannot be read' }, cause);
    });
}

/** How a picture differs from each that a run gives, up to the one that is the same. */
async function differences(
  bytes: Uint8Array,
  vector: boolean,
  events: AsyncIterable<PluginEvent>,
  { terminal }: Context,
): Promise<Difference[]> {
  const found: Difference[] = [];
  for await (const event of events) {
    if (event.type === 'progress') terminal.progress(event.done, event.total);
    if (event.type !== 'picture' || (event.mime === 'image/svg+xml') !== vector) continue;
    const one = vector ? sameText(bytes, event.bytes) : await difference(bytes, event.bytes);
    found.push(one);
    if (one.pixels === 0) break;
  }
  return found;
}

/** Throws DIFFERENT when none of the pictures that came out is the same, NOT_COMPARABLE when none came out. */
function refuseDifferent(picture: string, found: readonly Difference[], vector: boolean): void {
  const [best] = found.toSorted((a, b) => a.pixels - b.pixels);
  if (!best) throw failure('NOT_COMPARABLE', { picture, what: 'no picture came out when it was made again' });
  if (best.pixels === 0) return;
  if (best.sizes !== undefined) throw failure('DIFFERENT', { what: best.sizes });
  const much = vector
    ? `${best.pixels} of its lines differ`
    : `${best.pixels} pixels differ, by up to ${best.most} of 255`;
  throw failure('DIFFERENT', { what: `${much}. Another processor or another version rounds otherwise` });
}

/** Lines of two SVGs that differ, but for what they say of how they were made. */
function sameText(a: Uint8Array, b: Uint8Array): Difference {
  const lines = (bytes: Uint8Array): string[] => bareSvg(new TextDecoder().decode(bytes)).split('\n');
  const [one, other] = [lines(a), lines(b)];
  const longest = one.length > other.length ? one : other;
  return { pixels: longest.filter((_, i) => one[i] !== other[i]).length, most: 0 };
}

export function resumeCommand(shared: Shared): Command {
  const command = new Command('resume')
    .description('Takes up a run that was stopped, from the last checkpoint in its folder.')
    .argument('<folder>', 'what was given as --run')
    .option(...GATE);
  return shared.finish(command, async (context, words, options) => {
    const [path] = wordSchema.parse(words);
    const { gate } = given(options);
    const folder = new RunFolder(path);
    // Read first: what is no run's folder is left as it is.
    const recipe = await folder.recipe();
    await folder.take();
    try {
      const kept = await folder.resumable();
      const asked = await policyIn(gate);
      if (asked) await folder.keepPolicy(asked);
      const policy = asked ?? (await folder.policy());
      context.terminal.line(kept ? `${path} goes on after step ${kept.checkpoint.step}` : `${path} begins anew`);
      await withRecipe({ recipe, context, path }, async (plugin, engine, inputs) =>
        play({
          inputs,
          plugin,
          parameters: recipe.parameters,
          engine,
          context,
          folder,
          policy,
          strip: false,
          out: join(path, 'picture.png'),
          granted: await grantedTo(plugin, context),
          ...(kept ? { again: resumed(kept) } : {}),
        }),
      );
    } finally {
      await folder.leave();
    }
  });
}

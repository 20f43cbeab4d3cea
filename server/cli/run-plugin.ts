/** One command a plugin, made from its schema. */

import { basename, extname, join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import {
  contactSheet,
  type Engine,
  failure,
  firstRecipe,
  type GenerateRequest,
  issuesOf,
  type PluginEvent,
  type PluginRun,
  type RegisteredPlugin,
  RunFolder,
  type RunOptions,
  runPlugin,
  writeWhole,
} from '../../core/index.ts';
import { allowedModel, readAllowed } from '../files.ts';
import { generatePictures } from '../generate-pictures.ts';
import { gatherPictures } from '../pictures.ts';
import { ANIMATIONS, Animation } from './animation.ts';
import { addFlags, parametersFrom } from './flags.ts';
import { isSvgName, keepWithoutShapes, outNameSchema, withEnding, writeStill } from './out.ts';
import { type Context, type Shared, withEngine } from './shared.ts';

const score = (x: number): string => x.toFixed(3).padStart(7);

const percent = (x: number | undefined): string =>
  x === undefined ? '' : `  ${Math.floor(x).toString().padStart(3)} %`;

/** `heart.png`, and `heart-2.png` for the next. */
function numbered(path: string, count: number): string {
  const end = extname(path);
  return count === 0 ? path : `${path.slice(0, path.length - end.length)}-${count + 1}${end}`;
}

export function pluginCommand(plugin: RegisteredPlugin, shared: Shared): Command {
  const command = new Command(plugin.id).aliases(plugin.aliases).description(plugin.description);
  const flags = addFlags(command, plugin.parameters);
  command
    .option('--out <file>', 'where to write the picture: .png, .jpg, .webp, or .svg for the shapes alone')
    .option('--run <folder>', 'keep a folder of the run: settings, scores, and checkpoints to take it up from')
    .option('--strip', 'leave out of the picture how it was made')
    .option('--animation <file>', 'the run as moving pictures: .webp, .gif, or .mp4 where ffmpeg is installed')
    .option('--variations <count>', 'so many pictures with seeds that follow each other, and a sheet of them');
  return shared.finish(command, async (context, words, options) => {
    const parameters = parametersFrom(flags, words, options);
    const given = optionsSchema.safeParse(options);
    if (!given.success) throw failure('USAGE', { what: issuesOf(given.error) });
    const { out, run, strip = false, animation, variations = 1 } = given.data;
    if (variations > 1 && run !== undefined)
      throw failure('USAGE', { what: '--run keeps one run, so it does not go with --variations.' });
    const folder = run === undefined ? undefined : new RunFolder(run);
    await withEngine(context, async (engine) => {
      await folder?.begin(await firstRecipe(plugin, parameters, engine));
      const one = { plugin, parameters, engine, context, folder, strip, out, animation };
      await (variations > 1 ? playSeeds(one, variations) : play(one));
    });
  });
}

const optionsSchema = z.object({
  out: outNameSchema.optional(),
  run: z.string().min(1).optional(),
  strip: z.boolean().optional(),
  animation: z
    .string()
    .refine(
      (name) => ANIMATIONS.includes(extname(name).toLowerCase()),
      `an animation is one of ${ANIMATIONS.join(', ')}`,
    )
    .optional(),
  variations: z.coerce.number().int().min(1).max(100).optional(),
});

export interface Play {
  readonly plugin: RegisteredPlugin;
  readonly parameters: unknown;
  readonly engine: Engine;
  readonly context: Context;
  readonly folder?: RunFolder | undefined;
  readonly strip: boolean;
  readonly out?: string | undefined;
  readonly animation?: string | undefined;
  readonly again?: Pick<RunOptions, 'script' | 'resume'>;
}

/** A plugin with the services of the command line. */
export function begin({ plugin, parameters, engine, context, folder, strip, again }: Omit<Play, 'out'>): PluginRun {
  const services = {
    engine,
    pictures: (fields: readonly string[], signal?: AbortSignal) => gatherPictures(fields, {}, signal),
    read: (file: string) => readAllowed(file, {}),
    model: (name: string, signal: AbortSignal) => allowedModel(name, {}, signal),
    generate: (request: GenerateRequest, signal: AbortSignal) =>
      generatePictures(request, { folder: 'lodestone-generated', signal }),
    log: (message: string) => context.terminal.warn(message),
  };
  const checkpointEvery = folder ? CHECKPOINT_EVERY : 0;
  return runPlugin(plugin, parameters, services, { signal: context.signal, strip, checkpointEvery, ...again });
}
const CHECKPOINT_EVERY = 20;

interface Played {
  /** What --json says. */
  readonly result: Readonly<Record<string, unknown>>;
  /** The finished pictures, PNG. */
  readonly pictures: readonly Uint8Array[];
}

/** Runs a plugin, tells how it goes and keeps its pictures. */
export async function play(run: Play): Promise<void> {
  run.context.terminal.document((await played(run)).result);
}

/** The same with seeds that follow each other, and a sheet of all. */
async function playSeeds(run: Play, count: number): Promise<void> {
  const { context } = run;
  const given = z.looseObject({ seed: z.number().default(1) }).parse(run.parameters);
  const all: Played[] = [];
  for (let i = 0; i < count; i++) {
    const parameters = { ...given, seed: given.seed + i };
    const out = numbered(fileOf(run), i);
    all.push(await played({ ...run, parameters, out, animation: run.animation && numbered(run.animation, i) }));
  }
  const sheet = withEnding(fileOf(run), '-sheet.png');
  await writeWhole(sheet, await contactSheet(all.flatMap((p) => p.pictures)));
  context.terminal.line(sheet);
  context.terminal.document({ plugin: run.plugin.id, runs: all.map((p) => p.result), sheet });
}

/** Where the picture goes. */
function fileOf({ plugin, parameters, folder, out }: Play): string {
  const prompt = z.object({ prompt: z.string() }).safeParse(parameters);
  const name = basename(prompt.success ? prompt.data.prompt : plugin.id)
    .replace(/[^\w]+/g, '-')
    .slice(0, 60);
  return out ?? (folder ? join(folder.path, 'picture.png') : `${name}.png`);
}

/** Pictures and drawings of a run as they are written. */
class Kept {
  readonly pictures: Uint8Array[] = [];
  readonly told: object[] = [];
  private drawings = 0;
  private readonly file: string;
  private readonly context: Context;

  constructor(file: string, context: Context) {
    this.file = file;
    this.context = context;
  }

  /** Where only shapes are asked for, the PNG is kept only when there are none. Throws FILE_WRITE, NO_SHAPES. */
  async take(event: Extract<PluginEvent, { type: 'picture' }>): Promise<void> {
    const onlyShapes = isSvgName(this.file);
    if (event.mime === 'image/svg+xml') {
      const kept = await keep(event, numbered(withEnding(this.file, '.svg'), this.drawings), this.context);
      if (onlyShapes) this.told.push(kept);
      this.drawings += 1;
      return;
    }
    this.pictures.push(event.bytes);
    if (!onlyShapes) this.told.push(await keep(event, numbered(this.file, this.told.length), this.context));
    else if (this.drawings === 0) await keepWithoutShapes(this.file, event.bytes);
  }
}

async function played(run: Play): Promise<Played> {
  const { plugin, context, folder } = run;
  const kept = new Kept(fileOf(run), context);
  const result: Record<string, unknown> = { plugin: plugin.id };
  const moving = run.animation === undefined ? undefined : new Animation();
  for await (const event of begin(run).events) {
    await folder?.take(event);
    if (event.type === 'frame') moving?.add(event.bytes);
    else if (event.type === 'picture') await kept.take(event);
    else tell(event, context, result);
  }
  if (moving && run.animation !== undefined) {
    await moving.write(run.animation);
    context.terminal.line(run.animation);
  }
  const { told, pictures } = kept;
  return { result: { ...result, ...(told.length > 0 ? { pictures: told } : {}) }, pictures };
}

async function keep(
  event: Extract<PluginEvent, { type: 'picture' }>,
  file: string,
  { terminal }: Context,
): Promise<object> {
  if (event.mime === 'image/png') await writeStill(file, event.bytes);
  else await writeWhole(file, event.bytes);
  terminal.line(`${file}  ${event.width} x ${event.height}`);
  return {
    file,
    title: event.title,
    width: event.width,
    height: event.height,
    ...(event.record ? { record: event.record } : {}),
  };
}

function tell(event: PluginEvent, { terminal }: Context, result: Record<string, unknown>): void {
  if (event.type === 'progress') terminal.progress(event.done, event.total);
  else if (event.type === 'note') {
    terminal.warn(event.text);
    result['notes'] = [...((result['notes'] as string[] | undefined) ?? []), event.text];
  } else if (event.type === 'chart') {
    result['scores'] = event.series;
    if (event.percentiles) result['percentiles'] = event.percentiles;
  } else if (event.type === 'ranking') {
    terminal.line(event.title);
    for (const item of event.items)
      terminal.line(
        `${score(item.score)}${percent(item.percentile)}  ${item.picture}${item.values.length > 1 ? `  (${event.columns.map((c, i) => `${c}${score(item.values[i] ?? 0)}`).join(', ')})` : ''}`,
      );
    result['ranking'] = { title: event.title, columns: event.columns, items: event.items };
  }
}

/** One command a plugin, made from its schema. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import {
  checkPlace,
  contactSheet,
  type Engine,
  failure,
  firstRecipe,
  type GenerateRequest,
  issuesOf,
  type PluginEvent,
  type PluginRun,
  type Policy,
  plainError,
  type RegisteredPlugin,
  RunFolder,
  type RunOptions,
  runPlugin,
  takeLock,
  type Want,
  writeWhole,
} from '../../core/index.ts';
import { allowedModel, DATA, pluginFolder, pluginPlace, policyIn, readAllowed } from '../files.ts';
import { generatePictures } from '../generate-pictures.ts';
import { fileName } from '../names.ts';
import { gatherPictures } from '../pictures.ts';
import { ANIMATIONS, Animation, checkAnimation } from './animation.ts';
import { addFlags, parametersFrom } from './flags.ts';
import { grantedTo } from './grants.ts';
import { isSvgName, keepWithoutShapes, outNameSchema, withEnding, writeStill } from './out.ts';
import type { RecordedInputs } from './recorded-inputs.ts';
import { type Context, type Shared, withEngine } from './shared.ts';
import { answered, tell } from './tell.ts';

/** Seeds are 32 bits: the first follows the last. */
const SEEDS = 2 ** 32;

/** `heart.png`, and `heart-2.png` for the next. */
function numbered(path: string, count: number): string {
  const end = extname(path);
  return count === 0 ? path : `${path.slice(0, path.length - end.length)}-${count + 1}${end}`;
}

/** An option of every command that makes pictures. */
export const GATE = ['--gate <file>', 'a policy: pictures that it blocks are held back, with the reason'] as const;

export function pluginCommand(plugin: RegisteredPlugin, shared: Shared): Command {
  const command = new Command(plugin.id).aliases(plugin.aliases).description(plugin.description);
  const flags = addFlags(command, plugin.parameters);
  command
    .option('--out <file>', 'where to write the picture: .png, .jpg, .webp, or .svg for the shapes alone')
    .option('--run <folder>', 'keep a folder of the run: settings, scores, and checkpoints to take it up from')
    .option('--strip', 'leave out of the picture how it was made')
    .option(...GATE)
    .option('--animation <file>', 'the run as moving pictures: .webp, .gif, or .mp4 where ffmpeg is installed')
    .option('--variations <count>', 'so many pictures with seeds that follow each other, and a sheet of them');
  return shared.finish(command, async (context, words, options) => {
    const parameters = parametersFrom(flags, words, options);
    const given = optionsSchema.safeParse(options);
    if (!given.success) throw failure('USAGE', { what: issuesOf(given.error) });
    const { out, run, strip = false, animation, variations = 1, gate } = given.data;
    const policy = await policyIn(gate);
    if (variations > 1 && run !== undefined)
      throw failure('USAGE', { what: '--run keeps one run, so it does not go with --variations.' });
    // Before any work: the program that makes moving pictures may be missing, and so may the place.
    if (animation !== undefined) await checkAnimation(animation);
    for (const file of [out, animation]) if (file !== undefined) await checkPlace(file);
    const granted = await grantedTo(plugin, context);
    const folder = run === undefined ? undefined : new RunFolder(run);
    await folder?.take();
    try {
      if (run !== undefined && folder?.used) throw failure('RUN_EXISTS', { folder: run });
      await withEngine(context, async (engine) => {
        await folder?.begin(await firstRecipe(plugin, parameters, engine), policy);
        const one = { plugin, parameters, engine, context, folder, strip, out, animation, policy, granted };
        await (variations > 1 ? playSeeds(one, variations) : play(one));
      });
    } finally {
      await folder?.leave();
    }
  });
}

const optionsSchema = z.object({
  out: outNameSchema.optional(),
  run: z.string().min(1).optional(),
  strip: z.boolean().optional(),
  gate: z.string().min(1).optional(),
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
  /** Pictures of earlier runs that the file's name stands for, too. */
  readonly from?: number;
  readonly animation?: string | undefined;
  readonly policy?: Policy | undefined;
  readonly granted: readonly Want[];
  /** What the run was given, for one that is made again. */
  readonly inputs?: RecordedInputs;
  readonly again?: Pick<RunOptions, 'script' | 'resume' | 'others'>;
}

/** A plugin with the services of the command line. */
export function begin({
  plugin,
  parameters,
  engine,
  context,
  folder,
  strip,
  policy,
  again,
  granted,
  inputs,
}: Omit<Play, 'out'>): PluginRun {
  const services = {
    engine,
    pictures: (fields: readonly string[], signal?: AbortSignal, say?: (text: string) => void) =>
      inputs ? inputs.pictures(fields, signal) : gatherPictures(fields, {}, signal, say),
    read: (file: string) => (inputs ? inputs.read(file) : readAllowed(file, {})),
    model: (name: string, signal: AbortSignal) => allowedModel(name, { offline: context.offline }, signal),
    folder: (id: string) => pluginFolder(DATA, id),
    folderOf: (id: string) => pluginPlace(DATA, id),
    generate: (request: GenerateRequest, signal: AbortSignal, say: (text: string) => void) =>
      inputs?.generated(request) ?? generatePictures(request, { folder: resolve('lodestone-generated'), signal, say }),
    log: (message: string) => context.terminal.warn(message),
  };
  const checkpointEvery = folder ? CHECKPOINT_EVERY : 0;
  const held = policy ? { policy } : {};
  const options = { signal: context.signal, strip, checkpointEvery, granted, ...held, ...again };
  return runPlugin(plugin, parameters, services, options);
}
const CHECKPOINT_EVERY = 20;

interface Played {
  /** What --json says. */
  readonly result: Readonly<Record<string, unknown>>;
  /** Pictures that were written. */
  readonly written: number;
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
  const { file: base, release } = await reservedFileOf(run);
  try {
    let from = 0;
    for (let i = 0; i < count; i++) {
      const parameters = { ...given, seed: (given.seed + i) % SEEDS };
      const animation = run.animation && numbered(run.animation, i);
      // A run may make several pictures, which are numbered on.
      const one = await played({ ...run, parameters, out: base, from, animation });
      from += Math.max(1, one.written);
      all.push(one);
    }
  } finally {
    await release();
  }
  const runs = all.map((p) => p.result);
  const pictures = all.flatMap((p) => p.pictures);
  if (pictures.length === 0) return context.terminal.document({ plugin: run.plugin.id, runs });
  const sheet = withEnding(base, '-sheet.png');
  await writeWhole(sheet, (await contactSheet(pictures)).bytes);
  context.terminal.line(sheet);
  context.terminal.document({ plugin: run.plugin.id, runs, sheet });
}

/** Where the picture goes. */
function fileOf({ plugin, parameters, folder, out }: Play): string {
  const prompt = z.object({ prompt: z.string() }).safeParse(parameters);
  const name = fileName(basename(prompt.success ? prompt.data.prompt : plugin.id));
  return out ?? (folder ? join(folder.path, 'picture.png') : `${name}.png`);
}

interface Reserved {
  readonly file: string;
  readonly release: () => Promise<void>;
}

/** The same, or the next number: where nobody named a place, nothing that lies there is written over, nor what another command is about to write. */
async function reservedFileOf(run: Play): Promise<Reserved> {
  const wished = fileOf(run);
  const free = { file: wished, release: async () => undefined };
  if (run.out !== undefined || run.folder) return free;
  const taken = (file: string): boolean => existsSync(file) || existsSync(withEnding(file, '.svg'));
  for (let i = 0; ; i++) {
    const file = numbered(wished, i);
    if (taken(file)) continue;
    const lock = await takeLock(reservationOf(file)).catch(() => undefined);
    if (!lock) return { ...free, file };
    if ('heldBy' in lock) continue;
    if (!taken(file)) return { file, release: lock.release };
    await lock.release();
  }
}
/** Kept elsewhere, so that nothing is left in a folder of pictures. */
const reservationOf = (file: string): string =>
  join(tmpdir(), 'lodestone-names', createHash('sha256').update(resolve(file)).digest('hex'));

/** How well the last drawing fits, for people. */
const fitOf = ({ series, percentiles = {} }: Extract<PluginEvent, { type: 'chart' }>): string =>
  Object.entries(series)
    .map(([name, score]) => {
      const standing = percentiles[name];
      const percent = standing === undefined ? '' : `, fits better than ${Math.floor(standing)} % of everyday things`;
      return `    ${name}: ${score.toFixed(3)}${percent}`;
    })
    .join('\n');

/** What of a run is written: pictures, drawings, files, and its frames as moving pictures. */
class Kept {
  readonly pictures: Uint8Array[] = [];
  readonly told: object[] = [];
  readonly files: string[] = [];
  private drawings = 0;
  private chart: Extract<PluginEvent, { type: 'chart' }> | undefined;
  private readonly path: string;
  /** Pictures that were numbered before. */
  private readonly from: number;
  private readonly context: Context;
  private readonly moving: Animation | undefined;
  /** Whether a place for files was named. */
  private readonly asked: boolean;
  private passedOver = 0;

  constructor(file: string, { context, out, folder, from = 0 }: Play, moving: Animation | undefined) {
    this.path = file;
    this.from = from;
    this.context = context;
    this.moving = moving;
    this.asked = out !== undefined || folder !== undefined;
  }

  /** What only tells more is written where somebody asked for files. */
  end(): void {
    if (this.passedOver > 0)
      this.context.terminal.hint(
        `${this.passedOver === 1 ? 'A file' : `${this.passedOver} files`} with more of this can be had: name a place with --out or --run.`,
      );
  }

  /** Throws FILE_WRITE, NO_SHAPES. */
  async take(event: PluginEvent): Promise<void> {
    if ((event.type === 'file' || event.type === 'picture') && event.report && !this.asked) this.passedOver += 1;
    else if (event.type === 'chart') this.chart = event;
    else if (event.type === 'frame') this.moving?.add(event.bytes);
    else if (event.type === 'file') this.files.push(await keepFile(event, this.path, this.context));
    else if (event.type === 'picture' && event.mime === 'image/svg+xml') await this.drawing(event);
    else if (event.type === 'picture') await this.picture(event);
  }

  private async drawing(event: Picture): Promise<void> {
    const kept = await keep(event, numbered(withEnding(this.path, '.svg'), this.from + this.drawings), this.context);
    if (isSvgName(this.path)) this.told.push(kept);
    this.drawings += 1;
  }

  /** Where only shapes are asked for, the PNG is kept only when there are none. */
  private async picture(event: Picture): Promise<void> {
    this.pictures.push(event.bytes);
    if (!isSvgName(this.path))
      this.told.push(await keep(event, numbered(this.path, this.from + this.told.length), this.context));
    else if (this.drawings === 0) await keepWithoutShapes(this.path, event.bytes);
    const fit = event.shows === undefined && this.chart ? fitOf(this.chart) : '';
    if (fit) this.context.terminal.line(fit);
  }
}
type Picture = Extract<PluginEvent, { type: 'picture' }>;

async function played(run: Play): Promise<Played> {
  const { file, release } = await reservedFileOf(run);
  try {
    return await playedInto(file, run);
  } finally {
    await release();
  }
}

async function playedInto(file: string, run: Play): Promise<Played> {
  const { plugin, context, folder, animation } = run;
  const moving = animation === undefined ? undefined : new Animation();
  const kept = new Kept(file, run, moving);
  const result: Record<string, unknown> = { plugin: plugin.id };
  const started = begin(run);
  try {
    for await (const event of started.events) {
      await folder?.keep(event);
      await kept.take(event);
      if (event.type === 'question') await answered(event, started, context);
      else tell(event, context, result);
    }
  } catch (thrown) {
    if (folder && context.signal.aborted) context.terminal.warn(`It can be taken up: lodestone resume ${folder.path}`);
    // What ended the run is what is told, whatever else cannot be written now.
    await folder?.end().catch((also: unknown) => context.terminal.warn(plainError(also).message));
    throw thrown;
  }
  await folder?.end();
  kept.end();
  if (moving && animation !== undefined) {
    if (await moving.write(animation)) context.terminal.line(animation);
    else context.terminal.warn(`${animation} was not written: ${plugin.title} showed no frames.`);
  }
  const { told, pictures, files } = kept;
  return {
    result: { ...result, ...(told.length > 0 ? { pictures: told } : {}), ...(files.length > 0 ? { files } : {}) },
    written: told.length,
    pictures,
  };
}

const ENDINGS = { 'image/jpeg': '.jpg', 'image/webp': '.webp', 'image/svg+xml': '.svg' };
/** A picture that comes encoded has the ending of what it is. */
const ownEnding = ({ mime }: Picture, file: string): string =>
  mime === 'image/png' ? file : withEnding(file, ENDINGS[mime]);

async function keep(
  event: Extract<PluginEvent, { type: 'picture' }>,
  file: string,
  { terminal }: Context,
): Promise<object> {
  const place = ownEnding(event, file);
  if (event.mime === 'image/png') await writeStill(place, event.bytes);
  else await writeWhole(place, event.bytes);
  terminal.line(`${place}  ${event.width} x ${event.height}`);
  return {
    file: place,
    title: event.title,
    width: event.width,
    height: event.height,
    ...(event.record ? { record: event.record } : {}),
  };
}

/** Reports and lists go beside the picture. */
async function keepFile(
  event: Extract<PluginEvent, { type: 'file' }>,
  picture: string,
  { terminal }: Context,
): Promise<string> {
  // Nothing that lies there is written over: it may be what the run was given.
  const place = join(dirname(picture), event.name);
  let file = place;
  for (let i = 1; existsSync(file); i++) file = numbered(place, i);
  await writeWhole(file, event.bytes);
  terminal.line(file);
  return file;
}

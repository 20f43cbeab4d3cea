/** A folder that explains a run: how it was made, its scores, the state that it can be taken up from, and its picture. Every file is whole at any moment. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { type Policy, parsePolicy } from '../engine/policy.ts';
import { failure, messageOf } from '../errors.ts';
import { sweepParts, writeWhole } from '../files.ts';
import { beforeSchema, type Checkpoint, checkpointSchema } from '../guidance/protocol.ts';
import { takeLock } from '../lock.ts';
import { linePlot } from '../plot.ts';
import { parsedJson } from '../schemas.ts';
import { chartEventSchema, type PluginEvent } from './events.ts';
import { parseRecipe, type Recipe, recipeSchema } from './run-record.ts';
import { type Script, scriptSchema } from './steer.ts';

type ChartPoint = Extract<PluginEvent, { type: 'chart' }>;
const FILES = {
  recipe: 'run.json',
  policy: 'policy.json',
  checkpoint: 'checkpoint.bin',
  scores: 'scores.csv',
  plot: 'scores.svg',
  readme: 'README.md',
  lock: '.lock',
};

const lengthSchema = z.int().nonnegative();
/** The head of a checkpoint's file; the numbers follow it, little-endian, in its order, and then the pictures of drawings before it. */
const headSchema = checkpointSchema.omit({ values: true, before: true }).extend({
  before: beforeSchema
    .extend({
      gave: z.array(beforeSchema.shape.gave.element.omit({ bytes: true }).extend({ length: lengthSchema })).max(400),
    })
    .exactOptional(),
  script: scriptSchema,
  chart: z.array(chartEventSchema).max(100_000),
  values: z.array(z.object({ name: z.string().max(100), length: lengthSchema })).max(1000),
});

export interface Resumable {
  readonly checkpoint: Checkpoint;
  readonly script: Script;
  /** The scores until then. */
  readonly chart: readonly ChartPoint[];
}

/** Tells files that carry a checksum; the length of a head that earlier versions began with is never so large. */
const MARK = Buffer.from('LCK2');

/** A mark, the CRC-32 of what follows, the head's length (both 4 bytes, little-endian), the head as JSON, the numbers, the pictures. */
export function encodeCheckpoint({ checkpoint, script, chart }: Resumable): Uint8Array {
  const { values: numbers, before, ...course } = checkpoint;
  const values = Object.entries(numbers);
  const head = new TextEncoder().encode(
    JSON.stringify({
      ...course,
      ...(before
        ? { before: { ...before, gave: before.gave.map(({ bytes, ...g }) => ({ ...g, length: bytes.byteLength })) } }
        : {}),
      script,
      chart,
      values: values.map(([name, { length }]) => ({ name, length })),
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.byteLength);
  const body = Buffer.concat([
    length,
    head,
    ...values.map(([, data]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    ...(before?.gave.map(({ bytes }) => bytes) ?? []),
  ]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(body));
  return Buffer.concat([MARK, sum, body]);
}

/** What the checksum is of. Throws CHECKPOINT_INVALID. */
function summed(bytes: Uint8Array): Uint8Array {
  if (Buffer.compare(bytes.subarray(0, MARK.length), MARK) !== 0) return bytes;
  const body = bytes.subarray(MARK.length + 4);
  const sum = bytes.byteLength < MARK.length + 4 ? -1 : Buffer.from(bytes).readUInt32LE(MARK.length);
  if (crc32(body) !== sum) throw failure('CHECKPOINT_INVALID', { what: 'its file is damaged' });
  return body;
}

/** Throws CHECKPOINT_INVALID. */
export function decodeCheckpoint(file: Uint8Array): Resumable {
  const bytes = summed(file);
  const invalid = (what: string): never => {
    throw failure('CHECKPOINT_INVALID', { what });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes.byteLength < 4 ? 0 : 4 + view.getUint32(0, true);
  if (start === 0 || start > bytes.byteLength) return invalid('its file is cut short');
  let head: z.infer<typeof headSchema>;
  try {
    head = headSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(4, start))));
  } catch {
    return invalid('its file does not begin as it should');
  }
  const { script, chart, values, before, ...course } = head;
  const lengths = [...values.map((v) => 4 * v.length), ...(before?.gave.map(({ length }) => length) ?? [])];
  const total = lengths.reduce((sum, length) => sum + length, start);
  if (total !== bytes.byteLength) return invalid(`its file has ${bytes.byteLength} bytes, and ${total} are due`);
  let at = start;
  const numbers = values.map(({ name, length }) => {
    const data = new Float32Array(Uint8Array.from(bytes.subarray(at, at + 4 * length)).buffer);
    at += 4 * length;
    return [name, data] as const;
  });
  const gave = before?.gave.map(({ length, ...g }) => {
    const own = Uint8Array.from(bytes.subarray(at, at + length));
    at += length;
    return { ...g, bytes: own };
  });
  return {
    checkpoint: checkpointSchema.parse({
      ...course,
      values: Object.fromEntries(numbers),
      ...(before ? { before: { ...before, gave } } : {}),
    }),
    script,
    chart,
  };
}

/** SHA-256 of what a run.json says, so that no damage passes for another run. */
const sumOf = (recipe: Recipe): string => createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
const summedSchema = z.looseObject({ sum: z.string().optional() });

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** The score history as CSV: one row a step, one column a prompt and one for how it stands among everyday captions. */
function scoresCsv(points: readonly ChartPoint[]): string {
  const names = [...new Set(points.flatMap((p) => Object.keys(p.series)))];
  const rows = points.map((p) =>
    [p.x, ...names.flatMap((n) => [p.series[n] ?? '', p.percentiles?.[n] ?? ''])].join(','),
  );
  const head = ['step', ...names.flatMap((n) => [quoted(n), quoted(`${n} (percentile)`)])].join(',');
  return `${[head, ...rows].join('\n')}\n`;
}

/** How the scores went, as a picture. */
function scoresPlot(points: readonly ChartPoint[], title: string): string {
  const names = [...new Set(points.flatMap((p) => Object.keys(p.series)))];
  const series = names.map((name) => ({
    name,
    points: points.flatMap((p) => (p.series[name] === undefined ? [] : [[p.x, p.series[name]] as const])),
  }));
  return linePlot({ title, x: 'step', y: 'cosine', series });
}

const about = ({ plugin, parameters }: Recipe, path: string): string =>
  [
    `# A run of ${plugin.id}`,
    '',
    typeof parameters['prompt'] === 'string' ? `> ${parameters['prompt']}\n` : '',
    '- `run.json`: how it is made: plugin, parameters, seed, model; and, when it has ended, what was changed',
    '- `checkpoint.bin`: where it can be taken up again',
    '- `scores.csv`, `scores.svg`: its scores, step by step',
    '- `picture.png` (and `picture.svg`, where it is made of shapes): what came out, with how it was made inside',
    '',
    `Take it up again: \`lodestone resume ${path}\`. Make it again: \`lodestone replay ${path}\`. Check it: \`lodestone verify ${path}/picture.png\`.`,
    '',
  ].join('\n');

export class RunFolder {
  readonly path: string;
  private chart: ChartPoint[] = [];

  constructor(path: string) {
    this.path = path;
  }

  /** Whether a run was begun in it. */
  get used(): boolean {
    return existsSync(join(this.path, FILES.recipe));
  }

  /** A policy is kept with the run, so that what is taken up from it is gated too. What an earlier run left to go on from is removed. */
  async begin(recipe: Recipe, policy?: Policy): Promise<void> {
    for (const file of [FILES.checkpoint, FILES.policy, FILES.scores, FILES.plot])
      await rm(join(this.path, file), { force: true });
    await writeWhole(join(this.path, FILES.readme), about(recipe, basename(this.path)));
    if (policy) await this.keepPolicy(policy);
    await this.write(recipe);
  }
  private async write(recipe: Recipe): Promise<void> {
    await writeWhole(join(this.path, FILES.recipe), json({ ...recipe, sum: sumOf(recipe) }));
  }
  async keepPolicy(policy: Policy): Promise<void> {
    await writeWhole(join(this.path, FILES.policy), json(policy));
  }

  /** Takes the folder for this process, until it is left. Throws RUN_BUSY. */
  async take(): Promise<void> {
    const taken = await takeLock(join(this.path, FILES.lock)).catch((cause: unknown) => {
      throw failure('FILE_WRITE', { path: this.path, what: messageOf(cause) }, cause);
    });
    if ('heldBy' in taken) throw failure('RUN_BUSY', { folder: this.path, pid: taken.heldBy });
    this.release = taken.release;
    await sweepParts(this.path);
  }
  async leave(): Promise<void> {
    await this.release?.();
    this.release = undefined;
  }
  private release: (() => Promise<void>) | undefined;

  /** Keeps what of a run belongs into the folder. */
  async keep(event: PluginEvent): Promise<void> {
    if (event.type === 'chart') {
      // One point a step: what is said of it later, a judge's verdict say, takes its place.
      if (this.chart.at(-1)?.x === event.x) this.chart.pop();
      this.chart.push(event);
    } else if (event.type === 'rewound') this.chart = this.chart.filter((p) => p.x <= event.step);
    else if (event.type === 'checkpoint') {
      const { checkpoint, script } = event;
      await writeWhole(join(this.path, FILES.checkpoint), encodeCheckpoint({ checkpoint, script, chart: this.chart }));
    } else if (event.type === 'picture') {
      // What it says of itself holds what was changed, and all models.
      const recipe = recipeSchema.safeParse(event.record);
      if (recipe.success) await this.write(recipe.data);
    }
  }

  /** However a run ended, its scores are there. */
  async end(): Promise<void> {
    if (this.chart.length === 0) return;
    await writeWhole(join(this.path, FILES.scores), scoresCsv(this.chart));
    await writeWhole(join(this.path, FILES.plot), scoresPlot(this.chart, `The scores of ${basename(this.path)}`));
  }

  /** How the run was begun. Throws FILE_MISSING, RECORD_INVALID. */
  async recipe(): Promise<Recipe> {
    const path = join(this.path, FILES.recipe);
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw failure('FILE_MISSING', { path }, cause);
    });
    const recipe = parseRecipe(text, path);
    const sum = parsedJson(summedSchema, text, (what) => failure('RECORD_INVALID', { where: path, what }))['sum'];
    if (sum !== undefined && sum !== sumOf(recipe))
      throw failure('RECORD_INVALID', {
        where: path,
        what: 'its checksum is of another text: it is damaged, or was changed by hand (then take "sum" out of it)',
      });
    return recipe;
  }

  /** The policy that it was begun with; nothing where no run was. Throws POLICY_INVALID. */
  async policy(): Promise<Policy | undefined> {
    const path = join(this.path, FILES.policy);
    if (!existsSync(path) || !this.used) return undefined;
    return parsePolicy(await readFile(path, 'utf8'), path);
  }

  /** Where it can be taken up; nothing before its first checkpoint. Throws CHECKPOINT_INVALID. */
  async resumable(): Promise<Resumable | undefined> {
    const bytes = await readFile(join(this.path, FILES.checkpoint)).catch(() => undefined);
    const found = bytes && decodeCheckpoint(bytes);
    this.chart = [...(found?.chart ?? [])];
    return found;
  }
}

/** A CLIP model in this process: embeddings of pixel values and token ids, and their exact gradients. Runs block; use it in a child process. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { joinedFloats } from '../arrays.ts';
import { gradients } from '../autodiff/sweep.ts';
import { failure } from '../errors.ts';
import type { Session, Shape } from '../graph/index.ts';
import { compile, trace } from '../graph/index.ts';
import { float32, floatsOf, int64, openFile } from '../graph/session.ts';
import { framedSide } from './config.ts';
import type { ModelFolder } from './folder.ts';
import { openFolder, readGraph, readJson } from './folder.ts';
import type { LogitForm } from './logits.ts';
import { logitFormOf } from './logits.ts';
import { keptSession, remembered } from './remembered.ts';
import { cosines } from './similarity.ts';
import { styleLayers, styleProfile } from './style.ts';
import type { TextTokenizer } from './tokenizer.ts';
import { createTokenizer } from './tokenizer.ts';
import type { Tower } from './towers.ts';
import { callTower, companion, fixedLength, mainInput, tokenEmbeddings, towerOf } from './towers.ts';

export interface ModelOptions {
  /** Threads inside one operator; onnxruntime's own choice when absent. */
  readonly threads?: number;
}

/** What a caller may know of a model. */
export interface ModelInfo {
  readonly folder: string;
  readonly family: string;
  readonly hash: string;
  /** Side of the square pictures that it sees, in pixels. */
  readonly side: number;
  readonly context: number;
  readonly activation: 'softmax' | 'sigmoid';
  readonly logits: LogitForm;
  readonly towers: readonly ('image' | 'text')[];
}

const BATCH = 16;

/** One embedding a row, each of length one. */
export interface Embeddings {
  readonly count: number;
  readonly dimension: number;
  readonly data: Float32Array;
}

export class ClipModel {
  readonly folder: ModelFolder;
  private readonly threads: number | undefined;
  private readonly towers = new Map<'image' | 'text', Promise<Tower>>();
  private readonly sessions = new Map<string, Promise<Session>>();
  private readonly fixed = new Map<string, Promise<Session>>();
  private words: Promise<TextTokenizer> | undefined;
  private known: Promise<ModelInfo> | undefined;

  private constructor(folder: ModelFolder, options: ModelOptions) {
    this.folder = folder;
    this.threads = options.threads;
  }

  /** Throws MODEL_MISSING, MODEL_BROKEN. Graphs are read when they are first needed. */
  static async open(path: string, options: ModelOptions = {}): Promise<ClipModel> {
    return new ClipModel(await openFolder(path), options);
  }

  get compileOptions(): { readonly folder: string; readonly threads?: number } {
    return { folder: this.folder.graphs, ...(this.threads ? { threads: this.threads } : {}) };
  }

  /** Throws MODEL_PART when the folder lacks it. */
  tower(kind: 'image' | 'text'): Promise<Tower> {
    return remembered(this.towers, kind, async () => towerOf(await readGraph(this.folder, this.fileOf(kind)), kind));
  }

  private fileOf(kind: 'image' | 'text'): string {
    const file = (kind === 'image' ? this.folder.vision : this.folder.text) ?? this.folder.combined;
    if (!file) throw failure('MODEL_PART', { folder: this.folder.path, part: `${kind} tower` });
    return file;
  }

  /** A tower as it is on disk, sizes symbolic; a combined file is cut to the tower first. */
  private session(kind: 'image' | 'text'): Promise<Session> {
    return remembered(this.sessions, kind, async () => {
      const split = kind === 'image' ? this.folder.vision : this.folder.text;
      if (split) return openFile(join(this.folder.graphs, split), this.compileOptions);
      return compile((await this.tower(kind)).graph, this.compileOptions);
    });
  }

  tokenizer(): Promise<TextTokenizer> {
    this.words ??= this.loadTokenizer();
    return this.words;
  }
  private async loadTokenizer(): Promise<TextTokenizer> {
    const file = join(this.folder.path, 'tokenizer.json');
    const json = await readJson(file);
    if (json === undefined)
      throw failure('MODEL_MISSING', { folder: this.folder.path, what: 'it has no tokenizer.json' });
    const context = fixedLength(await this.tower('text')) ?? this.folder.config.context;
    return createTokenizer(json, await readJson(join(this.folder.path, 'tokenizer_config.json')), {
      context,
      pad: this.folder.config.padToken,
      file,
    });
  }

  info(): Promise<ModelInfo> {
    this.known ??= this.describe();
    return this.known;
  }
  private async describe(): Promise<ModelInfo> {
    const { path, config, vision, text, combined } = this.folder;
    const whole = combined ? logitFormOf(await readGraph(this.folder, combined)) : undefined;
    return {
      folder: path,
      family: config.family,
      hash: await hashOf([vision, text, combined].flatMap((f) => (f ? [join(this.folder.graphs, f)] : []))),
      side: await this.side(),
      context: config.context,
      activation: config.activation,
      logits: whole ?? { scale: Math.exp(config.logLogitScale), bias: 0 },
      towers: [...(vision || combined ? (['image'] as const) : []), ...(text || combined ? (['text'] as const) : [])],
    };
  }

  /** Side of the square pictures that the image tower sees, in pixels. */
  async side(): Promise<number> {
    const { vision, combined, preprocessing } = this.folder;
    return (vision || combined ? fixedLength(await this.tower('image')) : undefined) ?? framedSide(preprocessing);
  }

  /** Embeddings of normalised pixel values [count, 3, side, side]. */
  async embedPixels(pixels: Float32Array, count: number): Promise<Embeddings> {
    const tower = await this.tower('image');
    const session = await this.session('image');
    const side = await this.side();
    const each = 3 * side * side;
    const rows = await inBatches(
      count,
      fixedBatch(tower),
      (from, size) =>
        session.run(
          { [tower.input]: float32(pixels.subarray(from * each, (from + size) * each), [size, 3, side, side]) },
          [tower.embedding],
        ),
      tower.embedding,
    );
    return normalised(rows, count);
  }

  async embedTexts(texts: readonly string[]): Promise<Embeddings> {
    const tokenizer = await this.tokenizer();
    return this.embedTokens(texts.map((text) => tokenizer.encode(text)));
  }

  async embedTokens(
    encoded: readonly { readonly ids: readonly number[]; readonly used: number }[],
  ): Promise<Embeddings> {
    const tower = await this.tower('text');
    const session = await this.session('text');
    const length = encoded[0]?.ids.length ?? 0;
    const run = (from: number, size: number): ReturnType<Session['run']> => {
      const part = encoded.slice(from, from + size);
      const shape: Shape = [size, length];
      const used = part.map((e) => e.used);
      const others = tower.graph.inputs
        .filter((i) => i.name !== tower.input)
        .map((i) => [i.name, int64(companion(i.name, shape, used), shape)] as const);
      return session.run(
        {
          ...Object.fromEntries(others),
          [tower.input]: int64(
            part.flatMap((e) => e.ids),
            shape,
          ),
        },
        [tower.embedding],
      );
    };
    return normalised(await inBatches(encoded.length, fixedBatch(tower), run, tower.embedding), encoded.length);
  }

  /** Style profiles of normalised pixel values, see style.ts: one unit row each. */
  async styleProfiles(pixels: Float32Array, count: number): Promise<Embeddings> {
    const side = await this.side();
    const shape: Shape = [count, 3, side, side];
    if (count === 0) return { count, dimension: 0, data: new Float32Array() };
    const session = await keptSession(this.fixed, `style ${count}`, async () => {
      const tower = await this.tower('image');
      const layers = styleLayers(tower, side);
      return compile(
        trace(`style of ${this.folder.path}`, (t) => ({
          profile: styleProfile(t, tower, t.input('pixels', shape), layers).profile,
        })),
        this.compileOptions,
      );
    });
    const data = floatsOf((await session.run({ pixels: float32(pixels, shape) }))['profile']);
    return { count, dimension: data.length / count, data };
  }

  /**
   * sum(weights * cosines) of pictures and given embeddings, and its gradient with respect to normalised pixel values.
   * `weights` is [count, embeddings.count].
   */
  async pixelGradient(
    pixels: Float32Array,
    count: number,
    against: Embeddings,
    weights: Float32Array,
  ): Promise<{ value: number; cosines: Float32Array; gradient: Float32Array }> {
    const side = await this.side();
    const shape: Shape = [count, 3, side, side];
    const session = await keptSession(this.fixed, `pixels ${count} ${against.count}`, async () => {
      const tower = await this.tower('image');
      const graph = trace(`pixel gradient of ${this.folder.path}`, (t) => {
        const x = t.input('pixels', shape);
        const all = cosines(callTower(t, tower, x).embedding, t.input('against', [against.count, against.dimension]));
        const value = all.mul(t.input('weights', [count, against.count])).sum();
        const [gradient = x] = gradients(value, [x]);
        return { value, cosines: all, gradient };
      });
      return compile(graph, this.compileOptions);
    });
    const out = await session.run({
      pixels: float32(pixels, shape),
      against: float32(against.data, [against.count, against.dimension]),
      weights: float32(weights, [count, against.count]),
    });
    return {
      value: floatsOf(out['value'])[0] ?? 0,
      cosines: floatsOf(out['cosines']),
      gradient: floatsOf(out['gradient']),
    };
  }

  /** sum(weights * cosines) of one text and given embeddings, and its gradient with respect to the text's token embeddings [length, width]. */
  async tokenGradient(
    text: string,
    against: Embeddings,
    weights: Float32Array,
  ): Promise<{ value: number; tokens: string[]; shape: Shape; gradient: Float32Array }> {
    const tokenizer = await this.tokenizer();
    const { ids, used } = tokenizer.encode(text);
    const tower = await this.tower('text');
    const inside = tokenEmbeddings(tower);
    const graph = trace(`token gradient of ${this.folder.path}`, (t) => {
      const { dtype } = mainInput(tower);
      const { embedding, values } = callTower(t, tower, t.input('ids', [1, ids.length], dtype), [inside], [used]);
      const value = cosines(embedding, t.input('against', [against.count, against.dimension]))
        .mul(t.input('weights', [1, against.count]))
        .sum();
      const source = values[inside] ?? embedding;
      const [gradient = value] = gradients(value, [source]);
      return { value, gradient };
    });
    const session = await compile(graph, this.compileOptions);
    const out = await session.run({
      ids: int64(ids, [1, ids.length]),
      against: float32(against.data, [against.count, against.dimension]),
      weights: float32(weights, [1, against.count]),
    });
    await session.release();
    const gradient = floatsOf(out['gradient']);
    return {
      value: floatsOf(out['value'])[0] ?? 0,
      tokens: ids.slice(0, used).map((id) => tokenizer.token(id)),
      shape: [ids.length, gradient.length / ids.length],
      gradient,
    };
  }
}

function fixedBatch(tower: Tower): number {
  const [batch] = mainInput(tower).shape;
  return typeof batch === 'number' ? batch : BATCH;
}

/** Runs in batches and joins the rows of one output. A graph with a fixed batch of one runs picture by picture. */
async function inBatches(
  count: number,
  batch: number,
  run: (from: number, size: number) => ReturnType<Session['run']>,
  output: string,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let from = 0; from < count; from += batch)
    parts.push(floatsOf((await run(from, Math.min(batch, count - from)))[output]));
  return joinedFloats(parts);
}

function normalised(rows: Float32Array, count: number): Embeddings {
  const dimension = count === 0 ? 0 : rows.length / count;
  for (let row = 0; row < count; row++) {
    const part = rows.subarray(row * dimension, (row + 1) * dimension);
    const length = Math.hypot(...part) || 1;
    for (let i = 0; i < dimension; i++) part[i] = (part[i] ?? 0) / length;
  }
  return { count, dimension, data: rows };
}

/** SHA-256 over the graphs' bytes, in order. */
async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

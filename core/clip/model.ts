/** A CLIP model in this process: embeddings of pixel values and token ids, and their exact gradients. Runs block; use it in a child process. */
import { join } from 'node:path';
import { gradients } from '../autodiff/sweep.ts';
import { failure } from '../errors.ts';
import type { Session, Shape } from '../graph/index.ts';
import { compile, sizeOf, trace } from '../graph/index.ts';
import type { CompileOptions } from '../graph/session.ts';
import { float32, floatsOf, openFile, wholeNumbers } from '../graph/session.ts';
import { NOWHERE } from '../store/kept.ts';
import type { Embeddings } from './batches.ts';
import { filled, inBatches, normalised } from './batches.ts';
import { atSide, framedSide } from './config.ts';
import type { ModelFolder } from './folder.ts';
import { openFolder, readGraph, readJson } from './folder.ts';
import { hashOf } from './hash-files.ts';
import type { LogitForm } from './logits.ts';
import { logitFormOf } from './logits.ts';
import { keptSession, once, remembered } from './remembered.ts';
import { type SaliencyPlan, saliencyGraph, saliencyPlan } from './saliency.ts';
import { cosines } from './similarity.ts';
import type { Store } from './store.ts';
import { styleLayers, styleProfile } from './style.ts';
import type { TextTokenizer } from './tokenizer.ts';
import { createTokenizer, tokenizerWishes } from './tokenizer.ts';
import type { Tower, TowerKind } from './towers.ts';
import {
  callTower,
  channelsLast,
  companion,
  couldHold,
  fixedLength,
  mainInput,
  rowsOf,
  tokenEmbeddings,
  towerOf,
  vocabularyOf,
} from './towers.ts';
import { projectedWidth } from './width.ts';

export interface ModelOptions {
  /** Threads inside one operator; onnxruntime's own choice when absent. */
  readonly threads?: number;
  /** A precision that the folder offers beside its plain graphs: fp16, quantized, q4. */
  readonly variant?: string;
  /** When quantised weights become real numbers for gradients: once (the default), or at each run to save memory. */
  readonly dequantise?: 'once' | 'each-run';
  /** Remembers hashes of large files; nothing is remembered when absent. */
  readonly store?: Store;
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
  /** Factor and offset from cosines to logits, and where they come from: the combined graph, the configuration, or what such models usually have. */
  readonly logits: LogitForm & { readonly source: 'graph' | 'config' | 'assumed' };
  readonly towers: readonly TowerKind[];
  /** The second image tower, whose gradients guide: its file, and the side of the pictures that it sees. Absent where one tower does both. */
  readonly guiding?: { readonly file: string; readonly side: number };
  /** Numbers in an embedding; absent for a folder without an image tower. */
  readonly dimension?: number;
  /** The precision in use ('' for the plain graphs), and all that the folder offers. */
  readonly variant: string;
  readonly variants: readonly string[];
}

export interface TokenGradient {
  readonly value: number;
  readonly tokens: readonly string[];
  /** Which of the tokens are the text's, from the first to beyond the last: others mark its beginning and its end. */
  readonly own: { readonly from: number; readonly to: number };
  /** Of the gradient: tokens with padding, numbers of an embedding. */
  readonly shape: Shape;
  readonly gradient: Float32Array;
}

/** A text and what of it a text tower does not see. */
export interface CutText {
  readonly text: string;
  readonly unseen: string;
}
interface Encoded {
  readonly ids: readonly number[];
  readonly used: number;
}
/** Numbers of unit rows that differ by less are the same, rounding apart. */
const SAME_NUMBER = 1e-4;

export class ClipModel {
  readonly folder: ModelFolder;
  private readonly options: ModelOptions;
  private readonly towers = new Map<TowerKind, Promise<Tower>>();
  private readonly sessions = new Map<string, Promise<Session>>();
  private readonly fixed = new Map<string, Promise<Session>>();
  private readonly words = once(() => this.loadTokenizer());
  private readonly known = once(() => this.describe());
  private readonly hashed = once(() => this.hashFiles());
  private readonly looked = once(async () => saliencyPlan(await this.tower('image'), await this.side()));
  private readonly store: Store;
  /** The model whose second image tower this is, or this itself: words, and pictures that are compared, are read by it. */
  readonly whole: ClipModel;
  private readonly second: ClipModel | undefined;

  private constructor(folder: ModelFolder, options: ModelOptions, whole?: ClipModel) {
    this.folder = folder;
    this.options = options;
    this.store = options.store ?? NOWHERE;
    this.whole = whole ?? this;
    const { guiding, combined: _both, text: _words, vision: _clean, ...rest } = folder;
    if (!guiding) return;
    const { file, side } = guiding;
    this.second = new ClipModel(
      { ...rest, vision: file, preprocessing: atSide(rest.preprocessing, side) },
      options,
      this,
    );
  }

  /** Throws MODEL_MISSING, MODEL_BROKEN. Graphs are read when they are first needed. */
  static async open(path: string, options: ModelOptions = {}): Promise<ClipModel> {
    return new ClipModel(await openFolder(path, options.variant), options);
  }

  get compileOptions(): CompileOptions {
    const { threads, dequantise = 'once' } = this.options;
    return { folder: this.folder.graphs, dequantise, ...(threads ? { threads } : {}) };
  }

  /** The eye whose gradients guide, a model of its own in the same space: the folder's guiding tower, or this model where it has none. Throws MODEL_BROKEN. */
  guidingEye(): Promise<ClipModel> {
    return this.eye();
  }
  private readonly eye = once(async (): Promise<ClipModel> => {
    if (!this.second) return this;
    const [own, other] = [await this.dimension(), await this.second.seen()];
    if (own !== other)
      throw failure('MODEL_BROKEN', {
        file: join(this.folder.graphs, this.folder.guiding?.file ?? ''),
        what: `its embeddings have ${other} numbers, and those of the model that it guides for ${own}`,
      });
    return this.second;
  });

  /** Frees what its sessions hold; they are made anew should it be used again. */
  async close(): Promise<void> {
    await this.second?.close();
    const open = [...this.sessions.values(), ...this.fixed.values()];
    this.sessions.clear();
    this.fixed.clear();
    const made = await Promise.allSettled(open);
    await Promise.all(made.flatMap((found) => (found.status === 'fulfilled' ? [found.value.release()] : [])));
  }

  /** Throws MODEL_PART when the folder lacks it. */
  tower(kind: TowerKind): Promise<Tower> {
    return remembered(this.towers, kind, async () => towerOf(await readGraph(this.folder, this.fileOf(kind)), kind));
  }

  private fileOf(kind: TowerKind): string {
    const file = (kind === 'image' ? this.folder.vision : this.folder.text) ?? this.folder.combined;
    if (!file) throw failure('MODEL_PART', { folder: this.folder.path, part: `${kind} tower` });
    return file;
  }

  /** A tower as it is on disk, sizes symbolic; a combined file is cut to the tower first. */
  private session(kind: TowerKind): Promise<Session> {
    return remembered(this.sessions, kind, async () => {
      const split = kind === 'image' ? this.folder.vision : this.folder.text;
      // The tower is read first: that checks the file and where its weights lie.
      const { graph } = await this.tower(kind);
      if (split) return openFile(join(this.folder.graphs, split), this.compileOptions);
      return compile(graph, this.compileOptions);
    });
  }

  tokenizer(): Promise<TextTokenizer> {
    return this.words();
  }
  private async loadTokenizer(): Promise<TextTokenizer> {
    const { tokenizer, tokenizerConfig, path, config } = this.folder;
    const json = await readJson(tokenizer);
    if (tokenizer === undefined || json === undefined)
      throw failure('MODEL_MISSING', { folder: path, what: 'it has no tokenizer.json' });
    const settings = await readJson(tokenizerConfig);
    const wished = tokenizerWishes(json, settings).length ?? config.context;
    const context = fixedLength(await this.tower('text')) ?? Math.min(wished, config.context);
    const made = createTokenizer(json, settings, { context, pad: config.padToken, file: tokenizer });
    await this.checkVocabulary(made, tokenizer);
    return made;
  }
  /** A tokenizer of another model gives ids that the table of embeddings does not have. */
  private async checkVocabulary(tokenizer: TextTokenizer, file: string): Promise<void> {
    const tower = await this.tower('text');
    const rows = vocabularyOf(tower);
    const highest = Math.max(...tokenizer.encode('a photo of a cat, zebra & 9 \u00e9').ids);
    if (rows !== undefined && highest >= rows)
      throw failure('MODEL_BROKEN', {
        file,
        what: `it gives the token id ${highest}, but the text tower knows only ${rows} tokens. It belongs to another model; fetch the one beside these graphs`,
      });
  }

  info(): Promise<ModelInfo> {
    return this.known();
  }
  private async describe(): Promise<ModelInfo> {
    const { path, config, vision, text, combined, guiding, variants } = this.folder;
    const whole = combined ? await readGraph(this.folder, combined) : undefined;
    const form = whole && logitFormOf(whole);
    const logits = form ? { ...form, source: 'graph' as const } : config.logits;
    if (!Number.isFinite(logits.scale) || !Number.isFinite(logits.bias))
      throw failure('MODEL_BROKEN', { file: path, what: 'the scale of its logits is not a number' });
    const towers = (['image', 'text'] as const).filter(
      (kind) => (kind === 'image' ? vision : text) ?? (whole && couldHold(whole, kind)),
    );
    return {
      folder: path,
      family: config.family,
      hash: await this.hash(),
      side: await this.side(),
      context: config.context,
      activation: form && form.bias !== 0 ? 'sigmoid' : config.activation,
      logits,
      towers,
      ...(guiding ? { guiding } : {}),
      ...(towers.includes('image') ? { dimension: await this.dimension() } : {}),
      variant: this.options.variant ?? (variants.includes('') ? '' : (variants[0] ?? '')),
      variants,
    };
  }

  /** SHA-256 of all that what the model says depends on: graphs, weights and settings. */
  hash(): Promise<string> {
    return this.hashed();
  }
  private async hashFiles(): Promise<string> {
    if (this.whole !== this) return this.whole.hash();
    const { graphs, vision, text, combined, guiding, settings } = this.folder;
    const files = [vision, text, combined, guiding?.file].flatMap((f) => (f ? [join(graphs, f)] : []));
    // A combined file with one tower only has no weights of the other.
    const weights = await Promise.all([
      ...(['image', 'text'] as const).map((kind) => this.weightFiles(kind).catch(() => [])),
      this.second?.weightFiles('image') ?? [],
    ]);
    return hashOf([...files, ...new Set(weights.flat()), ...settings], this.store);
  }
  /** Files beside its graph that a tower keeps weights in. */
  private async weightFiles(kind: TowerKind): Promise<string[]> {
    const { graphs, vision, text, combined } = this.folder;
    const own = (kind === 'image' ? vision : text) ?? combined;
    if (!own) return [];
    const tower = await this.tower(kind);
    const found = [...tower.graph.initialisers.values()].flatMap(({ origin }) =>
      origin && origin.file !== own ? [join(graphs, origin.file)] : [],
    );
    return [...new Set(found)];
  }

  /** Numbers in an embedding, from the shapes of the image tower. */
  private readonly dimension = once(async (): Promise<number> => {
    const [tower, side] = [await this.tower('image'), await this.side()];
    const projected = projectedWidth(tower);
    if (projected !== undefined) return projected;
    const graph = trace(`shapes of ${tower.graph.name}`, (t) => ({
      embedding: callTower(t, tower, t.input('pixels', [1, 3, side, side])).embedding,
    }));
    return graph.types.get('embedding')?.shape.at(-1) ?? 0;
  });

  /** Side of the square pictures that the image tower sees, in pixels. */
  async side(): Promise<number> {
    const { vision, combined, preprocessing } = this.folder;
    return (vision || combined ? fixedLength(await this.tower('image')) : undefined) ?? framedSide(preprocessing);
  }

  /** Throws MODEL_BROKEN when it does not give numbers even for an even picture: nothing can be guided by it then. */
  async sees(): Promise<void> {
    await this.seen();
  }
  /** Numbers in the embedding of an even picture. */
  private readonly seen = once(async () => {
    const side = await this.side();
    return (await this.embedPixels(new Float32Array(3 * side * side), 1)).dimension;
  });

  /** Embeddings of normalised pixel values [count, 3, side, side]. */
  async embedPixels(pixels: Float32Array, count: number): Promise<Embeddings> {
    const tower = await this.tower('image');
    const side = await this.side();
    const each = 3 * side * side;
    const part = (from: number, size: number): Float32Array => pixels.subarray(from * each, (from + size) * each);
    const { least, most } = rowsOf(tower);
    if (channelsLast(tower) || mainInput(tower).dtype !== 'float32')
      return this.embedTraced(part, count, count < most ? least : most);
    const session = await this.session('image');
    const rows = await inBatches(
      count,
      most,
      (from, size) => {
        const shape: Shape = [Math.max(least, size), 3, side, side];
        return session.run({ [tower.input]: float32(filled(part(from, size), sizeOf(shape)), shape) }, [
          tower.embedding,
        ]);
      },
      tower.embedding,
    );
    return this.unitRows(rows, count);
  }

  /** A session of a fixed batch, its graph rewritten; the last batch is filled up. */
  private async embedTraced(
    part: (from: number, size: number) => Float32Array,
    count: number,
    batch: number,
  ): Promise<Embeddings> {
    const tower = await this.tower('image');
    const side = await this.side();
    const shape: Shape = [batch, 3, side, side];
    const session = await keptSession(this.fixed, `embed ${batch}`, async () =>
      compile(
        trace(`embedding of ${this.folder.path}`, (t) => ({
          embedding: callTower(t, tower, t.input('pixels', shape)).embedding,
        })),
        this.compileOptions,
      ),
    );
    const run = (from: number, size: number): ReturnType<Session['run']> =>
      session.run({ pixels: float32(filled(part(from, size), sizeOf(shape)), shape) });
    return this.unitRows(await inBatches(count, batch, run, 'embedding'), count);
  }

  /** Rows of length one. Throws MODEL_BROKEN when they are no numbers: what cannot be compared is never a score. */
  private unitRows(rows: Float32Array, count: number): Embeddings {
    this.checkFinite(rows, 'an embedding');
    return normalised(rows, count);
  }
  private checkFinite(values: Float32Array, what: string): void {
    if (values.every(Number.isFinite)) return;
    throw failure('MODEL_BROKEN', {
      file: this.folder.path,
      what: `${what} of it is not a number. Its weights are damaged, or too large for their precision; fetch it again, or try another --variant`,
    });
  }

  async embedTexts(texts: readonly string[]): Promise<Embeddings> {
    const tokenizer = await this.tokenizer();
    return this.embedTokens(tokenizer.encodeAll(texts));
  }

  /** Of these texts, those that are longer than the text tower takes, with the words at their end that it does not see. */
  async cutTexts(texts: readonly string[]): Promise<CutText[]> {
    const tokenizer = await this.tokenizer();
    const fits = (text: string): boolean => tokenizer.encode(text).lost === 0;
    return texts.flatMap((text) => {
      if (fits(text)) return [];
      const words = text.trim().split(/\s+/u);
      let [low, high] = [0, words.length - 1];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if (fits(words.slice(0, middle).join(' '))) low = middle;
        else high = middle - 1;
      }
      return [{ text, unseen: words.slice(low).join(' ') }];
    });
  }

  /**
   * Whether a batch need only be as long as its longest text. With a mask padding changes nothing, unless the tower takes what it says from its last
   * place: a word is embedded both ways, and what differs is never cut.
   */
  private trimsTexts(): Promise<boolean> {
    return this.trims();
  }
  private readonly trims = once(() => this.probeTrimming());
  private async probeTrimming(): Promise<boolean> {
    const tower = await this.tower('text');
    if (fixedLength(tower) !== undefined || !tower.graph.inputs.some((i) => /mask/i.test(i.name))) return false;
    const encoded = (await this.tokenizer()).encodeAll(['a']);
    const [whole, cut] = [await this.textRows(encoded, false), await this.textRows(encoded, true)];
    return whole.data.every((v, i) => Math.abs(v - (cut.data[i] ?? 0)) < SAME_NUMBER);
  }

  async embedTokens(encoded: readonly Encoded[]): Promise<Embeddings> {
    return this.textRows(encoded, await this.trimsTexts());
  }

  private async textRows(encoded: readonly Encoded[], trims: boolean): Promise<Embeddings> {
    const tower = await this.tower('text');
    const session = await this.session('text');
    const { least, most } = rowsOf(tower);
    const run = (from: number, size: number): ReturnType<Session['run']> => {
      const given = encoded.slice(from, from + size);
      const company = Array.from({ length: Math.max(0, least - size) }, () => given[0] ?? { ids: [], used: 0 });
      const part = [...given, ...company];
      const length = trims ? Math.max(1, ...part.map((e) => e.used)) : (part[0]?.ids.length ?? 0);
      const shape: Shape = [part.length, length];
      const used = part.map((e) => e.used);
      const feeds = tower.graph.inputs.map(({ name, dtype }) => {
        const data = name === tower.input ? part.flatMap((e) => e.ids.slice(0, length)) : companion(name, shape, used);
        return [name, wholeNumbers(dtype, data, shape)] as const;
      });
      return session.run(Object.fromEntries(feeds), [tower.embedding]);
    };
    return this.unitRows(await inBatches(encoded.length, most, run, tower.embedding), encoded.length);
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
    this.checkFinite(data, 'a style profile');
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
    const gradient = floatsOf(out['gradient']);
    this.checkFinite(gradient, 'a gradient');
    return { value: floatsOf(out['value'])[0] ?? 0, cosines: floatsOf(out['cosines']), gradient };
  }

  /** Where in a picture sum(weights * cosines) comes from, see saliency.ts. */
  async saliency(
    pixels: Float32Array,
    against: Embeddings,
    weights: Float32Array,
  ): Promise<{ value: number; rows: number; columns: number; heat: Float32Array; kind: SaliencyPlan['kind'] }> {
    const side = await this.side();
    const tower = await this.tower('image');
    const plan = await this.looked();
    const { count, dimension } = against;
    const session = await keptSession(this.fixed, `saliency ${count}`, async () =>
      compile(saliencyGraph(tower, plan, { side, count, dimension }), this.compileOptions),
    );
    const out = await session.run({
      pixels: float32(pixels, [1, 3, side, side]),
      against: float32(against.data, [count, dimension]),
      weights: float32(weights, [1, count]),
    });
    const [rows = 1, columns = 1] = out['heat']?.dims ?? [];
    const heat = floatsOf(out['heat']);
    this.checkFinite(heat, 'a saliency map');
    return { value: floatsOf(out['value'])[0] ?? 0, rows, columns, heat, kind: plan.kind };
  }

  /** sum(weights * cosines) of one text and given embeddings, and its gradient with respect to the text's token embeddings [length, width]. */
  async tokenGradient(text: string, against: Embeddings, weights: Float32Array): Promise<TokenGradient> {
    const tokenizer = await this.tokenizer();
    const { ids, used, own } = tokenizer.encode(text);
    const tower = await this.tower('text');
    const inside = tokenEmbeddings(tower);
    const session = await keptSession(this.fixed, `tokens ${ids.length} ${used} ${against.count}`, async () => {
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
      return compile(graph, this.compileOptions);
    });
    const out = await session.run({
      ids: wholeNumbers(mainInput(tower).dtype, ids, [1, ids.length]),
      against: float32(against.data, [against.count, against.dimension]),
      weights: float32(weights, [1, against.count]),
    });
    const gradient = floatsOf(out['gradient']);
    this.checkFinite(gradient, 'a gradient');
    return {
      value: floatsOf(out['value'])[0] ?? 0,
      tokens: ids.slice(0, used).map((id) => tokenizer.token(id)),
      own,
      shape: [ids.length, gradient.length / ids.length],
      gradient,
    };
  }
}

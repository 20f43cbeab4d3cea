/** What callers use: embed, score, classify, rank, gradient, guide. The model runs in a child process that can be stopped at any moment. */

import os from 'node:os';
import type { Embeddings } from '../clip/batches.ts';
import { STOCK_CAPTIONS } from '../clip/captions.ts';
import type { FileReport } from '../clip/check.ts';
import { EMBEDDED } from '../clip/folder.ts';
import type { Inspection } from '../clip/inspect.ts';
import type { CutText, ModelInfo, TokenGradient } from '../clip/model.ts';
import type { Nearest } from '../clip/nearest.ts';
import { once, remembered } from '../clip/remembered.ts';
import type { Replacement } from '../clip/replacements.ts';
import { failure, plainError, revivedError } from '../errors.ts';
import { type GuideEvent, type GuideRequest, heldBy, type SteerRequest } from '../guidance/protocol.ts';
import { Between } from '../process/between.ts';
import type { Child } from '../process/child.ts';
import { entryBeside, startChild } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { BULK_FROM, defaultWorkers, inParallel, threadsEach } from './bulk.ts';
import { type Graph, Neighbours } from './neighbours.ts';
import type { PictureBatch, Unreadable } from './picture-batch.ts';
import type { EyeName, Method, PictureSource, WorkerSettings } from './requests.ts';
import { cosineTable, probabilities, row, stacked, weighed } from './scores.ts';
import { PHOTO_TEMPLATES, textRows } from './templates.ts';
import { untilAborted } from './until-aborted.ts';
import { Usual } from './usual.ts';

export interface EngineOptions {
  /** A model folder, or `organisation/name[@revision]` of a hub; the embedded model when absent. */
  readonly model?: string;
  /** Threads of each process; as many as the machine has when absent. */
  readonly threads?: number;
  /** Processes that share the work on many pictures; as the machine's cores and memory allow when absent. */
  readonly workers?: number;
  /** A precision that the model offers beside its plain graphs: fp16, quantized, q4. */
  readonly variant?: string;
  /** Whether whatever else wants a core, a server that people wait for say, gets it first. */
  readonly yields?: boolean;
  /** When quantised weights become real numbers for gradients: once (fast, more memory), or at each run. */
  readonly dequantise?: 'once' | 'each-run';
}

export interface Call {
  readonly signal?: AbortSignal;
}
/** The sentences that labels were put into; none for words as they are. */
export interface UsualCall extends Call {
  readonly templates?: readonly string[] | undefined;
}
/** By which image tower of the model, where it has two. */
export interface EyeCall extends Call {
  readonly eye?: EyeName;
}
export interface ManyCall extends Call {
  /** How many of the pictures are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface RankedPicture {
  readonly index: number;
  /** Weighted mean of the cosines with the prompts, in -1..1. */
  readonly score: number;
  readonly cosines: readonly number[];
  /** How much better it fits than captions of everyday things, 0..100: see `percentiles` in scores.ts. Absent for a model without a text tower. */
  readonly percentile?: number;
}
export interface Classified {
  readonly index: number;
  /** One a label, in the order of the labels. */
  readonly cosines: readonly number[];
  readonly probabilities: readonly number[];
  readonly percentiles: readonly number[];
  /** The picture itself: a unit row. */
  readonly embedding: Float32Array;
}

/** Calls that may wait at once. */
const WAITING_LIMIT = 256;
/** How long a cancelled call may go on before its process is ended. */
const GRACE_MS = 8_000;

/** How long engines for many pictures wait for the next. */
const HELPERS_IDLE_MS = 30_000;

/** Where calls go: a child process of one's own, or the host of a plugin. */
interface Remote {
  readonly peer: Peer;
  readonly prefix: string;
}

/** A process that runs the model, and whether it was ended because a cancelled call went on in it. */
interface Running {
  readonly process: Child;
  readonly peer: Peer;
  stuck: boolean;
}

/** Bytes, about, of what may be kept for who reads a run while it is steered. */
function heft(event: GuideEvent): number {
  if (event.type === 'checkpoint') return heldBy(event.checkpoint);
  if (event.type === 'frame') return event.bytes.byteLength;
  return event.type === 'picture' ? Number.POSITIVE_INFINITY : 1000;
}

export class Engine {
  private readonly settings: WorkerSettings;
  private child: Running | undefined;
  private remote: Remote | undefined;
  private closed = false;
  /** What runs tell, by their names. */
  private readonly guided = new Map<string, Between<GuideEvent>>();
  private readonly stock = once(() => this.embedTexts(STOCK_CAPTIONS));
  private readonly stockPictures = once(() => this.ask<Embeddings>('everyday', {}, {}));
  private readonly fewPictures = once(() => this.ask<Embeddings>('everyday', { few: true }, {}));
  private readonly usuals = new Map<string, Promise<Usual>>();
  private readonly workers: number;
  private readonly yields: boolean;
  private helpers: readonly Engine[] = [];
  private idle: NodeJS.Timeout | undefined;

  constructor(options: EngineOptions = {}) {
    const { workers, yields = false, ...settings } = options;
    this.settings = { ...settings, model: options.model ?? EMBEDDED };
    this.yields = yields;
    this.workers = workers ?? defaultWorkers();
  }

  /** An engine that asks another process's engine. */
  static over(peer: Peer, prefix: string): Engine {
    const engine = new Engine();
    engine.remote = { peer, prefix };
    return engine;
  }

  /** What the model was asked for by; nothing for the embedded one. */
  get modelName(): string | undefined {
    return this.settings.model === EMBEDDED ? undefined : this.settings.model;
  }

  /** Threads that the model's process has; sums are rounded in another order with another number. */
  get threads(): number {
    return this.settings.threads ?? os.availableParallelism();
  }

  /** Passes a call on as it came; the engine's process parses it. */
  forward(method: Method, args: unknown, signal: AbortSignal): Promise<unknown> {
    return this.ask(method, args, { signal });
  }
  forwardStream(method: Method, args: unknown, signal: AbortSignal): AsyncGenerator<unknown> {
    return this.flow(method, args, { signal });
  }

  /**
   * The process that is to be asked. A cancelled call ends by itself at the next step; if it does not, its process is ended. Nothing new begins in a
   * process of which it is not known yet which of both will happen.
   */
  private async running(): Promise<Running> {
    for (;;) {
      if (this.closed) throw failure('ENGINE_STOPPED', { what: 'it was closed' });
      this.child ??= this.started();
      const { child } = this;
      if (child.peer.pending >= WAITING_LIMIT) throw failure('ENGINE_BUSY', { limit: WAITING_LIMIT });
      if (!child.peer.settling) return child;
      await child.peer.settled();
    }
  }

  private started(): Running {
    const process = startChild(entryBeside(import.meta.url, '../worker/main'), {
      args: [JSON.stringify(this.settings)],
      yields: this.yields,
    });
    const late = (): void => {
      child.stuck = true;
      if (this.child === child) this.child = undefined;
      process.kill();
    };
    const child: Running = { process, peer: new Peer(process.port, {}, { ms: GRACE_MS, late }), stuck: false };
    void process.ended.then(() => {
      if (this.child === child) this.child = undefined;
    });
    return child;
  }

  private named(method: Method): string {
    return `${this.remote?.prefix ?? ''}${method}`;
  }

  private async ask<T>(method: Method, args: unknown, { signal }: Call = {}): Promise<T> {
    // The child is our own code: what it answers has the type that its handler declares.
    if (this.remote) return (await this.remote.peer.call(this.named(method), args, signal)) as T;
    const child = await this.running();
    try {
      return (await child.peer.call(method, args, signal)) as T; // as above
    } catch (thrown) {
      // The process was ended because of somebody else's call; nothing that is asked changes anything, so it is asked again.
      if (!child.stuck || signal?.aborted || plainError(thrown).code !== 'ENGINE_STOPPED') throw thrown;
      return (await (await this.running()).peer.call(method, args, signal)) as T;
    }
  }

  private async *flow<T>(method: Method, args: unknown, { signal }: Call = {}): AsyncGenerator<T> {
    const peer = this.remote?.peer ?? (await this.running()).peer;
    // As above: the handler's type.
    yield* peer.stream(this.named(method), args, signal) as AsyncGenerator<T, void>;
  }

  info(call: Call = {}): Promise<ModelInfo> {
    return this.ask('info', {}, call);
  }

  /** What the model is made of, what of it is supported, and how fast it is here. */
  inspect(call: Call = {}): Promise<Inspection> {
    return this.ask('inspect', {}, call);
  }

  /** One unit row for each text. */
  embedTexts(texts: readonly string[], call: Call = {}): Promise<Embeddings> {
    return this.ask('embedTexts', { texts }, call);
  }

  /** Of these texts, those that are longer than the model takes, with the words at their end that it does not see. */
  cutTexts(texts: readonly string[], call: Call = {}): Promise<CutText[]> {
    return this.ask('cutTexts', { texts }, call);
  }

  /** Batches in order, as they are done. Memory does not grow with the number of pictures. */
  embedPictures(pictures: readonly PictureSource[], call: Call = {}): AsyncGenerator<PictureBatch> {
    if (!this.remote && pictures.length >= BULK_FROM && this.workers > 1)
      return inParallel(
        this.bulkEngines().map((engine) => (part) => engine.embedPictures(part, call)),
        pictures,
      );
    return this.flow('embedPictures', { pictures }, call);
  }

  /** Engines that share the work on many pictures. They are started when they are first needed, and end after a while without. */
  private bulkEngines(): readonly Engine[] {
    if (this.closed) throw failure('ENGINE_STOPPED', { what: 'it was closed' });
    clearTimeout(this.idle);
    this.idle = setTimeout(() => void this.closeHelpers(), HELPERS_IDLE_MS).unref();
    if (this.helpers.length === 0) {
      const threads = this.settings.threads
        ? Math.max(1, Math.floor(this.settings.threads / this.workers))
        : threadsEach(this.workers);
      this.helpers = Array.from(
        { length: this.workers },
        () => new Engine({ ...this.settings, threads, workers: 1, yields: this.yields }),
      );
    }
    return this.helpers;
  }
  private async closeHelpers(): Promise<void> {
    const busy = this.helpers.some((h) => (h.child?.peer.pending ?? 0) > 0);
    if (busy && !this.closed) {
      this.idle = setTimeout(() => void this.closeHelpers(), HELPERS_IDLE_MS).unref();
      return;
    }
    const ending = this.helpers;
    this.helpers = [];
    await Promise.all(ending.map((h) => h.close()));
  }

  /** Rows that are searched again and again, see neighbours.ts: exact unless a graph is named, and kept beside the model between searches. */
  neighbours(rows: Embeddings, graph?: Graph): Neighbours {
    const keeper = {
      keep: (part: object, call: Call) => this.ask<void>('keepRows', part, call),
      nearest: (name: string, query: Float32Array, count: number, call: Call) =>
        this.ask<Nearest | undefined>('nearest', { name, query, count }, call),
    };
    return new Neighbours(rows, keeper, graph);
  }

  /** Style profiles of pictures: see core/clip/style.ts. Those that a drawing is to come close to are the `guiding` eye's; the clean one's when absent. */
  styles(pictures: readonly PictureSource[], { eye = 'clean', ...call }: EyeCall = {}): AsyncGenerator<PictureBatch> {
    return this.flow('styles', { pictures, eye }, call);
  }

  /** Unit rows of captions of everyday things, worked out once a model: what percentiles are taken among. */
  captions(call: Call = {}): Promise<Embeddings> {
    // Everybody's: who asked first and goes away takes nothing from the others.
    return untilAborted(this.stock(), call.signal);
  }
  /** Unit rows of pictures of everyday things, worked out once a model: what percentiles of pictures are taken among. */
  everyday(call: Call = {}): Promise<Embeddings> {
    return untilAborted(this.stockPictures(), call.signal);
  }
  /**
   * What is usual for words, worked out once a model: see usual.ts. Labels that are put into templates stand among everyday words in the same
   * templates. `NONE` for a model that has but one tower.
   */
  usual({ templates, ...call }: UsualCall = {}): Promise<Usual> {
    const made = async (): Promise<Usual> => {
      const { towers } = await this.info();
      if (!towers.includes('text') || !towers.includes('image')) return Usual.NONE;
      const words = templates ? this.embedLabels(STOCK_CAPTIONS, templates) : this.captions();
      return new Usual(await words, await this.fewPictures());
    };
    return untilAborted(remembered(this.usuals, JSON.stringify(templates ?? null), made), call.signal);
  }
  /** The same for pictures that pictures are compared with. */
  usualPictures(call: Call = {}): Promise<Usual> {
    const made = async (): Promise<Usual> => new Usual(await this.everyday(), await this.fewPictures());
    return untilAborted(remembered(this.usuals, 'pictures', made), call.signal);
  }

  /** All pictures at once, one unit row each. Throws the error of the first picture that cannot be read. */
  async embedAll(pictures: readonly PictureSource[], call: Call = {}): Promise<Embeddings> {
    const parts: Embeddings[] = [];
    for await (const batch of this.embedPictures(pictures, call)) {
      const [bad] = batch.failures;
      if (bad) throw revivedError(bad.error);
      parts.push(batch.embeddings);
    }
    return stacked(parts);
  }

  /** Cosines [pictures][texts], in -1..1. */
  async similarity(pictures: readonly PictureSource[], texts: readonly string[], call: Call = {}): Promise<number[][]> {
    return cosineTable(await this.embedAll(pictures, call), await this.embedTexts(texts, call));
  }

  /** The model's probabilities [pictures][texts]: rows sum to one for softmax families. */
  async probabilities(
    pictures: readonly PictureSource[],
    texts: readonly string[],
    call: Call = {},
  ): Promise<number[][]> {
    const info = await this.info(call);
    return (await this.similarity(pictures, texts, call)).map((cosines) => probabilities(cosines, info));
  }

  /** One unit row for each label: the mean over the templates. */
  embedLabels(
    labels: readonly string[],
    templates: readonly string[] = PHOTO_TEMPLATES,
    call: Call = {},
  ): Promise<Embeddings> {
    return textRows(labels, templates, (sentences) => this.embedTexts(sentences, call));
  }

  /** Zero-shot classification, picture by picture, as they are done. */
  async *classify(
    pictures: readonly PictureSource[],
    labels: readonly string[],
    { templates = PHOTO_TEMPLATES, ...call }: Call & { readonly templates?: readonly string[] } = {},
  ): AsyncGenerator<Classified | Unreadable> {
    yield* this.classifyAgainst(pictures, await this.embedLabels(labels, templates, call), { ...call, templates });
  }

  /** Zero-shot classification among targets (unit rows), picture by picture, as they are done; `templates` are those that the targets were put into. */
  async *classifyAgainst(
    pictures: readonly PictureSource[],
    targets: Embeddings,
    call: UsualCall = {},
  ): AsyncGenerator<Classified | Unreadable> {
    const [info, usual] = [await this.info(call), await this.usual(call)];
    const standing = usual.with(targets);
    for await (const batch of this.embedPictures(pictures, call)) {
      for (const bad of batch.failures) yield bad;
      for (const [k, index] of batch.indices.entries()) {
        const picture = row(batch.embeddings, k);
        const cosines = cosineTable({ ...batch.embeddings, count: 1, data: picture }, targets)[0] ?? [];
        yield {
          index,
          cosines,
          probabilities: probabilities(cosines, info),
          percentiles: standing(picture),
          embedding: picture,
        };
      }
    }
  }

  /** Pictures in order of the weighted mean of their cosines with the targets (unit rows), best first. */
  async rankAgainst(
    pictures: readonly PictureSource[],
    targets: Embeddings,
    weights: readonly number[],
    call: ManyCall = {},
  ): Promise<{ ranking: RankedPicture[]; failures: Unreadable[] }> {
    const ranking: RankedPicture[] = [];
    const failures: Unreadable[] = [];
    const usual = await this.usual(call);
    const against = { targets, weights, ...(usual.knows ? { standing: usual.with(targets) } : {}) };
    for await (const batch of this.embedPictures(pictures, call)) {
      failures.push(...batch.failures);
      for (const [k, index] of batch.indices.entries())
        ranking.push({ index, ...weighed(row(batch.embeddings, k), against) });
      call.onProgress?.(ranking.length + failures.length, pictures.length);
    }
    ranking.sort((a, b) => b.score - a.score || a.index - b.index);
    return { ranking, failures };
  }

  /** Pictures by how well they fit the prompts. */
  async rankPictures(
    pictures: readonly PictureSource[],
    prompts: readonly { readonly text: string; readonly weight: number }[],
    call: ManyCall = {},
  ): Promise<{ ranking: RankedPicture[]; failures: Unreadable[] }> {
    const targets = await this.embedTexts(
      prompts.map((p) => p.text),
      call,
    );
    return this.rankAgainst(
      pictures,
      targets,
      prompts.map((p) => p.weight),
      call,
    );
  }

  /** Prompts by how well they fit one picture, best first. */
  async rankPrompts(
    picture: PictureSource,
    prompts: readonly string[],
    call: Call = {},
  ): Promise<{ index: number; cosine: number; probability: number; percentile: number }[]> {
    const info = await this.info(call);
    const [picture_, texts] = [await this.embedAll([picture], call), await this.embedTexts(prompts, call)];
    const [cosines = []] = cosineTable(picture_, texts);
    const chances = probabilities(cosines, info);
    const standing = (await this.usual(call)).with(texts)(picture_.data);
    return cosines
      .map((cosine, index) => ({
        index,
        cosine,
        probability: chances[index] ?? 0,
        percentile: standing[index] ?? 0,
      }))
      .sort((a, b) => b.cosine - a.cosine);
  }

  /**
   * The value sum(weights * cosines) of pictures and targets (unit rows) and its gradient with respect to the pixels that the model sees:
   * [pictures, 3, side, side], per unit of sRGB in 0..1. `weights` is [pictures, targets.count]. The guiding eye's when none is named.
   */
  pixelGradient(
    pictures: readonly PictureSource[],
    against: Embeddings,
    weights: Float32Array,
    { eye = 'guiding', ...call }: EyeCall = {},
  ): Promise<{ value: number; cosines: Float32Array; gradient: Float32Array; side: number }> {
    return this.ask('pixelGradient', { pictures, against, weights, eye }, call);
  }

  /** Where in a picture the value sum(weights * cosines) comes from: heat [rows, columns] over what the model sees, none negative. See core/clip/saliency.ts. */
  saliency(
    picture: PictureSource,
    against: Embeddings,
    weights: Float32Array,
    call: Call = {},
  ): Promise<{
    value: number;
    rows: number;
    columns: number;
    heat: Float32Array;
    kind: 'attention' | 'activations' | 'pixels';
  }> {
    return this.ask('saliency', { picture, against, weights }, call);
  }

  /** The same for one text, with respect to its token embeddings [length, width]. */
  tokenGradient(text: string, against: Embeddings, weights: Float32Array, call: Call = {}): Promise<TokenGradient> {
    return this.ask('tokenGradient', { text, against, weights }, call);
  }

  /** Words of the vocabulary that would raise sum(weights * cosines) of a text in the place of a token of it, by the gradient: see core/clip/replacements.ts. */
  replacements(
    text: string,
    against: Embeddings,
    weights: Float32Array,
    count: number,
    call: Call = {},
  ): Promise<Replacement[]> {
    return this.ask('replacements', { text, against, weights, count }, call);
  }

  /** The hash of another model, as `info` gives that of the own one: see ClipModel.hash. */
  hashOf(folder: string, call: Call = {}): Promise<string> {
    return this.ask('hashOf', { folder }, call);
  }

  /** Checks every graph of a model folder, see core/clip/check.ts. */
  check(folder: string, call: Call = {}): AsyncGenerator<FileReport> {
    return this.flow('check', { folder }, call);
  }

  /** Runs a guidance loop beside the session; yields frames, scores and at the end the picture. */
  async *guide(request: GuideRequest, call: Call = {}): AsyncGenerator<GuideEvent> {
    const told = new Between<GuideEvent>(heft);
    const left = new AbortController();
    const signal = call.signal ? AbortSignal.any([call.signal, left.signal]) : left.signal;
    this.guided.set(request.run, told);
    try {
      yield* told.all(this.flow('guide', request, { ...call, signal }));
    } finally {
      left.abort();
      if (this.guided.get(request.run) === told) this.guided.delete(request.run);
    }
  }

  /** Changes a running loop from its next step on, or pauses it, or takes it back. Throws JOB_UNKNOWN, STEER_INVALID. */
  steer(request: SteerRequest, call: Call = {}): Promise<void> {
    const asked = (): Promise<void> => this.ask('steer', request, call);
    return this.guided.get(request.run)?.meanwhile(asked) ?? asked();
  }

  /** Ends the process. Calls under way fail with ENGINE_STOPPED. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.idle);
    await this.closeHelpers();
    const child = this.child?.process;
    child?.kill();
    await child?.ended;
  }
}

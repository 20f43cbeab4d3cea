/** The guidance loop: runs whole beside the session and tells what it sees. Steered, cancelled and replayed step by step. */
import { setImmediate } from 'node:timers/promises';
import { env, type Tensor as OrtTensor } from 'onnxruntime-node';
import sharp from 'sharp';
import type { ClipModel, Embeddings } from '../clip/model.ts';
import { failure } from '../errors.ts';
import { meanDirection, row, stacked, dot } from '../engine/scores.ts';
import { fill } from '../engine/templates.ts';
import type { Graph, Session, Shape } from '../graph/index.ts';
import { compile, readOnnx } from '../graph/index.ts';
import { float32, floatsOf } from '../graph/session.ts';
import { seeded, seedFor } from '../random.ts';
import { rateAt, momentNames } from './adam.ts';
import { drawCrops } from './crops.ts';
import type { GuideEvent, GuideRequest, Prompt, RunRecord } from './protocol.ts';
import { PROMPT_SLOTS } from './protocol.ts';
import { canvasSide, renderGraph, stepGraph } from './step.ts';
import { PROMPT_TEMPLATES, SAME_THING, STOCK } from './stock.ts';

/** Where the prompts of a run lie, and how they pull. */
export interface PromptFeeds {
  readonly prompts: OrtTensor;
  readonly attraction: OrtTensor;
  readonly repulsion: OrtTensor;
  readonly excluded: OrtTensor;
  readonly count: number;
}

const scalar = (x: number): OrtTensor => float32(Float32Array.of(x), []);
const EXCLUDED = -1e4;
const FRAME_QUALITY = 88;

export type PromptEmbedder = (prompt: Prompt) => Promise<Embeddings>;

/** A text as the mean direction over the templates; a picture as its embedding. */
export function promptEmbedder(model: ClipModel, picture: (p: NonNullable<Prompt['picture']>) => Promise<Embeddings>): PromptEmbedder {
  return async (prompt) => {
    if (prompt.picture) return picture(prompt.picture);
    const text = prompt.text?.trim() ?? '';
    if (text === '') throw failure('PROMPT_EMPTY', {});
    return meanDirection(await model.embedTexts(PROMPT_TEMPLATES.map((t) => fill(t, text))));
  };
}

/** Feeds for the prompts: embeddings, weights that sum to one in size, and the stock words that mean the same. */
export async function promptFeeds(prompts: readonly Prompt[], embed: PromptEmbedder, stock: Embeddings): Promise<PromptFeeds> {
  const rows = stacked(await Promise.all(prompts.map(embed)));
  const data = new Float32Array(PROMPT_SLOTS * stock.dimension);
  data.set(rows.data);
  const total = prompts.reduce((sum, p) => sum + Math.abs(p.weight), 0) || 1;
  const share = (sign: number): OrtTensor => float32(Float32Array.from({ length: PROMPT_SLOTS }, (_, i) => Math.max(0, (sign * (prompts[i]?.weight ?? 0)) / total)), [PROMPT_SLOTS]);
  const excluded = new Float32Array(PROMPT_SLOTS * stock.count);
  for (let slot = 0; slot < prompts.length; slot++) {
    for (let word = 0; word < stock.count; word++) if (dot(row(rows, slot), row(stock, word)) >= SAME_THING) excluded[slot * stock.count + word] = EXCLUDED;
  }
  return { prompts: float32(data, [PROMPT_SLOTS, stock.dimension]), attraction: share(1), repulsion: share(-1), excluded: float32(excluded, [1, PROMPT_SLOTS, stock.count]), count: prompts.length };
}

class Renderer {
  private readonly graph: Graph;
  private session: Session | undefined;
  constructor(graph: Graph) {
    this.graph = graph;
  }
  async render(state: ReadonlyMap<string, OrtTensor>, progress: number, threads?: number): Promise<{ data: Uint8Array; width: number; height: number }> {
    this.session ??= await compile(this.graph, threads ? { threads } : {});
    const feeds = Object.fromEntries(this.session.inputNames.map((name) => [name, name === 'progress' ? scalar(progress) : state.get(name)]).filter((e): e is [string, OrtTensor] => e[1] !== undefined));
    const { picture } = await this.session.run(feeds);
    const values = floatsOf(picture);
    const [, , height = 1, width = 1] = picture?.dims ?? [];
    const area = width * height;
    const data = new Uint8Array(area * 3);
    for (let c = 0; c < 3; c++) for (let i = 0; i < area; i++) data[i * 3 + c] = Math.round(values[c * area + i] ?? 0);
    return { data, width, height };
  }
  async release(): Promise<void> {
    await this.session?.release();
  }
}

export interface LoopContext {
  readonly model: ClipModel;
  readonly embed: PromptEmbedder;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** The prompts in force, when they were changed since the last step. */
  steered(): readonly Prompt[] | undefined;
}

/** Unit rows of the stock words, worked out once for each model. */
const stockRows = new WeakMap<ClipModel, Promise<Embeddings>>();
function stockOf(model: ClipModel): Promise<Embeddings> {
  const found = stockRows.get(model) ?? model.embedTexts(STOCK);
  stockRows.set(model, found);
  return found;
}

/** Throws CANCELLED as soon as the signal aborts. The same request on the same machine gives the same bytes. */
export async function* guide(request: GuideRequest, context: LoopContext): AsyncGenerator<GuideEvent> {
  const { model, signal, threads } = context;
  const { settings: s, drawer } = request;
  const began = performance.now();
  const stock = await stockOf(model);
  let prompts = await promptFeeds(request.prompts, context.embed, stock);
  const tower = await model.tower('image');
  const side = await model.side();
  const canvas = canvasSide(readOnnx({ bytes: drawer.canvas, name: `drawer ${drawer.id}` }));
  const graph = stepGraph({ request, tower, preprocessing: model.folder.preprocessing, side, canvas, dimension: stock.dimension, stock: stock.count });
  const session = await compile(graph, model.compileOptions);
  const preview = new Renderer(renderGraph(drawer.preview, drawer.id, drawer.paper));
  const output = new Renderer(renderGraph(drawer.output, drawer.id, drawer.paper));
  try {
    yield { type: 'compiled', nodes: graph.nodes.length, milliseconds: performance.now() - began };
    const state = new Map<string, OrtTensor>();
    for (const p of drawer.parameters) {
      const names = momentNames(p);
      state.set(p.name, float32(p.start, p.shape));
      for (const name of [names.first, names.second]) state.set(name, float32(new Float32Array(p.start.length), p.shape));
    }
    const random = seeded(seedFor(s.seed, 'crops'));
    const fixed = { stock: float32(stock.data, [stock.count, stock.dimension]), ...(request.style ? { style: float32(request.style.profile.data, [1, request.style.profile.dimension]) } : {}) };
    const accepts = new Set(session.inputNames);
    for (let step = 0; step < s.steps; step++) {
      await setImmediate();
      if (signal.aborted) throw failure('CANCELLED', {});
      const changed = context.steered();
      if (changed) prompts = await promptFeeds(changed, context.embed, stock);
      const progress = step / s.steps;
      const crops = drawCrops(s, canvas, side, drawer.paper, random);
      const shapes: Record<keyof typeof crops, Shape> = {
        rows: [s.crops, 1, side, canvas],
        columns: [s.crops, 1, side, canvas],
        backdrop: [s.crops, 3, side, side],
        contrast: [s.crops, 1, 1, 1],
        brightness: [s.crops, 1, 1, 1],
        noise: [s.crops, 3, side, side],
      };
      const feeds: Record<string, OrtTensor> = {
        ...Object.fromEntries(state),
        ...fixed,
        prompts: prompts.prompts,
        attraction: prompts.attraction,
        repulsion: prompts.repulsion,
        excluded: prompts.excluded,
        progress: scalar(progress),
        rate: scalar(rateAt(step, s)),
        unbias1: scalar(1 / (1 - s.beta1 ** (step + 1))),
        unbias2: scalar(1 / (1 - s.beta2 ** (step + 1))),
      };
      for (const key of Object.keys(shapes) as (keyof typeof crops)[]) feeds[key] = float32(crops[key], shapes[key]);
      const out = await session.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => accepts.has(name))));
      const loss = floatsOf(out['loss'])[0] ?? Number.NaN;
      if (!Number.isFinite(loss)) throw failure('INTERNAL', { what: `the loss is ${loss} at step ${step + 1}; lower the learning rate` });
      for (const name of state.keys()) {
        const next = out[`next.${name}`];
        if (next) state.set(name, next);
      }
      yield { type: 'step', step: step + 1, steps: s.steps, loss, cosines: [...floatsOf(out['cosines'])].slice(0, prompts.count) };
      if (s.frameEvery > 0 && (step + 1) % s.frameEvery === 0 && step + 1 < s.steps) yield await frame(preview, state, step + 1, progress, threads);
    }
    const { data, width, height } = await output.render(state, 1, threads);
    const png = await sharp(data, { raw: { width, height, channels: 3 } }).png({ compressionLevel: 9 }).toBuffer();
    yield { type: 'picture', width, height, bytes: png, record: await recordOf(request, model, threads) };
  } finally {
    await Promise.all([session.release(), preview.release(), output.release()]);
  }
}

async function frame(renderer: Renderer, state: ReadonlyMap<string, OrtTensor>, step: number, progress: number, threads: number): Promise<GuideEvent> {
  const { data, width, height } = await renderer.render(state, progress, threads);
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } }).jpeg({ quality: FRAME_QUALITY, chromaSubsampling: '4:4:4' }).toBuffer();
  return { type: 'frame', step, width, height, bytes };
}

async function recordOf({ settings, prompts, drawer }: GuideRequest, model: ClipModel, threads: number): Promise<RunRecord> {
  const { hash } = await model.info();
  return {
    model: hash,
    drawer: drawer.id,
    settings,
    prompts: prompts.map((p) => `${p.text ?? '[picture]'}:${p.weight}`),
    threads,
    onnxruntime: env.versions.common,
  };
}

/** Checks every graph of a model folder: what it cannot do, how far it is from golden values, how long it takes. Blocks; use it in a child process. */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gradients } from '../autodiff/sweep.ts';
import { type PlainError, plainError } from '../errors.ts';
import { compile, type Graph, isSupported, type Session, type Shape, trace } from '../graph/index.ts';
import { float32, floatsOf, wholeNumbers } from '../graph/session.ts';
import { gaussian, seeded } from '../random.ts';
import { atSide, framedSide } from './config.ts';
import { type ModelFolder, openFolder, readGraph } from './folder.ts';
import { graphFiles } from './layout.ts';
import { type NamedArray, readSafetensors } from './safetensors.ts';
import { cosines, greatCircle, unit } from './similarity.ts';
import { callTower, couldHold, fixedLength, mainInput, type Tower, towerOf } from './towers.ts';

/** Relative errors (2-norm) against the golden values, the worst over batches of one and of all; absent without golden values. */
export interface FileReport {
  readonly file: string;
  readonly imageEmbedding?: number;
  readonly textEmbedding?: number;
  /** Gradient of the weighted cosines, and of the great-circle distance. */
  readonly cosineGradient?: number;
  readonly greatCircleGradient?: number;
  /** Operators that are not known, so that nothing can be differentiated through them. */
  readonly unsupported: readonly string[];
  /** Milliseconds, median of a few runs at the batch of the golden values (or two). */
  readonly forward?: number;
  readonly forwardAndBackward?: number;
  readonly error?: PlainError;
}

type Golden = ReadonlyMap<string, NamedArray>;

const REPEATS = 5;

function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += ((actual[i] ?? Number.NaN) - (expected[i] ?? 0)) ** 2;
    size += (expected[i] ?? 0) ** 2;
  }
  return Math.sqrt(difference / (size || 1));
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[REPEATS >> 1] ?? 0;
}

const rowsOf = ({ shape, data }: NamedArray, from: number, count: number): { shape: Shape; data: Float32Array } => {
  const each = data.length / (shape[0] ?? 1);
  return { shape: [count, ...shape.slice(1)], data: Float32Array.from(data.slice(from * each, (from + count) * each)) };
};
/** Rows scaled to length one: what a combined graph gives where golden values are before normalisation. */
function normalisedRows(data: ArrayLike<number>, rows: number): number[] {
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: width }, (_x, i) => data[r * width + i] ?? 0),
  ).flatMap((row) => {
    const length = Math.hypot(...row);
    return row.map((v) => v / length);
  });
}

/** One picture, or all: a session that gives embedding, cosines' gradient and great-circle gradient. */
function pictureGraph(tower: Tower, pixels: Shape, texts: NamedArray, backward: boolean): Graph {
  return trace(tower.graph.name, (t) => {
    const x = t.input('pixels', pixels);
    const against = t.constant(texts.data, texts.shape);
    const { embedding } = callTower(t, tower, x);
    if (!backward) return { embedding };
    const table = cosines(embedding, against);
    const weighted = table.mul(t.input('weights', table.shape)).sum();
    const first = greatCircle(
      unit(embedding)
        .slice(0, 0, 1)
        .matmulTransposed(unit(against).slice(0, 0, 1), 'right'),
    ).sum();
    const [cosine = x] = gradients(weighted, [x]);
    const [circle = x] = gradients(first, [x]);
    return { embedding, cosine, circle };
  });
}

async function checkPictures(
  folder: ModelFolder,
  tower: Tower,
  golden: Golden | undefined,
): Promise<Partial<FileReport>> {
  const side = fixedLength(tower) ?? framedSide(folder.preprocessing);
  const random = seeded(1);
  const sample = (shape: Shape): NamedArray => ({
    shape,
    data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => gaussian(random)),
  });
  const pixels = golden?.get('pixel_values') ?? sample([2, 3, side, side]);
  const probe = golden ? undefined : dimensionOf(tower, pixels);
  const texts = golden?.get('text_embeds') ?? sample([3, probe ?? 1]);
  const [count = 1] = pixels.shape;
  const [columns = 1] = texts.shape;
  const weights = golden?.get('weights') ?? sample([count, columns]);
  const batches = [[0, count], ...Array.from({ length: count }, (_, i) => [i, 1])] as [number, number][];
  const errors = { image: 0, cosine: 0, circle: 0 };
  let [forward, forwardAndBackward] = [0, 0];
  for (const [from, size] of batches) {
    const part = rowsOf(pixels, from, size);
    const session = await compile(pictureGraph(tower, part.shape, texts, true), { folder: folder.graphs });
    const feeds = {
      pixels: float32(part.data, part.shape),
      weights: float32(rowsOf(weights, from, size).data, [size, columns]),
    };
    const out = await session.run(feeds);
    if (golden) {
      const expected = (name: string): Float32Array =>
        rowsOf(golden.get(name) ?? { shape: [count], data: [] }, from, size).data;
      const embeds = expected('image_embeds');
      const [actual, wanted] =
        tower.graph.name === folder.combined
          ? [normalisedRows(floatsOf(out['embedding']), size), normalisedRows(embeds, size)]
          : [floatsOf(out['embedding']), embeds];
      errors.image = Math.max(errors.image, relativeError(actual, wanted));
      errors.cosine = Math.max(errors.cosine, relativeError(floatsOf(out['cosine']), expected('grad_weighted_cosine')));
      if (from === 0)
        errors.circle = Math.max(errors.circle, relativeError(floatsOf(out['circle']), expected('grad_great_circle')));
    }
    if (size === count && from === 0) {
      forwardAndBackward = await median(() => session.run(feeds, ['embedding', 'cosine']));
      const plain = await compile(pictureGraph(tower, part.shape, texts, false), { folder: folder.graphs });
      forward = await median(() => plain.run({ pixels: feeds.pixels }));
      await plain.release();
    }
    await session.release();
  }
  return {
    forward,
    forwardAndBackward,
    ...(golden
      ? { imageEmbedding: errors.image, cosineGradient: errors.cosine, greatCircleGradient: errors.circle }
      : {}),
  };
}

function dimensionOf(tower: Tower, pixels: NamedArray): number {
  const graph = pictureGraph(tower, [1, ...pixels.shape.slice(1)], { shape: [1, 1], data: [1] }, false);
  return graph.types.get('embedding')?.shape.at(-1) ?? 1;
}

async function checkTexts(folder: ModelFolder, tower: Tower, golden: Golden | undefined): Promise<Partial<FileReport>> {
  const context = fixedLength(tower) ?? folder.config.context;
  const ids = golden?.get('input_ids') ?? {
    shape: [2, context],
    data: Array.from({ length: 2 * context }, (_, i) => (i % context) + 1),
  };
  const [count = 1, length = context] = ids.shape;
  const mask = golden?.get('attention_mask');
  const used = mask && Array.from({ length: count }, (_, i) => rowsOf(mask, i, 1).data.reduce((a, b) => a + b, 0));
  const graph = trace(tower.graph.name, (t) => ({
    embedding: callTower(t, tower, t.input('ids', [count, length], mainInput(tower).dtype), [], used).embedding,
  }));
  const session: Session = await compile(graph, { folder: folder.graphs });
  const feeds = { ids: wholeNumbers(mainInput(tower).dtype, ids.data, [count, length]) };
  const out = floatsOf((await session.run(feeds))['embedding']);
  const forward = await median(() => session.run(feeds));
  await session.release();
  const wanted = golden?.get('text_embeds')?.data;
  if (!wanted) return { forward };
  return {
    textEmbedding:
      tower.graph.name === folder.combined
        ? relativeError(normalisedRows(out, count), normalisedRows(wanted, count))
        : relativeError(out, wanted),
    forward,
  };
}

/** Files that hold an image tower, a text tower, or both, told by their inputs. */
async function checkFile(folder: ModelFolder, file: string, golden: Golden | undefined): Promise<FileReport> {
  let unsupported: string[] = [];
  try {
    const graph = await readGraph(folder, file);
    unsupported = [...new Set(graph.nodes.map((n) => n.operator).filter((o) => !isSupported(o)))].sort();
    const [seesPictures, readsTexts] = [couldHold(graph, 'image'), couldHold(graph, 'text')];
    const whole = { ...folder, combined: seesPictures && readsTexts ? file : '' };
    const pictures = seesPictures ? await checkPictures(whole, towerOf(graph, 'image'), golden) : {};
    const texts = readsTexts ? await checkTexts(whole, towerOf(graph, 'text'), golden) : {};
    return { file, unsupported, ...texts, ...pictures };
  } catch (thrown) {
    return { file, unsupported, error: plainError(thrown) };
  }
}

/** A report for each ONNX file of the folder, in order of name. Throws MODEL_MISSING, MODEL_BROKEN. */
export async function* checkFolder(path: string, signal: AbortSignal): AsyncGenerator<FileReport> {
  const folder = await openFolder(path);
  const bytes = await readFile(join(path, 'golden.safetensors')).catch(() => undefined);
  const golden = bytes && readSafetensors(bytes, join(path, 'golden.safetensors'));
  const inside = folder.graphs === path ? '' : `${relative(path, folder.graphs)}/`;
  for (const found of await graphFiles(path)) {
    // Files beside the graphs in use go by their name, others by their path in the folder.
    const own = found.startsWith(inside);
    const file = own ? found.slice(inside.length) : found;
    await setImmediate();
    signal.throwIfAborted();
    if (own && file === folder.guiding?.file) {
      const preprocessing = atSide(folder.preprocessing, folder.guiding.side);
      // Golden values are those of the other image tower.
      yield await checkFile({ ...folder, preprocessing }, file, undefined);
    } else yield await checkFile(own ? folder : { ...folder, graphs: path }, file, golden);
  }
}

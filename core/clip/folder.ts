/** Opens a model folder: which graphs there are and what the JSON files say. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { failure, LodestoneError, messageOf } from '../errors.ts';
import type { Graph } from '../graph/index.ts';
import { readOnnx, skim } from '../graph/index.ts';
import type { Initialiser } from '../graph/types.ts';
import { ROOT } from '../places.ts';
import type { ModelConfig, Preprocessing } from './config.ts';
import { parseConfig, parsePreprocessing } from './config.ts';
import type { Layout } from './layout.ts';
import { CONFIGS, firstFile, insideFolder, layoutOf, PREPROCESSORS, TOKENIZER_CONFIGS, TOKENIZERS } from './layout.ts';

/** The model that ships with Lodestone. */
export const EMBEDDED = join(ROOT, 'core', 'clip', 'embedded');

const JSON_LIMIT = 64 << 20;
export interface ModelFolder extends Layout {
  readonly path: string;
  readonly config: ModelConfig;
  readonly preprocessing: Preprocessing;
  /** A second image tower, for gradients: its file beside the other graphs, and the side of the pictures that it sees. */
  readonly guiding?: NonNullable<ModelConfig['guiding']>;
  /** tokenizer.json and, where there is one, tokenizer_config.json. */
  readonly tokenizer?: string;
  readonly tokenizerConfig?: string;
  /** Every JSON file that what the model does depends on. */
  readonly settings: readonly string[];
}

/** A JSON file, or undefined when it is not there. Throws MODEL_BROKEN. */
export async function readJson(path: string | undefined): Promise<unknown> {
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || !found?.isFile()) return undefined;
  if (found.size > JSON_LIMIT)
    throw failure('MODEL_BROKEN', { file: path, what: `it is larger than ${JSON_LIMIT >> 20} MiB` });
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw failure('MODEL_BROKEN', { file: path, what: messageOf(cause) }, cause);
  }
}

function parsed<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof LodestoneError) throw cause;
    throw failure('MODEL_BROKEN', { file, what: messageOf(cause) }, cause);
  }
}

/** `variant` names a precision that the folder offers beside its plain graphs: fp16, quantized, q4. Throws MODEL_MISSING, MODEL_BROKEN, PATH_ESCAPES. */
export async function openFolder(path: string, variant?: string): Promise<ModelFolder> {
  const configFile = await firstFile(path, CONFIGS);
  const json = await readJson(configFile);
  if (configFile === undefined || json === undefined)
    throw failure('MODEL_MISSING', { folder: path, what: 'it has no config.json' });
  const config = parsed(configFile, () => parseConfig(json));
  const named = guidingOf(config);
  const layout = await layoutOf(path, variant, named ? placesOf(named.file) : []);
  const preprocessorFile = await firstFile(path, PREPROCESSORS);
  const preprocessor = (await readJson(preprocessorFile)) ?? openClipPreprocessing(json);
  if (preprocessor === undefined && (layout.vision || layout.combined))
    throw failure('MODEL_MISSING', {
      folder: path,
      what: 'it has no preprocessor_config.json, which says how its image tower takes in pictures',
    });
  const tokenizer = await firstFile(path, TOKENIZERS);
  const tokenizerConfig = await firstFile(path, TOKENIZER_CONFIGS);
  return {
    ...layout,
    path,
    config,
    preprocessing: parsed(preprocessorFile ?? configFile, () =>
      parsePreprocessing(preprocessor ?? {}, config.imageSize),
    ),
    ...(named ? { guiding: { ...named, file: await besideGraphs(path, layout, named.file) } } : {}),
    ...(tokenizer ? { tokenizer } : {}),
    ...(tokenizerConfig ? { tokenizerConfig } : {}),
    settings: [configFile, preprocessorFile, tokenizer, tokenizerConfig].filter((f) => f !== undefined),
  };
}

/** The graph that a folder's settings name for gradients, as they name it. Throws MODEL_BROKEN. */
export async function guidingIn(path: string): Promise<string | undefined> {
  const file = await firstFile(path, CONFIGS);
  const json = await readJson(file);
  return json === undefined ? undefined : parsed(file ?? path, () => guidingOf(parseConfig(json))?.file);
}

const guidingOf = ({ guiding }: ModelConfig): ModelConfig['guiding'] =>
  guiding && { ...guiding, file: posix.normalize(guiding.file) };

/** Where a graph that the settings name may lie: there, or where somebody has put all files into one folder. */
const placesOf = (file: string): readonly string[] => [file, posix.basename(file)];

/** A graph that the settings name, by its name beside the others. Throws PATH_ESCAPES, MODEL_MISSING. */
async function besideGraphs(path: string, { graphs }: Layout, file: string): Promise<string> {
  await insideFolder(path, file);
  const found = await firstFile(path, placesOf(file));
  if (found === undefined)
    throw failure('MODEL_MISSING', { folder: path, what: `its config.json names ${file}, which is not there` });
  if (dirname(found) !== graphs)
    throw failure('MODEL_MISSING', { folder: path, what: `${file} does not lie beside its other graphs` });
  return basename(found);
}

/** OpenCLIP's open_clip_config.json holds the preprocessing too. */
function openClipPreprocessing(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'preprocess_cfg' in json ? json.preprocess_cfg : undefined;
}

/** Reads a graph. Its weights are named, never read; they must lie inside the folder. Throws FILE_MISSING, ONNX_UNREADABLE, PATH_ESCAPES. */
export async function readGraph(folder: Pick<ModelFolder, 'graphs' | 'path'>, file: string): Promise<Graph> {
  const path = join(folder.graphs, file);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw failure('FILE_MISSING', { path });
  await insideFolder(folder.path, path.slice(folder.path.length + 1));
  const bytes = await skim(path, basename(file)).catch((cause: unknown) => {
    throw failure('ONNX_UNREADABLE', { file, what: messageOf(cause) }, cause);
  });
  const graph = readOnnx({ bytes, name: file, file, skimmed: true });
  await checkWeights(folder, file, graph);
  return graph;
}

/** Absolute, upwards, or spelt so that systems read it differently. */
const LEADS_OUT = /(?:^|\/)\.\.(?:\/|$)|^\/|\/\/|\\|^[A-Za-z]:/;

/** Every constant of the graph that lies in a file: weights, constants of nodes, and those of branches. */
function constantsOf(graph: Graph): readonly Initialiser[] {
  const inNodes = graph.nodes.flatMap((n) =>
    Object.values(n.attributes).flatMap((a) =>
      a.type === 'tensor' ? [a.value] : a.type === 'graph' ? constantsOf(a.value) : [],
    ),
  );
  return [...graph.initialisers.values(), ...inNodes];
}

async function checkWeights(folder: Pick<ModelFolder, 'graphs' | 'path'>, file: string, graph: Graph): Promise<void> {
  const ends = new Map<string, number>();
  for (const { origin } of constantsOf(graph)) {
    if (!origin || origin.file === file) continue;
    if (LEADS_OUT.test(origin.file)) throw failure('PATH_ESCAPES', { folder: folder.path, path: origin.file });
    ends.set(origin.file, Math.max(ends.get(origin.file) ?? 0, origin.offset + origin.length));
  }
  for (const [name, end] of ends) {
    const path = await insideFolder(folder.path, join(folder.graphs, name).slice(folder.path.length + 1));
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) throw failure('FILE_MISSING', { path });
    if (found.size < end)
      throw failure('ONNX_UNREADABLE', {
        file: path,
        what: `it holds ${found.size} bytes where its weights end at ${end}`,
      });
  }
}

/** Opens a model folder in the Hugging Face layout: which graphs there are and what the JSON files say. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failure, LodestoneError, messageOf } from '../errors.ts';
import type { Graph } from '../graph/index.ts';
import { readOnnx } from '../graph/index.ts';
import type { ModelConfig, Preprocessing } from './config.ts';
import { parseConfig, parsePreprocessing } from './config.ts';

/** The model that ships with Lodestone, beside the sources in a clone and beside the build in a package. */
export const EMBEDDED = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './embedded' : '../../../core/clip/embedded', import.meta.url),
);

const JSON_LIMIT = 64 << 20;
const GRAPH_LIMIT = 2 ** 31 - 1;

export interface ModelFolder {
  readonly path: string;
  /** Where the graphs lie; weights refer to it. */
  readonly graphs: string;
  readonly config: ModelConfig;
  readonly preprocessing: Preprocessing;
  readonly vision?: string;
  readonly text?: string;
  /** One file with both towers and the logits. */
  readonly combined?: string;
}

/** A JSON file of the folder, or undefined when it is not there. Throws MODEL_BROKEN. */
export async function readJson(path: string): Promise<unknown> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
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

/** Throws MODEL_MISSING, MODEL_BROKEN. */
export async function openFolder(path: string): Promise<ModelFolder> {
  const config = await readJson(join(path, 'config.json'));
  if (config === undefined) throw failure('MODEL_MISSING', { folder: path, what: 'it has no config.json' });
  const inside = await readdir(join(path, 'onnx')).catch(() => [] as string[]);
  const graphs = inside.length > 0 ? join(path, 'onnx') : path;
  const files = new Set(inside.length > 0 ? inside : await readdir(path));
  const named = (name: string): string | undefined => (files.has(name) ? name : undefined);
  const vision = named('vision_model.onnx');
  const text = named('text_model.onnx');
  const combined = named('model.onnx');
  if (!vision && !text && !combined)
    throw failure('MODEL_MISSING', {
      folder: path,
      what: 'it has no vision_model.onnx, text_model.onnx or model.onnx',
    });
  const modelConfig = parsed(join(path, 'config.json'), () => parseConfig(config));
  const preprocessor = (await readJson(join(path, 'preprocessor_config.json'))) ?? {};
  return {
    path,
    graphs,
    config: modelConfig,
    preprocessing: parsed(join(path, 'preprocessor_config.json'), () =>
      parsePreprocessing(preprocessor, modelConfig.imageSize),
    ),
    ...(vision ? { vision } : {}),
    ...(text ? { text } : {}),
    ...(combined ? { combined } : {}),
  };
}

export async function readGraph(folder: ModelFolder, file: string): Promise<Graph> {
  const path = join(folder.graphs, file);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw failure('FILE_MISSING', { path });
  if (found.size > GRAPH_LIMIT)
    throw failure('ONNX_UNREADABLE', {
      file: path,
      what: 'it is larger than 2 GB; keep the weights in an external data file',
    });
  return readOnnx({ bytes: await readFile(path), name: file, file });
}

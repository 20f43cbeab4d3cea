/** Compiles a graph to an onnxruntime session. `run` blocks its thread: use it only in a process made for that. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { failure, messageOf } from '../errors.ts';
import type { Graph, Shape } from './types.ts';
import { writeOnnx } from './write-onnx.ts';

export interface CompileOptions {
  /** Folder that the weights' files are relative to; weights are then read from there by onnxruntime itself. */
  readonly folder?: string;
  readonly threads?: number;
}

export interface Session {
  /** Runs the graph once. Outputs keep their names. */
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    outputs?: readonly string[],
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  release(): Promise<void>;
}

export const float32 = (data: Float32Array, shape: Shape): OrtTensor => new OrtTensor('float32', data, [...shape]);
export const int64 = (data: readonly number[], shape: Shape): OrtTensor =>
  new OrtTensor(
    'int64',
    BigInt64Array.from(data, (v) => BigInt(Math.trunc(v))),
    [...shape],
  );
/** The numbers of a float32 output. */
export function floatsOf(tensor: OrtTensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw failure('INTERNAL', { what: `a tensor of type ${tensor?.type ?? 'none'} where float32 was expected` });
}

function sessionOptions({ folder, threads }: CompileOptions): InferenceSession.SessionOptions {
  const extra = folder ? { session: { model_external_initializers_file_folder_path: folder } } : undefined;
  return {
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    logSeverityLevel: 3,
    ...(threads ? { intraOpNumThreads: threads } : {}),
    ...(extra ? { extra } : {}),
  };
}

export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Session> {
  return open(writeOnnx(graph, { refer: options.folder !== undefined }), graph.name, options);
}

/** A session on a model file as it is, symbolic sizes and all. */
export async function openFile(path: string, options: CompileOptions = {}): Promise<Session> {
  return open(path, path, options);
}

async function open(model: string | Uint8Array, name: string, options: CompileOptions): Promise<Session> {
  const session = await (typeof model === 'string'
    ? InferenceSession.create(model, sessionOptions(options))
    : InferenceSession.create(model, sessionOptions(options))
  ).catch((cause: unknown) => {
    throw failure('ONNX_UNREADABLE', { file: name, what: messageOf(cause) }, cause);
  });
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (feeds, outputs) => session.run({ ...feeds }, outputs ?? session.outputNames),
    release: () => session.release(),
  };
}

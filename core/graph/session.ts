/** Compiles a graph to an onnxruntime session. `run` blocks its thread: use it only in a process made for that. */
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { failure, messageOf } from '../errors.ts';
import { onnxruntime } from '../native.ts';
import { fromHalf } from './data.ts';
import type { DType, Graph, Shape } from './types.ts';
import { writeOnnx } from './write-onnx.ts';

export interface CompileOptions {
  /** Folder that the weights' files are relative to; weights are then read from there by onnxruntime itself. */
  readonly folder?: string;
  readonly threads?: number;
  /** When quantised weights become real numbers: `once`, as the session opens (fast, more memory), or at `each-run` (slow, little memory). */
  readonly dequantise?: 'once' | 'each-run';
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

const tensors = (): typeof OrtTensor => onnxruntime().Tensor;

export const float32 = (data: Float32Array, shape: Shape): OrtTensor => new (tensors())('float32', data, [...shape]);
/** Token ids, masks and the like in the type that a graph declares. */
export function wholeNumbers(dtype: DType, data: readonly number[], shape: Shape): OrtTensor {
  const dims = [...shape];
  if (dtype === 'int32') return new (tensors())('int32', Int32Array.from(data), dims);
  if (dtype === 'bool') return new (tensors())('bool', Uint8Array.from(data), dims);
  if (dtype === 'float32') return float32(Float32Array.from(data), shape);
  const whole = BigInt64Array.from(data, (v) => BigInt(Math.trunc(v)));
  return new (tensors())('int64', whole, dims);
}
/** The numbers of a float32 or float16 output. */
export function floatsOf(tensor: OrtTensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  if (tensor?.type === 'float16' && tensor.data instanceof Uint16Array) return Float32Array.from(tensor.data, fromHalf);
  throw failure('INTERNAL', { what: `a tensor of type ${tensor?.type ?? 'none'} where float32 was expected` });
}

function sessionOptions({ folder, threads, dequantise }: CompileOptions): InferenceSession.SessionOptions {
  const session = {
    // Threads that wait for work by turning in circles take the cores from everybody else: two runs at once on two cores took 120 ms a step each with
    // it and 59 without, one alone 44 either way.
    intra_op: { allow_spinning: '0' },
    ...(folder ? { model_external_initializers_file_folder_path: folder } : {}),
    // Told to leave quantised graphs alone, onnxruntime folds the de-quantisation of constants like any other node.
    ...(dequantise === 'once' ? { disable_quant_qdq: '1' } : {}),
  };
  return {
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    // Planning one block for all activations takes more memory than it saves time: 1,325 MB against 1,240 MB for a ViT-B/32's gradient of eight.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(threads ? { intraOpNumThreads: threads } : {}),
    extra: { session },
  };
}

export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Session> {
  return open(writeOnnx(graph, { refer: options.folder !== undefined }), graph.name, {
    dequantise: 'once',
    ...options,
  });
}

/** A session on a model file as it is, symbolic sizes and all. */
export async function openFile(path: string, options: CompileOptions = {}): Promise<Session> {
  return open(path, path, options);
}

async function open(model: string | Uint8Array, name: string, options: CompileOptions): Promise<Session> {
  const session = await (typeof model === 'string'
    ? onnxruntime().InferenceSession.create(model, sessionOptions(options))
    : onnxruntime().InferenceSession.create(model, sessionOptions(options))
  ).catch((cause: unknown) => {
    throw failure('ONNX_UNREADABLE', { file: name, what: messageOf(cause) }, cause);
  });
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (feeds, outputs) =>
      session.run({ ...feeds }, outputs ?? session.outputNames).catch((cause: unknown) => {
        throw failure('GRAPH_RUN', { model: name, what: messageOf(cause) }, cause);
      }),
    release: () => session.release(),
  };
}

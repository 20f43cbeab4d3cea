/** Writing a graph by running a function of symbolic tensors, and calling graphs inside one. */
import { failure } from '../errors.ts';
import { GraphBuilder } from './builder.ts';
import { inline } from './inline.ts';
import { Tensor } from './tensor.ts';
import type { DType, Graph, Initialiser, Shape } from './types.ts';

/** What a traced function writes with: inputs, constants, other graphs called as functions. */
export class Trace {
  readonly builder: GraphBuilder;
  constructor(name: string) {
    this.builder = new GraphBuilder(name);
  }
  input(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
    return new Tensor(this.builder, this.builder.input(name, dtype, shape));
  }
  /** The handle on a value that the builder made. */
  tensor(value: string): Tensor {
    return new Tensor(this.builder, value);
  }
  constant(data: ArrayLike<number>, shape: Shape = [data.length], dtype: DType = 'float32'): Tensor {
    return new Tensor(this.builder, this.builder.constant({ dtype, shape, data: Array.from(data) }));
  }
  scalar(x: number, dtype: DType = 'float32'): Tensor {
    return this.constant([x], [], dtype);
  }
  /** A constant kept as the bytes it is given. */
  initialiser(name: string, constant: Initialiser): Tensor {
    return new Tensor(this.builder, this.builder.initialiser(name, constant));
  }
  /** Calls a graph on tensors: its nodes join this trace. */
  call(graph: Graph, inputs: Readonly<Record<string, Tensor>>, prefix = ''): Record<string, Tensor> {
    const bound = new Map(Object.entries(inputs).map(([name, t]) => [name, t.value]));
    return Object.fromEntries(
      [...inline(this.builder, graph, bound, prefix)].map(([name, value]) => [name, new Tensor(this.builder, value)]),
    );
  }
  build(outputs: Readonly<Record<string, Tensor>>): Graph {
    return this.builder.build(new Map(Object.entries(outputs).map(([name, t]) => [name, t.value])));
  }
}

/** Runs `body` once with symbolic tensors and returns the graph that it wrote. */
export function trace(name: string, body: (t: Trace) => Readonly<Record<string, Tensor>>): Graph {
  const t = new Trace(name);
  return t.build(body(t));
}

/** The graph with static shapes: symbolic sizes replaced by `shapes`, shape arithmetic folded, dead nodes gone. */
export function specialise(graph: Graph, shapes: Readonly<Record<string, Shape>>): Graph {
  return trace(graph.name, (t) => {
    const inputs = graph.inputs.map(({ name, dtype, shape }) => {
      const fixed = shapes[name] ?? shape.map((d) => (typeof d === 'number' ? d : -1));
      if (fixed.some((d) => d < 0))
        throw failure('GRAPH_SHAPE', {
          where: `input "${name}" of ${graph.name}`,
          what: `no size was given for [${shape.join(', ')}]`,
        });
      return [name, t.input(name, fixed, dtype)] as const;
    });
    return t.call(graph, Object.fromEntries(inputs));
  });
}

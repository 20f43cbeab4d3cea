/** The one place that writes graphs: every node is named, inferred, folded where it can be, and shared with an equal one. */
import { failure } from '../errors.ts';
import type { Known } from './data.ts';
import { initialiserOf, numbersOf } from './data.ts';
import { FOLD_LIMIT, fold } from './folding.ts';
import { INFERENCE, ShapeMismatch } from './inference.ts';
import { isOperator } from './operators.ts';
import { prune } from './prune.ts';
import type { Attributes, DType, Graph, GraphInput, GraphNode, Initialiser, Shape, ValueType } from './types.ts';
import { DTYPES, intOf } from './types.ts';
import { validate } from './validate.ts';

/** Operators whose further outputs their gradients reuse; outputs that nobody reads are dropped when the graph is built. */
const EXTRA_OUTPUTS: Readonly<Record<string, number>> = { LayerNormalization: 3, MaxPool: 2, TopK: 2 };

const exporterAdvice =
  'Export the model again with torch.onnx at opset 17 and without custom operators, or open an issue with its name.';

export class GraphBuilder {
  readonly name: string;
  readonly nodes: GraphNode[] = [];
  readonly types = new Map<string, ValueType>();
  private readonly inputs: GraphInput[] = [];
  private readonly initialisers = new Map<string, Initialiser>();
  private readonly knownValues = new Map<string, Known | undefined>();
  private readonly equal = new Map<string, readonly string[]>();
  private readonly taken = new Set<string>();
  private counter = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** A name that no value and no node of this graph has yet. */
  fresh(stem: string): string {
    let name = stem;
    while (name === '' || this.taken.has(name)) {
      this.counter += 1;
      name = `${stem}.${this.counter}`;
    }
    this.taken.add(name);
    return name;
  }

  typeOf(value: string): ValueType {
    const found = this.types.get(value);
    if (!found)
      throw failure('GRAPH_INVALID', { where: this.name, what: `the value "${value}" is used before it is made` });
    return found;
  }

  /** Declares an input of the graph with a static shape. */
  input(name: string, dtype: DType, shape: Shape): string {
    this.inputs.push({ name, dtype, shape });
    this.taken.add(name);
    this.types.set(name, { dtype, shape });
    return name;
  }

  /** Adds a constant; the name changes when it is taken. The same constant twice is one value. */
  initialiser(wanted: string, constant: Initialiser): string {
    if (this.initialisers.get(wanted) === constant) return wanted;
    const name = this.fresh(wanted);
    this.initialisers.set(name, constant);
    this.types.set(name, { dtype: constant.dtype, shape: constant.shape });
    return name;
  }

  constant(known: Known): string {
    const small = known.data.length <= 64;
    const key = small ? `constant|${known.dtype}|${known.shape.join()}|${known.data.join()}` : '';
    const [shared] = (small && this.equal.get(key)) || [];
    if (shared) return shared;
    const name = this.initialiser('constant', initialiserOf(known));
    if (small) this.equal.set(key, [name]);
    return name;
  }

  known(value: string): Known | undefined {
    if (!this.knownValues.has(value)) {
      const constant = this.initialisers.get(value);
      this.knownValues.set(value, constant && numbersOf(constant, FOLD_LIMIT));
    }
    return this.knownValues.get(value);
  }

  /** The constant behind a value, whatever its size. */
  constantOf(value: string): Initialiser | undefined {
    return this.initialisers.get(value);
  }

  /** Adds a node and returns the names of its outputs; a node whose result is a small constant becomes that constant. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    outputs: number = 1,
    nodeName?: string,
  ): readonly string[] {
    const label = nodeName || operator.replace(/^.*:/, '');
    const here = { operator, node: label, model: this.name };
    if (!isOperator(operator)) throw failure('GRAPH_OPERATOR', { ...here, advice: exporterAdvice });
    const [first] = inputs;
    if ((operator === 'Identity' || operator === 'Dropout') && first !== undefined) return [first];
    if (operator === 'Cast' && first && intOf(attributes, 'to', 0) === DTYPES[this.typeOf(first).dtype].onnx)
      return [first];
    const value = attributes['value'];
    if (operator === 'Constant' && value?.type === 'tensor') return [this.initialiser(label, value.value)];

    const key = `${operator}|${inputs.join()}|${outputs}|${JSON.stringify(attributes, (_, v) => (v instanceof Uint8Array ? [...v] : v))}`;
    const shared = this.equal.get(key);
    if (shared) return shared;

    const types = inputs.map((name) => (name ? this.typeOf(name) : undefined));
    const known = inputs.map((name) => (name ? this.known(name) : undefined));
    const inferred = this.infer(operator, label, {
      attributes,
      types,
      known,
      outputs: Math.max(outputs, EXTRA_OUTPUTS[operator] ?? 1),
    });
    const [output] = inferred;
    const folded =
      output && inferred.length === 1 ? fold(operator, { attributes, inputs: known, types, output }) : undefined;
    const names = folded ? [this.constant(folded)] : this.write(operator, label, inputs, attributes, inferred);
    this.equal.set(key, names);
    return names;
  }

  private write(
    operator: string,
    label: string,
    inputs: readonly string[],
    attributes: Attributes,
    types: readonly ValueType[],
  ): readonly string[] {
    const name = this.fresh(label);
    const outputs = types.map((type, i) => {
      const value = this.fresh(i === 0 ? `${name}:out` : `${name}:out${i}`);
      this.types.set(value, type);
      return value;
    });
    this.nodes.push({ name, operator, inputs, outputs, attributes });
    return outputs;
  }

  private infer(
    operator: keyof typeof INFERENCE,
    node: string,
    input: Parameters<(typeof INFERENCE)['Add']>[0],
  ): readonly ValueType[] {
    try {
      return INFERENCE[operator](input);
    } catch (cause) {
      if (!(cause instanceof ShapeMismatch)) throw cause;
      throw failure(
        'GRAPH_SHAPE',
        { where: `${operator} (node "${node}" in ${this.name})`, what: cause.message },
        cause,
      );
    }
  }

  /** The finished graph: only what its outputs need, validated. `outputs` maps public names to values. */
  build(outputs: ReadonlyMap<string, string>): Graph {
    const nodes = [...this.nodes];
    const types = new Map(this.types);
    for (const [name, value] of outputs) {
      if (types.has(name))
        throw failure('GRAPH_INVALID', {
          where: `${this.name}, the outputs`,
          what: `"${name}" is the name of a value already`,
        });
      types.set(name, this.typeOf(value));
      nodes.push({ name: `output.${name}`, operator: 'Identity', inputs: [value], outputs: [name], attributes: {} });
    }
    const graph = prune({
      name: this.name,
      inputs: this.inputs,
      outputs: [...outputs.keys()],
      nodes,
      initialisers: this.initialisers,
      types,
    });
    validate(graph);
    return graph;
  }
}

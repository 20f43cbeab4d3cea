/** Rewrites older operator forms to those of the one opset that inference and rules know. */
import { initialiserOf } from './data.ts';
import type { Attribute, Attributes, Graph, GraphNode, Initialiser } from './types.ts';
import { intOf } from './types.ts';

interface Context {
  /** The stem, or one like it that names nothing yet: ONNX lets names of nodes repeat, and lets them be left out. */
  name(stem: string): string;
  /** Makes a constant and returns its name; float32 is a single number unless it is to be a `list`. */
  constant(stem: string, data: readonly number[], dtype?: 'int64' | 'float32', list?: boolean): string;
}
type Rewrite = (node: GraphNode, context: Context) => readonly GraphNode[];

const omit = (a: Attributes, ...keys: string[]): Attributes =>
  Object.fromEntries(Object.entries(a).filter(([k]) => !keys.includes(k)));
const listed = (a: Attribute | undefined): readonly number[] =>
  a?.type === 'ints' || a?.type === 'floats' ? a.value : a?.type === 'int' || a?.type === 'float' ? [a.value] : [];

/** An attribute of the older form becomes input `position` of the newer one. */
const attributeToInput =
  (key: string, position: number): Rewrite =>
  (node, context) => {
    const value = node.attributes[key];
    if (!value) return [node];
    const inputs = Array.from({ length: Math.max(position + 1, node.inputs.length) }, (_, i) => node.inputs[i] ?? '');
    inputs[position] = context.constant(`${node.name}.${key}`, listed(value));
    return [{ ...node, inputs, attributes: omit(node.attributes, key) }];
  };

/** Before opset 13 Softmax worked on a matrix: all axes from `axis` on were one. Only the last axis is the same in both forms. */
const softmaxOverTail: Rewrite = (node, context) => {
  const axis = intOf(node.attributes, 'axis', 1);
  const [x = ''] = node.inputs;
  const [y = ''] = node.outputs;
  if (axis === -1) return [node];
  const part = (suffix: string): string => context.name(`${node.name}.${suffix}`);
  const [shape, flat, rows] = [part('shape'), part('flat'), part('rows')];
  return [
    { name: shape, operator: 'Shape', inputs: [x], outputs: [shape], attributes: {} },
    {
      name: flat,
      operator: 'Flatten',
      inputs: [x],
      outputs: [flat],
      attributes: { axis: { type: 'int', value: axis } },
    },
    { ...node, inputs: [flat], outputs: [rows], attributes: { axis: { type: 'int', value: -1 } } },
    { name: part('back'), operator: 'Reshape', inputs: [rows, shape], outputs: [y], attributes: {} },
  ];
};

const clipBounds: Rewrite = (node, context) => {
  if (!node.attributes['min'] && !node.attributes['max']) return [node];
  const [x = ''] = node.inputs;
  const made: GraphNode[] = [];
  const bound = (key: 'min' | 'max'): string => (node.attributes[key] ? scalarLike(context, node, key, x, made) : '');
  const inputs = [x, bound('min'), bound('max')];
  return [...made, { ...node, inputs, attributes: {} }];
};
/** A number of an attribute in the type of `x`, which is not known yet: files of half precision have float32 attributes too. */
function scalarLike(context: Context, node: GraphNode, key: string, x: string, made: GraphNode[]): string {
  const output = context.name(`${node.name}.${key}.like`);
  const inputs = [scalar(context, node, key), x];
  made.push({ name: output, operator: 'CastLike', inputs, outputs: [output], attributes: {} });
  return output;
}
const scalar = (context: Context, node: GraphNode, key: string): string =>
  context.constant(`${node.name}.${key}`, listed(node.attributes[key]), 'float32');

const reductions = [
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceL1',
  'ReduceL2',
  'ReduceProd',
  'ReduceSumSquare',
  'ReduceLogSum',
  'ReduceLogSumExp',
];

/** Attributes become inputs from position 1 on, in this order; those that are left out stay out. */
const attributesToInputs =
  (...keys: readonly string[]): Rewrite =>
  (node, context) => {
    if (!keys.some((key) => node.attributes[key])) return [node];
    const inputs = keys.map((key) =>
      node.attributes[key] ? context.constant(`${node.name}.${key}`, listed(node.attributes[key])) : '',
    );
    while (inputs.at(-1) === '') inputs.pop();
    return [{ ...node, inputs: [node.inputs[0] ?? '', ...inputs], attributes: omit(node.attributes, ...keys) }];
  };

const padInputs: Rewrite = (node, context) => {
  const pads = node.attributes['pads'] ?? node.attributes['paddings'];
  if (!pads) return [node];
  const inputs = [node.inputs[0] ?? '', context.constant(`${node.name}.pads`, listed(pads))];
  const made: GraphNode[] = [];
  if (node.attributes['value']) inputs.push(scalarLike(context, node, 'value', inputs[0] ?? '', made));
  return [...made, { ...node, inputs, attributes: omit(node.attributes, 'pads', 'paddings', 'value') }];
};
/** Upsample (until 9) and Resize (until 10) took the factors second and placed pixels from the corner. */
const olderResize: Rewrite = (node, context) => {
  const [x = '', given] = node.inputs;
  const scales = given ?? context.constant(`${node.name}.scales`, listed(node.attributes['scales']), 'float32', true);
  const mode = node.attributes['mode'] ?? { type: 'string' as const, value: 'nearest' };
  return [
    {
      ...node,
      operator: 'Resize',
      inputs: [x, '', scales],
      attributes: {
        mode,
        coordinate_transformation_mode: { type: 'string', value: 'asymmetric' },
        nearest_mode: { type: 'string', value: 'floor' },
      },
    },
  ];
};
const renamed =
  (operator: string): Rewrite =>
  (node) => [{ ...node, operator }];
/** Before opset 7 a right-hand side was laid against the left one from `axis` on. */
const alignedBroadcast: Rewrite = (node) => {
  if (!node.attributes['broadcast']) return [node];
  if (node.attributes['axis'])
    throw new Error(
      `${node.operator} (node "${node.name}") broadcasts by axis, as before opset 7; export it at opset 17`,
    );
  return [{ ...node, attributes: {} }];
};

/** Operator, first opset of the newer form, rewrite of the older one. Source: ONNX's operator changelog (docs/Changelog.md). */
const REWRITES: readonly (readonly [operator: string, since: number, rewrite: Rewrite])[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow'].map((o) => [o, 7, alignedBroadcast] as const),
  ['Clip', 11, clipBounds],
  ['Pad', 11, padInputs],
  ['Slice', 10, attributesToInputs('starts', 'ends', 'axes')],
  ['TopK', 10, attributeToInput('k', 1)],
  ['Upsample', Number.POSITIVE_INFINITY, olderResize],
  ['Resize', 11, olderResize],
  ['Scatter', Number.POSITIVE_INFINITY, renamed('ScatterElements')],
  ['Softmax', 13, softmaxOverTail],
  ['LogSoftmax', 13, softmaxOverTail],
  ['Hardmax', 13, softmaxOverTail],
  ['Squeeze', 13, attributeToInput('axes', 1)],
  ['Unsqueeze', 13, attributeToInput('axes', 1)],
  ['ReduceSum', 13, attributeToInput('axes', 1)],
  ['Split', 13, attributeToInput('split', 1)],
  ...reductions.map((r) => [r, 18, attributeToInput('axes', 1)] as const),
];

/** Exporters also write constants as numbers instead of tensors; one form is enough. */
function constantForm(node: GraphNode): GraphNode {
  const of = (dtype: 'int64' | 'float32', key: string, shape?: readonly number[]): Initialiser => {
    const data = listed(node.attributes[key]);
    return initialiserOf({ dtype, shape: shape ?? [data.length], data });
  };
  const a = node.attributes;
  const value = a['value_int']
    ? of('int64', 'value_int', [])
    : a['value_float']
      ? of('float32', 'value_float', [])
      : a['value_ints']
        ? of('int64', 'value_ints')
        : a['value_floats']
          ? of('float32', 'value_floats')
          : undefined;
  return value ? { ...node, attributes: { value: { type: 'tensor', value } } } : node;
}

/** The graph, and every branch in it, at the one opset. Newer opsets only add operators and types to it (docs/Changelog.md, 22 to 26). */
export function upgrade(graph: Graph, opset: number): Graph {
  const initialisers = new Map(graph.initialisers);
  const taken = new Set([
    ...initialisers.keys(),
    ...graph.inputs.map(({ name }) => name),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const context: Context = {
    name(stem) {
      let name = stem;
      for (let i = 2; taken.has(name); i++) name = `${stem}.${i}`;
      taken.add(name);
      return name;
    },
    constant(stem, data, dtype = 'int64', list = dtype !== 'float32') {
      const name = context.name(stem);
      initialisers.set(name, initialiserOf({ dtype, shape: list ? [data.length] : [], data }));
      return name;
    },
  };
  const nodes = graph.nodes.flatMap((node) => {
    if (node.operator === 'Constant') return [constantForm(node)];
    const row = REWRITES.find(([operator, since]) => operator === node.operator && opset < since);
    return (row ? row[2](node, context) : [node]).map((n) => withUpgradedBranches(n, opset));
  });
  return { ...graph, nodes, initialisers };
}

function withUpgradedBranches(node: GraphNode, opset: number): GraphNode {
  if (!Object.values(node.attributes).some((a) => a.type === 'graph')) return node;
  const attributes = Object.entries(node.attributes).map(
    ([key, a]) => [key, a.type === 'graph' ? { ...a, value: upgrade(a.value, opset) } : a] as const,
  );
  return { ...node, attributes: Object.fromEntries(attributes) };
}

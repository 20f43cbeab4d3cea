/** Gradients of matrix products. Transposes are flags of the product, never copies of the weights. */
import type { Tensor } from '../../graph/tensor.ts';
import type { Attributes } from '../../graph/types.ts';
import { float, floatOf, int, intOf } from '../../graph/types.ts';
import type { Rule, RuleInput } from '../rule.ts';

type Product = (a: Tensor, b: Tensor, transA: boolean, transB: boolean) => Tensor;
const flags = (transA: boolean, transB: boolean, alpha: number): Attributes => ({
  transA: int(transA ? 1 : 0),
  transB: int(transB ? 1 : 0),
  alpha: float(alpha),
});

const batched =
  (alpha: number): Product =>
  (a, b, transA, transB) =>
    !transA && !transB && alpha === 1
      ? a.matmul(b)
      : a.apply('com.microsoft:FusedMatMul', [b], flags(transA, transB, alpha));
const dense =
  (alpha: number): Product =>
  (a, b, transA, transB) =>
    a.apply('Gemm', [b], flags(transA, transB, alpha));

/** Y = A'B', where ' is an optional transpose: dA' = G B'ᵀ and dB' = A'ᵀ G, written for the stored form of each. */
function pulled(
  product: Product,
  a: Tensor,
  b: Tensor,
  g: Tensor,
  transA: boolean,
  transB: boolean,
): [() => Tensor, () => Tensor] {
  return [
    () => (transA ? product(b, g, transB, true) : product(g, b, false, !transB)),
    () => (transB ? product(g, a, true, transA) : product(a, g, !transA, false)),
  ];
}

export const gemm: Rule = ({ x, inputs, g, attributes: a }) => {
  const product = dense(floatOf(a, 'alpha', 1));
  const sides = pulled(product, x, inputs[1] ?? x, g, intOf(a, 'transA', 0) === 1, intOf(a, 'transB', 0) === 1);
  return [...sides, () => g.mul(floatOf(a, 'beta', 1))];
};

export const matmul: Rule = (n) => {
  const { attributes: a } = n;
  const [left, right, g] = asMatrices(n);
  const transA = intOf(a, 'transA', 0) === 1;
  const transB = intOf(a, 'transB', 0) === 1;
  const alpha = floatOf(a, 'alpha', 1);
  const [dLeft, dRight] = pulled(batched(alpha), left, right, g, transA, transB);
  const [x, y] = [n.x, n.inputs[1] ?? n.x];
  // One weight matrix for a whole batch: a single tall product instead of one a batch element and a sum.
  const rows = (t: Tensor): Tensor => t.reshape([-1, t.shape.at(-1) ?? 1]);
  const shared = right.rank === 2 && left.rank > 2 && !transA;
  const dWeights = (): Tensor => pulled(dense(alpha), rows(left), right, rows(g), false, transB)[1]();
  return [
    () => (x.rank === 1 ? fromMatrix(dLeft(), x, left) : dLeft()),
    () => (y.rank === 1 ? fromMatrix(dRight(), y, right) : shared ? dWeights() : dRight()),
  ];
};

/** Vectors as one-row and one-column matrices, as MatMul treats them. */
function asMatrices({ x, inputs, g }: RuleInput): [Tensor, Tensor, Tensor] {
  const b = inputs[1] ?? x;
  const left = x.rank === 1 ? x.unsqueeze(0) : x;
  const right = b.rank === 1 ? b.unsqueeze(1) : b;
  const withRow =
    x.rank === 1
      ? [...g.shape.slice(0, b.rank === 1 ? g.rank : -1), 1, ...(b.rank === 1 ? [] : g.shape.slice(-1))]
      : g.shape;
  return [left, right, g.reshape(b.rank === 1 ? [...withRow, 1] : withRow)];
}
function fromMatrix(cotangent: Tensor, vector: Tensor, matrix: Tensor): Tensor {
  const extra = Array.from({ length: cotangent.rank - matrix.rank }, (_, i) => i);
  return cotangent.sum(extra).reshape(vector.shape);
}

/** Einsum as transposes, one batched matrix product for each pair of operands, and sums. */
import type { Tensor } from '../tensor.ts';
import { textOf } from '../types.ts';
import type { Expansion, ExpansionInput } from './expansion.ts';

/** A tensor and a letter for each of its axes. */
interface Labelled {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}
const sizeIn = (o: Labelled, label: string): number => o.tensor.shape[o.labels.indexOf(label)] ?? 1;
const ELLIPSIS = '.';

/** `ab...c` over a rank: letters, with one name for each axis that the dots stand for, counted from the last. */
function labelsOf(term: string, rank: number): string[] {
  const [before = '', after] = term.split('...');
  if (after === undefined) return [...before];
  const count = rank - before.length - after.length;
  return [...before, ...Array.from({ length: count }, (_, i) => `${ELLIPSIS}${count - i}`), ...after];
}

/** A letter that stands twice in one term picks the diagonal: everything else is multiplied by zero and summed away. */
function diagonal({ tensor, labels }: Labelled): Labelled {
  const second = labels.findIndex((l, i) => labels.indexOf(l) < i);
  if (second < 0) return { tensor, labels };
  const first = labels.indexOf(labels[second] ?? '');
  const places = (axis: number): Tensor => tensor.places(tensor.shape[axis] ?? 1, axis, tensor.rank);
  const same = places(first).equal(places(second)).cast(tensor.dtype);
  return diagonal({ tensor: tensor.mul(same).sum(second), labels: labels.filter((_, i) => i !== second) });
}

function summedTo(o: Labelled, kept: ReadonlySet<string>): Labelled {
  const axes = o.labels.flatMap((l, i) => (kept.has(l) ? [] : [i]));
  return { tensor: o.tensor.sum(axes), labels: o.labels.filter((l) => kept.has(l)) };
}
const ordered = (o: Labelled, wanted: readonly string[]): Tensor =>
  o.tensor.transpose(wanted.map((l) => o.labels.indexOf(l)));

/** Two operands as one batched product: letters of both that go on are batch, letters of both that end are summed. */
function product(a: Labelled, b: Labelled, later: ReadonlySet<string>): Labelled {
  const [left, right] = [summedTo(a, new Set([...later, ...b.labels])), summedTo(b, new Set([...later, ...a.labels]))];
  const shared = left.labels.filter((l) => right.labels.includes(l));
  const batch = shared.filter((l) => later.has(l));
  const ending = shared.filter((l) => !later.has(l));
  const rows = left.labels.filter((l) => !shared.includes(l));
  const columns = right.labels.filter((l) => !shared.includes(l));
  const size = (o: Labelled, labels: readonly string[]): number => labels.reduce((n, l) => n * sizeIn(o, l), 1);
  // One operand may have an axis of size one where the other is longer: it broadcasts.
  const batchOf = (o: Labelled): number[] => batch.map((l) => sizeIn(o, l));
  const wide = (o: Labelled, l: string): Labelled => {
    const most = Math.max(sizeIn(left, l), sizeIn(right, l));
    return sizeIn(o, l) === most
      ? o
      : { ...o, tensor: o.tensor.expand(o.labels.map((k, i) => (k === l ? most : (o.tensor.shape[i] ?? 1)))) };
  };
  const [l, r] = [ending.reduce(wide, left), ending.reduce(wide, right)];
  const p = ordered(l, [...batch, ...rows, ...ending]).reshape([...batchOf(l), size(l, rows), size(l, ending)]);
  const q = ordered(r, [...batch, ...ending, ...columns]).reshape([...batchOf(r), size(r, ending), size(r, columns)]);
  const y = p.matmul(q);
  const shape = [
    ...y.shape.slice(0, batch.length),
    ...rows.map((k) => sizeIn(l, k)),
    ...columns.map((k) => sizeIn(r, k)),
  ];
  return { tensor: y.reshape(shape), labels: [...batch, ...rows, ...columns] };
}

function termsOf(n: ExpansionInput): { inputs: string[]; output: string | undefined } {
  const [left = '', output] = textOf(n.attributes, 'equation', '').replaceAll(' ', '').split('->');
  return { inputs: left.split(','), output };
}

export const einsum: Expansion = (n) => {
  const { inputs, output } = termsOf(n);
  const operands = inputs.map((term, i) => {
    const tensor = n.inputs[i] ?? n.refuse('Its equation and its inputs do not agree.');
    return diagonal({ tensor, labels: labelsOf(term, tensor.rank) });
  });
  const all = operands.flatMap((o) => o.labels);
  const dots = [...new Set(all.filter((l) => l.startsWith(ELLIPSIS)))].sort().reverse();
  const once = [...new Set(inputs.join('').replaceAll('.', ''))]
    .filter((l) => inputs.join('').split(l).length === 2)
    .sort();
  const wanted =
    output === undefined
      ? [...dots, ...once]
      : output.includes('...')
        ? [...output]
            .join('')
            .split('...')
            .flatMap((part, i) => (i === 0 ? [...part, ...dots] : [...part]))
        : [...output];
  const [first, ...rest] = operands;
  if (!first) return undefined;
  const joined = rest.reduce((sofar, next, i) => {
    const later = new Set([...wanted, ...rest.slice(i + 1).flatMap((o) => o.labels)]);
    return product(sofar, next, later);
  }, first);
  return [ordered(summedTo(joined, new Set(wanted)), wanted)];
};

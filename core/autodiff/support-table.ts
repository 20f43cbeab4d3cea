/** The table of what is supported, for the docs: written from the same tables that the code runs on. */
import { EXPANSIONS } from '../graph/expansions/index.ts';
import { OPERATORS, OPSET } from '../graph/operators.ts';
import { constant } from './rule.ts';
import { RULES } from './rules/index.ts';

type Support = 'exact' | 'none flows' | 'spelt out';
const MEANING: Record<Support, string> = {
  exact: 'has a gradient rule of its own',
  'none flows':
    'runs, but nothing flows back through it: its derivative is zero almost everywhere, or it makes shapes and whole numbers',
  'spelt out':
    'is written in other operators of this table before anything else sees it, and differentiated through them',
};

/** Every operator with how its gradient comes about; onnxruntime's own ones have `com.microsoft:` in front. */
export function operatorSupport(): ReadonlyMap<string, Support> {
  const own = OPERATORS.map((o) => [o, RULES[o] === constant ? 'none flows' : 'exact'] as const);
  const spelt = Object.keys(EXPANSIONS).map((o) => [o, 'spelt out'] as const);
  // Some operators are spelt out only in forms that their rule does not know.
  return new Map<string, Support>(
    [...spelt, ['If', 'spelt out'] as const, ...own].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

export function supportTable(): string {
  const rows = [...operatorSupport()].map(([operator, support]) => [operator, support] as const);
  const widest = rows.reduce((w, [o]) => Math.max(w, o.length), 'operator'.length);
  const line = (a: string, b: string): string => `| ${a.padEnd(widest)} | ${b.padEnd(10)} |`;
  return [
    '# Operators',
    '',
    `What Lodestone runs and differentiates, in ONNX's operator set ${OPSET}; files of operator sets 1 to 26 are rewritten to it as they are read. Written by \`npm run operators\` from the code.`,
    '',
    ...Object.entries(MEANING).map(([support, meaning]) => `- **${support}**: ${meaning}.`),
    '',
    'An If is supported where its condition is known before the graph runs. Anything else gives GRAPH_OPERATOR with the name of the node.',
    '',
    line('operator', 'gradient'),
    `| ${'-'.repeat(widest)} | ${'-'.repeat(10)} |`,
    ...rows.map(([operator, support]) => line(operator, support)),
    '',
  ].join('\n');
}

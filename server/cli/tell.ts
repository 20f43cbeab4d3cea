/** What a plugin says, in a terminal: tables in columns, rankings, notes; questions are asked where somebody can answer. */
import { createInterface } from 'node:readline/promises';
import type { PluginEvent, PluginRun } from '../../core/index.ts';
import type { Context } from './shared.ts';

type Of<T extends PluginEvent['type']> = Extract<PluginEvent, { type: T }>;

const score = (x: number): string => x.toFixed(3).padStart(7);
const percent = (x: number | undefined): string =>
  x === undefined ? '' : `  ${Math.floor(x).toString().padStart(3)} %`;

const WIDEST = 60;
const cell = (value: string | number): string => {
  const text = typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(3) : String(value);
  return text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text;
};

function tableLines({ columns, rows }: Of<'table'>): string[] {
  const all = [columns, ...rows.map((row) => row.map(cell))];
  const widths = columns.map((_, i) => all.reduce((widest, row) => Math.max(widest, row[i]?.length ?? 0), 0));
  const right = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  return all.map((row) =>
    row
      .map((text, i) => (right[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** Says an event, and keeps it for the one document of --json. */
export function tell(event: PluginEvent, { terminal }: Context, result: Record<string, unknown>): void {
  const kept = <T>(name: string): T[] => (result[name] as T[] | undefined) ?? []; // only this function writes there
  if (event.type === 'progress') terminal.progress(event.done, event.total);
  else if (event.type === 'note') {
    terminal.warn(event.text);
    result['notes'] = [...kept<string>('notes'), event.text];
  } else if (event.type === 'chart') {
    result['scores'] = event.series;
    if (event.percentiles) result['percentiles'] = event.percentiles;
  } else if (event.type === 'table') {
    terminal.line([event.title, ...tableLines(event)].join('\n'));
    const { title, columns, rows } = event;
    result['tables'] = [...kept<Of<'table'>>('tables').filter((t) => t.title !== title), { title, columns, rows }];
  } else if (event.type === 'matrix') {
    const { title, columns, rows } = event;
    const lines = tableLines({
      type: 'table',
      title,
      columns: ['picture', ...columns],
      rows: rows.map(({ picture, values }) => [picture, ...values]),
    });
    terminal.line([title, ...lines].join('\n'));
    result['matrix'] = { title, columns, rows };
  } else if (event.type === 'map') {
    const { title, points, signposts } = event;
    terminal.line(`${title}: ${points.length} pictures on a plane, ${signposts.length} signposts.`);
    for (const { text, x, y } of signposts) terminal.line(`${score(x)} ${score(y)}  ${text}`);
    result['map'] = { title, points, signposts };
  } else if (event.type === 'ranking') {
    terminal.line(event.title);
    for (const item of event.items)
      terminal.line(
        `${score(item.score)}${percent(item.percentile)}  ${item.picture}${item.values.length > 1 ? `  (${event.columns.map((c, i) => `${c}${score(item.values[i] ?? 0)}`).join(', ')})` : ''}`,
      );
    result['ranking'] = { title: event.title, columns: event.columns, items: event.items };
  }
}

/** Asks a question of the person at the terminal; where nobody is, the run is told to finish with what it has. */
export async function answered(
  { id, text, pictures, choices }: Of<'question'>,
  run: PluginRun,
  { terminal, signal }: Context,
): Promise<void> {
  if (!process.stdin.isTTY || terminal.json) {
    await run.steer({ control: 'finish' });
    return;
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const shown = pictures.map((p, i) => `  ${i + 1}  ${p}`).join('\n');
    const listed = choices.map((c, i) => `${i + 1} ${c}`).join(', ');
    const said = (await lines.question(`${text}\n${shown}\n[${listed}; empty to finish] `, { signal })).trim();
    const choice = choices[Number(said) - 1] ?? choices.find((c) => c === said);
    await run.steer(choice === undefined ? { control: 'finish' } : { answer: { question: id, choice } });
  } finally {
    lines.close();
  }
}

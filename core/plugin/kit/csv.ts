/** Tables as CSV (RFC 4180). Cells that a spreadsheet would take for a formula are quoted with a leading apostrophe. */
import type { PluginEvent } from '../events.ts';

type Cell = string | number;

function written(value: Cell): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvOf = (columns: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  `${[columns, ...rows].map((row) => row.map(written).join(',')).join('\r\n')}\r\n`;

type FileEvent = Extract<PluginEvent, { type: 'file' }>;

/** A text as an event that keeps it as a file. */
export const fileEvent = (name: string, mime: FileEvent['mime'], text: string): FileEvent => ({
  type: 'file',
  name,
  mime,
  bytes: new TextEncoder().encode(text),
});

/** The same of what only tells more of the answer that was given: it is written where files are asked for. */
export const reportEvent = (name: string, mime: FileEvent['mime'], text: string): FileEvent => ({
  ...fileEvent(name, mime, text),
  report: true,
});

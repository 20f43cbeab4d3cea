/** Stores used in a process of their own, so that one that ends its process, or has a full disk, is seen from outside. This file is both ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { openKept } from '../../core/store/kept.ts';

const jobSchema = z.object({
  path: z.string(),
  /** Keys that are asked for first. */
  get: z.array(z.string()),
  /** Rows of so many equal bytes that are put then. */
  put: z.array(z.object({ key: z.string(), size: z.int(), byte: z.int() })),
});
export type StoreJob = z.infer<typeof jobSchema>;
const reportSchema = z.object({
  /** Values in base 64; null for what is missing. */
  found: z.array(z.string().nullable()),
  /** How many of the rows that were put are there after the file was closed and opened again. */
  kept: z.int(),
  /** How many of those have another value than what was put. */
  wrong: z.int(),
  lines: z.array(z.string()),
  keeps: z.boolean(),
});
export type StoreReport = z.infer<typeof reportSchema>;

const self = fileURLToPath(import.meta.url);

function worked({ path, get, put }: StoreJob): StoreReport {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const store = openKept(path, { say });
  const found = get.map((key) => store.get(key)).map((v) => (v ? Buffer.from(v).toString('base64') : null));
  const bytesOf = ({ size, byte }: StoreJob['put'][number]): Buffer => Buffer.alloc(size, byte);
  for (const row of put) store.put(row.key, bytesOf(row));
  store.flush();
  const { keeps } = store;
  store.close();
  const again = openKept(path, { say });
  const rows = put.map((row) => ({ row, value: again.get(row.key) })).filter((r) => r.value !== undefined);
  again.close();
  const wrong = rows.filter(({ row, value }) => !bytesOf(row).equals(value ?? Buffer.of()));
  return { found, kept: rows.length, wrong: wrong.length, lines, keeps };
}

async function main(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(worked(jobSchema.parse(JSON.parse(line))))}\n`);
}

/** What came of each job, in order, until the process ended; `blocks` of 512 bytes are the most that it may write into one file. */
export async function inChild(
  jobs: readonly StoreJob[],
  { blocks }: { readonly blocks?: number } = {},
): Promise<{ readonly code: number | null; readonly signal: string | null; readonly reports: StoreReport[] }> {
  const limit = blocks === undefined ? '' : `ulimit -f ${blocks}; `;
  const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', process.execPath, '--import', 'tsx', self], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(jobs.map((job) => `${JSON.stringify(job)}\n`).join(''));
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    out += piece;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]; // as node calls it
  const whole = out.split('\n').slice(0, -1);
  return { code, signal, reports: whole.map((line) => reportSchema.parse(JSON.parse(line))) };
}

if (process.argv[1] === self) await main();

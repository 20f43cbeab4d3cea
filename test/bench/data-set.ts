/** Pictures with captions, packed as LODESTONE_PICTURES holds them: rows in pictures.jsonl.gz, files end to end in pictures-NN.bin. */
import { createReadStream } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';

const rowSchema = z.object({
  id: z.string(),
  core: z.string(),
  concept: z.string().default(''),
  captions: z.array(z.string()).default([]),
  keywords: z.array(z.string()).default([]),
  split: z.enum(['train', 'val']),
  noisy: z.boolean().default(false),
  shard: z.int().nonnegative(),
  offset: z.int().nonnegative(),
  bytes: z.int().positive(),
});
export type DataRow = z.infer<typeof rowSchema>;

export async function rowsOf(folder: string, wanted: (row: DataRow) => boolean): Promise<DataRow[]> {
  const lines = createInterface({ input: createReadStream(join(folder, 'pictures.jsonl.gz')).pipe(createGunzip()) });
  const rows: DataRow[] = [];
  for await (const line of lines) {
    const row = rowSchema.parse(JSON.parse(line));
    if (wanted(row)) rows.push(row);
  }
  return rows;
}

/** Writes pictures as files, a folder a hundred, and returns their paths. */
export async function unpacked(folder: string, rows: readonly DataRow[], to: string): Promise<string[]> {
  const shards = new Map<number, Awaited<ReturnType<typeof open>>>();
  const paths: string[] = [];
  for (const [i, row] of rows.entries()) {
    const shard = shards.get(row.shard) ?? (await open(join(folder, `pictures-0${row.shard}.bin`)));
    shards.set(row.shard, shard);
    const bytes = Buffer.alloc(row.bytes);
    await shard.read(bytes, 0, row.bytes, row.offset);
    const place = join(to, String(Math.floor(i / 100)).padStart(4, '0'));
    if (i % 100 === 0) await mkdir(place, { recursive: true });
    const path = join(place, `${row.id.replace(/\W+/g, '-')}.webp`);
    await writeFile(path, bytes);
    paths.push(path);
  }
  for (const shard of shards.values()) await shard.close();
  return paths;
}

/** So many of them by chance, none twice. */
export function picked<T>(all: readonly T[], count: number, random: () => number): T[] {
  const left = [...all];
  return Array.from({ length: Math.min(count, all.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}

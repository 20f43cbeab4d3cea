/**
 * Chooses the stock pictures anew: LODESTONE_PICTURES=FOLDER node server/launch/stock-pictures.js, where FOLDER holds pictures.jsonl.gz and what
 * it points to. The same rows give the same choice.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { root } from './prepare.js';

/**
 * So many of each source, each of another thing: photographs and paintings first, since most pictures that people have are such, and enough of each
 * way to draw that it is known what words usually fit there.
 */
const WANTED = {
  caltech101: 48,
  'scenes-cubemap': 14,
  'grocery-store': 8,
  trashnet: 3,
  'museum-cc0': 14,
  openclipart: 28,
  'noto-emoji': 14,
  'fluent-3d': 8,
  'cc0-sprites': 6,
  phosphor: 14,
  tabler: 10,
  mdi: 9,
  'quickdraw-vector': 12,
  'tuberlin-sketch': 12,
};
const LICENCES = ['CC0-1.0', 'CC-BY-4.0', 'MIT', 'Apache-2.0'];

const from = process.env['LODESTONE_PICTURES'];
if (!from) throw new Error('Name the folder with pictures.jsonl.gz in LODESTONE_PICTURES.');
const order = ({ id }) => createHash('sha256').update(id).digest('hex');
const rows = gunzipSync(readFileSync(join(from, 'pictures.jsonl.gz')))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
  .filter((r) => r.split === 'train' && !r.noisy && LICENCES.includes(r.licence) && !/face/i.test(r.concept))
  .map((r) => ({ ...r, order: order(r) }))
  .sort((a, b) => (a.order < b.order ? -1 : 1));

const chosen = [];
const things = new Set();
for (const [source, count] of Object.entries(WANTED)) {
  const fresh = rows.filter((r) => r.source === source);
  let left = count;
  for (const row of fresh) {
    if (left === 0) break;
    if (things.has(row.core)) continue;
    things.add(row.core);
    chosen.push(row);
    left -= 1;
  }
  if (left > 0) throw new Error(`${source} has too few different things: ${left} are missing.`);
}

const bytesOf = ({ shard, offset, bytes }) => {
  const file = openSync(join(from, `pictures-${String(shard).padStart(2, '0')}.bin`), 'r');
  const buffer = Buffer.alloc(bytes);
  readSync(file, buffer, 0, bytes, offset);
  closeSync(file);
  return buffer;
};
const place = join(root, 'core', 'clip', 'stock');
const pictures = await Promise.all(
  chosen.map((row) => sharp(bytesOf(row)).webp({ quality: 50, alphaQuality: 50, effort: 6 }).toBuffer()),
);
writeFileSync(join(place, 'pictures.bin'), Buffer.concat(pictures));
const index = chosen.map(({ concept, source, licence }, i) => ({
  concept,
  source,
  licence,
  bytes: pictures[i].length,
}));
writeFileSync(join(place, 'pictures.json'), `[\n${index.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n]\n`);
process.stdout.write(`${chosen.length} pictures, ${Buffer.concat(pictures).length} bytes\n`);

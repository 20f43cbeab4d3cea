import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { seeded } from '../../../core/random.ts';
import { damagedBytes } from '../../support/damage.ts';
import { inChild, type StoreJob, type StoreReport } from '../../support/kept-child.ts';
import { bytesOf, filled, keyOf, ROWS } from '../../support/kept-rows.ts';
import { temporaryFolder } from '../../support/pictures.ts';
import { Tally } from '../../support/tally.ts';

const CASES = 300;
const GROUP = 50;
const NEW_ROWS = 40;

/** Several damages at once reach places that one alone seldom does: free lists, pages of keys, the schema. */
function damagedFile(whole: Buffer, random: () => number): Buffer {
  const times = 1 + Math.floor(random() * 3);
  const head = Math.min(whole.length, 4096);
  let bytes = whole;
  for (let i = 0; i < times; i++)
    bytes =
      random() < 0.3
        ? Buffer.concat([damagedBytes(bytes.subarray(0, head), random), bytes.subarray(head)])
        : damagedBytes(bytes, random);
  return bytes;
}

const honest = Array.from({ length: ROWS }, (_, i) => Buffer.from(bytesOf(i)).toString('base64'));

function outcomeOf({ found, kept, wrong, lines, keeps }: StoreReport): string {
  if (found.some((value, i) => value !== null && value !== honest[i]) || wrong > 0) return 'a wrong value';
  const here = found.filter((value) => value !== null).length;
  const told = lines.length === 0 ? 'nothing told' : lines.length === 1 ? 'told once' : 'told again';
  const after = !keeps ? 'done without' : kept === NEW_ROWS ? 'new rows kept' : 'new rows lost';
  return `${here === ROWS ? 'all rows' : here > 0 ? 'some rows' : 'no rows'}, ${told}, ${after}`;
}

it(`store files that are damaged, ${CASES} times, give right values or none and end no process`, async () => {
  const tally = new Tally('stores');
  const random = seeded(404);
  const whole = await readFile(await filled());
  const folder = await temporaryFolder();
  const get = Array.from({ length: ROWS }, (_, i) => keyOf(i));
  const put = Array.from({ length: NEW_ROWS }, (_, i) => ({ key: `new ${i}`, size: 1 + 137 * i, byte: i }));
  for (let from = 0; from < CASES; from += GROUP) {
    const jobs = Array.from({ length: GROUP }, (_, i): StoreJob => {
      const path = join(folder, `${from + i}.sqlite`);
      writeFileSync(path, damagedFile(whole, random));
      return { path, get, put };
    });
    const { code, signal, reports } = await inChild(jobs);
    expect({ code, signal, reports: reports.length }, `after ${jobs[reports.length]?.path}`).toEqual({
      code: 0,
      signal: null,
      reports: GROUP,
    });
    for (const report of reports) tally.add(outcomeOf(report));
  }
  tally.write();
  const summary = JSON.stringify(tally.outcomes);
  expect(tally.cases).toBe(CASES);
  expect(tally.of('a wrong value'), summary).toBe(0);
  expect(
    Object.keys(tally.outcomes).filter((o) => /lost/.test(o)),
    summary,
  ).toEqual([]);
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { plainError } from '../../../core/errors.ts';
import { encodeCheckpoint, RunFolder } from '../../../core/plugin/run-folder.ts';
import { seeded } from '../../../core/random.ts';
import { damagedBytes } from '../../support/damage.ts';
import { temporaryFolder } from '../../support/pictures.ts';
import { recipeOf, resumableOf } from '../../support/runs.ts';
import { Tally } from '../../support/tally.ts';

const EACH = 150;

it(`checkpoints and run files that are damaged, ${2 * EACH} times, are refused with a code or the same`, async () => {
  const tally = new Tally('run-files');
  const random = seeded(303);
  const folder = new RunFolder(await temporaryFolder());
  const path = (name: string): string => join(folder.path, name);
  for (let i = 0; i < EACH; i++) {
    const made = resumableOf(random);
    await writeFile(path('checkpoint.bin'), damagedBytes(Buffer.from(encodeCheckpoint(made)), random));
    await folder.resumable().then(
      (found) => tally.add(isDeepStrictEqual(found, made) ? 'checkpoint: the same' : 'checkpoint: another'),
      (thrown: unknown) => tally.add(`checkpoint: ${plainError(thrown).code}`),
    );
    const recipe = recipeOf(random);
    await folder.begin(recipe);
    await writeFile(path('run.json'), damagedBytes(await readFile(path('run.json')), random));
    await folder.recipe().then(
      (found) => tally.add(isDeepStrictEqual(found, recipe) ? 'run.json: the same' : 'run.json: another'),
      (thrown: unknown) => tally.add(`run.json: ${plainError(thrown).code}`),
    );
  }
  expect(tally.cases).toBe(2 * EACH);
  const allowed = [
    'checkpoint: CHECKPOINT_INVALID',
    'checkpoint: the same',
    'run.json: RECORD_INVALID',
    'run.json: the same',
  ];
  expect(
    Object.keys(tally.outcomes).filter((o) => !allowed.includes(o)),
    JSON.stringify(tally.outcomes),
  ).toEqual([]);
  expect(tally.of('checkpoint: CHECKPOINT_INVALID')).toBeGreaterThan(EACH / 2);
  tally.write();
});

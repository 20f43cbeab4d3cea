import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plainError } from '../../../core/errors.ts';
import { decodeCheckpoint, encodeCheckpoint, RunFolder } from '../../../core/plugin/run-folder.ts';
import { seeded } from '../../../core/random.ts';
import { damagedBytes } from '../../support/damage.ts';
import { temporaryFolder } from '../../support/pictures.ts';
import { recipeOf, resumableOf } from '../../support/runs.ts';

const DAMAGES = 200;

describe('a checkpoint', () => {
  it.each([1, 2, 3, 4])('comes back as it was written (%i)', (seed) => {
    const made = resumableOf(seeded(seed));
    expect(decodeCheckpoint(encodeCheckpoint(made))).toEqual(made);
  });
  it('keeps every bit of its numbers', () => {
    const values = Float32Array.of(-0, 1e-45, 3.4e38, Number.NaN, Number.NEGATIVE_INFINITY);
    const made = { checkpoint: { step: 1, values: { odd: values, none: new Float32Array() } }, script: [], chart: [] };
    const { odd, none } = decodeCheckpoint(encodeCheckpoint(made)).checkpoint.values;
    expect([...new Uint32Array(odd?.buffer ?? new ArrayBuffer())]).toEqual([...new Uint32Array(values.buffer)]);
    expect(none?.length).toBe(0);
  });
  it(`that was damaged is refused with a code, ${DAMAGES} times`, () => {
    const random = seeded(77);
    const bytes = Buffer.from(encodeCheckpoint(resumableOf(random)));
    for (let i = 0; i < DAMAGES; i++) {
      const damaged = damagedBytes(bytes, random);
      expect(() => decodeCheckpoint(damaged), `damage ${i}`).toThrow(
        expect.objectContaining({ code: 'CHECKPOINT_INVALID' }),
      );
    }
  });
  it('of the earlier form, without a mark and a checksum, is read', () => {
    const made = resumableOf(seeded(5));
    const earlier = encodeCheckpoint(made).subarray(8);
    expect(decodeCheckpoint(earlier)).toEqual(made);
    const cut = earlier.subarray(0, earlier.length - 1);
    expect(() => decodeCheckpoint(cut)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
  });
});

const recipe = recipeOf(seeded(9));

async function begun(): Promise<{ readonly folder: RunFolder; readonly path: string; readonly text: string }> {
  const folder = new RunFolder(await temporaryFolder());
  await folder.begin(recipe);
  const path = join(folder.path, 'run.json');
  return { folder, path, text: await readFile(path, 'utf8') };
}
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('a run.json', () => {
  it('is read as it was written, and without its checksum', async () => {
    const { folder, path, text } = await begun();
    expect(await folder.recipe()).toEqual(recipe);
    const { sum, ...rest } = JSON.parse(text) as { sum: string };
    expect(sum).toMatch(/^[0-9a-f]{64}$/);
    await writeFile(path, JSON.stringify({ ...rest, steps: 13 }));
    expect(await folder.recipe()).toEqual({ ...recipe, steps: 13 });
  });
  it('with any character changed is refused with a code, or says the same', async () => {
    const { folder, path, text } = await begun();
    const random = seeded(8);
    const found = { refused: 0, same: 0 };
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${String.fromCodePoint(33 + Math.floor(random() * 94))}${text.slice(at + 1)}`;
      if (!isJson(changed)) continue;
      await writeFile(path, changed);
      const outcome = await folder.recipe().catch(plainError);
      if ('code' in outcome) {
        expect(outcome.code, changed).toBe('RECORD_INVALID');
        found.refused += 1;
      } else {
        expect(outcome, changed).toEqual(recipe);
        found.same += 1;
      }
    }
    expect(found.refused).toBeGreaterThan(200);
    // The name of the checksum itself may have been changed.
    expect(found.same).toBeLessThan(20);
  });
});

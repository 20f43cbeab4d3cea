import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunInputs } from '../../../core/index.ts';
import { temporaryFolder } from '../../support/pictures.ts';

const sum = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const bytesOf = (n: number): Uint8Array => Uint8Array.of(n & 255, n >> 8);
const many = (count: number, name = (n: number): string => `${n}.png`) =>
  Array.from({ length: count }, (_, n) => ({ name: name(n), bytes: bytesOf(n) }));

describe('what a run was given', () => {
  it('is named one by one, each file once and by what it held when it was asked for', async () => {
    const path = join(await temporaryFolder(), 'a.png');
    await writeFile(path, 'one');
    const inputs = new RunInputs();
    inputs.given([{ path }, { path }]);
    inputs.read('list.txt', new Uint8Array(Buffer.from('words')));
    const told = {
      inputs: [
        { path, sha256: sum('one') },
        { path: 'list.txt', sha256: sum('words') },
      ],
    };
    expect(await inputs.told()).toEqual(told);
    await rm(path);
    inputs.given(many(1));
    expect((await inputs.told()).inputs).toEqual([...told.inputs, { path: '0.png', sha256: sum(bytesOf(0)) }]);
  });
  it('is counted and summed where it is more than two hundred, so that a record stays small', async () => {
    const [named, counted, renamed, other] = await Promise.all(
      [many(200), many(201), many(201, (n) => `moved/${300 - n}.png`), many(202).slice(1)].map((pictures) => {
        const inputs = new RunInputs();
        inputs.given(pictures);
        return inputs.told();
      }),
    );
    expect(named?.inputs).toHaveLength(200);
    const sums = many(201).map(({ bytes }) => sum(bytes));
    const lines = sums.sort().map((one) => `${one}\n`);
    expect(counted).toEqual({ inputs: [], many: { count: 201, sha256: sum(lines.join('')) } });
    expect(renamed).toEqual(counted);
    expect(other?.many).toMatchObject({ count: 201, sha256: expect.not.stringMatching(counted?.many?.sha256 ?? '') });
  });
});

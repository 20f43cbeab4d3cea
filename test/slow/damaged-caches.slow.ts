import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../../core/random.ts';
import { lodestone } from '../support/command-line.ts';
import { drawn } from '../support/pictures.ts';
import { useFolder } from '../support/plugin-files.ts';

type Damage = (bytes: Buffer, random: () => number) => Buffer;
const noise = (size: number, random: () => number): Buffer =>
  Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));

/** What lies in the middle of every page is overwritten. */
const overwritten: Damage = (bytes, random) => {
  for (let at = 2048; at + 1500 < bytes.length; at += 4096) noise(1500, random).copy(bytes, at);
  return bytes;
};
const DAMAGES: readonly (readonly [string, Damage])[] = [
  ['overwritten in the middle', overwritten],
  ['cut', (bytes) => bytes.subarray(0, Math.floor(bytes.length * 0.4))],
  ['replaced by random bytes', (bytes, random) => noise(bytes.length, random)],
];
const COMMANDS = ['rank', 'search'] as const;

const folder = useFolder();
const pictures = join(folder, 'pictures');
const env = { LODESTONE_CACHE: join(folder, 'cache'), LODESTONE_DATA: join(folder, 'data') };
const asked = (command: string): ReturnType<typeof lodestone> =>
  lodestone([command, 'a heart', pictures, '--json'], folder, undefined, env);
const rankingIn = (out: string): unknown => (JSON.parse(out) as { readonly ranking: unknown }).ranking;
const honest = new Map<string, unknown>();
const stored = new Map<string, Buffer>();

beforeAll(async () => {
  mkdirSync(pictures);
  for (const shape of ['heart', 'star', 'circle'] as const)
    await writeFile(join(pictures, `${shape}.png`), await drawn(shape, 'red'));
  for (const command of COMMANDS) {
    const { code, out, err } = await asked(command);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    honest.set(command, rankingIn(out));
  }
  for (const root of Object.values(env))
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      const path = join(root, name);
      if (statSync(path).isFile() && statSync(path).size > 0) stored.set(path, readFileSync(path));
    }
});

describe('a command whose caches and indexes are damaged', () => {
  it('has one of each to damage', () => {
    const names = [...stored.keys()].map((path) => path.slice(folder.length + 1));
    expect(names.sort()).toEqual([
      expect.stringMatching(/^cache\/.+\.sqlite$/),
      expect.stringMatching(/^data\/.+\.sqlite$/),
    ]);
  });
  it.each(DAMAGES)('%s gives the same ranking, and names each file in one line', async (_, damage) => {
    for (const command of COMMANDS) {
      const random = seeded(21);
      for (const [path, bytes] of stored) {
        rmSync(`${path}.damaged`, { force: true });
        writeFileSync(path, damage(Buffer.from(bytes), random));
      }
      const { code, out, err } = await asked(command);
      expect({ code, ranking: rankingIn(out) }).toEqual({ code: 0, ranking: honest.get(command) });
      const used = [...stored.keys()].filter((path) => command === 'search' || path.startsWith(env.LODESTONE_CACHE));
      expect(err.trimEnd().split('\n').sort()).toEqual(
        used.sort().map((path) => `${path} was damaged: it was set aside as ${path}.damaged, and is worked out again.`),
      );
    }
  });
});

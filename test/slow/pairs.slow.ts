/** Parts that meet: every pair of pulls, every drawer with two of them, every optimiser with two prompts and a region. Each is drawn, and drawn again. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as drawers from '../../core/guidance/drawers/index.ts';
import {
  canvasExtent,
  type Drawer,
  listPictures,
  parsePulls,
  pixels,
  pullNames,
  readyDrawer,
  strokes,
} from '../../core/index.ts';
import { guidingWith, picture, recordOf, request } from '../support/guiding.ts';
import { drawn } from '../support/pictures.ts';
import { useFolder } from '../support/plugin-files.ts';
import { useEngine } from '../support/services.ts';

const engine = useEngine();
const { run } = guidingWith(engine);
const folder = useFolder();
const heart = join(folder, 'heart.png');
beforeAll(async () => writeFile(heart, await drawn('heart', 'red')));

/** A pull as it is written, with what it needs. */
const written = (name: string): string =>
  ['like', 'edges', 'colours'].includes(name)
    ? `${name}[${heart}]`
    : name === 'palette'
      ? 'palette[#202040, #e0c080]'
      : name;
/** As the help has them, without what stands in brackets; picks want a file of answers. */
const NAMES = [...new Set(pullNames().map((form) => form.replace(/\[.*/, '')))].filter((name) => name !== 'picks');
const PAIRS = NAMES.flatMap((a, i) => NAMES.slice(i + 1).map((b) => [a, b] as const));
const TRIPLES = [NAMES.slice(0, 3), NAMES.slice(3, 6), NAMES.slice(-3)];
const helpers = {
  engine,
  signal: new AbortController().signal,
  read: async () => new Uint8Array(),
  pictures: async (paths: readonly string[]) =>
    (await Promise.all(paths.map((p) => listPictures(p)))).flatMap((l) => l.paths.map((path) => ({ path }))),
};
const sizes = { preview: 64, output: 96 };

async function again(drawer: Drawer<never>, prompt: string, pulls: string, settings: object = {}): Promise<void> {
  const { losses, directions } = pulls
    ? await parsePulls(pulls, canvasExtent(drawer, sizes), helpers)
    : { losses: [], directions: [] };
  const once = async (): Promise<Uint8Array> => {
    const events = await run(
      request(
        drawer,
        prompt,
        { steps: 3, frameEvery: 0, ...settings },
        {
          losses,
          directions: [...directions],
          drawer: readyDrawer(drawer, {} as never, 1, sizes),
        },
      ),
    );
    expect(recordOf(events)?.steps).toBe(3);
    return picture(events);
  };
  const [first, second] = [await once(), await once()];
  expect(first.byteLength).toBeGreaterThan(100);
  expect(Buffer.compare(first, second)).toBe(0);
}

describe('pulls together', () => {
  it.each(PAIRS)('%s and %s', async (a, b) => {
    await again(pixels as never, 'the sea', `${written(a)}:2 | ${written(b)}:0.5`);
  });
  it.each(TRIPLES)('%s, %s and %s', async (...three) => {
    await again(strokes as never, 'the sea', three.map((name) => written(String(name))).join(' | '));
  });
});

const { inpaint: _, ...plain } = drawers;
describe('a drawer with two pulls', () => {
  it.each(Object.entries(plain))('%s', async (_id, drawer) => {
    await again(drawer as never, 'a fish', 'symmetry:2 | smooth:0.5');
  });
});

describe('an optimiser with two prompts, one of them in a place', () => {
  it.each(['adam', 'adamw', 'lion', 'plain', 'evolution'] as const)('%s', async (optimiser) => {
    await again(strokes as never, 'a cat | the sun @top-left | blurry:-0.3', '', { optimiser, population: 4 });
    await again(strokes as never, 'a cat | the sun @top-left', '', { optimiser, population: 4, crops: 1 });
  });
});

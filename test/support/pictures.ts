/** Plain pictures made on the spot: a shape of one colour on a ground of another. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';

const SHAPES = {
  circle: '<circle cx="48" cy="48" r="34"/>',
  square: '<rect x="16" y="16" width="64" height="64"/>',
  star: '<path d="M48 8 58 38 90 38 64 56 74 88 48 68 22 88 32 56 6 38 38 38z"/>',
  heart: '<path d="M48 86 12 46a20 20 0 0 1 36-24 20 20 0 0 1 36 24z"/>',
  triangle: '<path d="M48 12 88 84H8z"/>',
} as const;
export type ShapeName = keyof typeof SHAPES;

export function drawn(shape: ShapeName, colour: string, ground = 'white'): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="${ground}"/><g fill="${colour}">${SHAPES[shape]}</g></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** A folder that is gone when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lodestone-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

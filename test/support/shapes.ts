/** Eighty pictures of plain shapes in many colours. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const SHAPES = {
  circle: '<circle cx="48" cy="48" r="SIZE"/>',
  square: '<rect x="14" y="14" width="68" height="68"/>',
  star: '<path d="M48 8 58 38 90 38 64 56 74 88 48 68 22 88 32 56 6 38 38 38z"/>',
  triangle: '<path d="M48 12 88 84H8z"/>',
  ring: '<circle cx="48" cy="48" r="30" fill="none" stroke-width="12" stroke="COLOUR"/>',
};
const COLOURS = ['#d22', '#e33a2a', '#2358c8', '#2a9a4a', '#e8c020', '#7a3fb0', '#222', '#e88020'];

/** Pictures of plain shapes; the name says what each shows. */
export async function shapes(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const [shape, svg] of Object.entries(SHAPES))
    for (const [i, colour] of COLOURS.entries())
      for (const ground of ['#fff', '#dde6ee']) {
        const drawing = svg.replace('SIZE', String(26 + 3 * (i % 4))).replace('COLOUR', colour);
        const page = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="${ground}"/><g fill="${colour}">${drawing}</g></svg>`;
        const name = join(folder, `${shape}-${i}-${ground.slice(1)}.png`);
        await writeFile(name, await sharp(Buffer.from(page)).png().toBuffer());
        names.push(name);
      }
  return names;
}

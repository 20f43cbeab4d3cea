/** The file that a picture goes to: its ending says the format. */
import { extname } from 'node:path';
import { z } from 'zod';
import { failure, inFormat, STILLS, writeWhole } from '../../core/index.ts';

const ENDINGS: readonly string[] = [...STILLS, '.svg'];
const endingOf = (file: string): string => extname(file).toLowerCase();

export const outNameSchema = z
  .string()
  .min(1)
  .refine((name) => ENDINGS.includes(endingOf(name)), `the name of a picture ends in ${ENDINGS.join(', ')}`);

/** The same name with another ending. */
export const withEnding = (file: string, ending: string): string =>
  `${file.slice(0, file.length - extname(file).length)}${ending}`;

export const isSvgName = (file: string): boolean => endingOf(file) === '.svg';

/** Writes a PNG in the format that the name asks for, and returns the name. */
export async function writeStill(file: string, png: Uint8Array): Promise<string> {
  await writeWhole(file, await inFormat(png, endingOf(file)));
  return file;
}

/** Keeps a PNG that was asked for as SVG, and says why. Throws NO_SHAPES. */
export async function keepWithoutShapes(file: string, png: Uint8Array): Promise<never> {
  const kept = await writeStill(withEnding(file, '.png'), png);
  throw failure('NO_SHAPES', { file, kept });
}

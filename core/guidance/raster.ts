/** Pictures as constants of a graph: drawers and pulls that begin from one. */
import { z } from 'zod';
import { resize } from '../clip/resample.ts';
import type { Raster } from '../image/opaque.ts';
import type { Extent } from './plane.ts';

export const rasterSchema = z.custom<Raster>(
  (v) => typeof v === 'object' && v !== null && 'data' in v && v.data instanceof Uint8Array,
  'a picture',
);

/** A picture at a size, one channel after the other: [3, height, width] in 0..1. */
export function planesOf(picture: Raster, { height, width }: Extent): number[] {
  const { data } = resize(picture, width, height, 'bicubic');
  const area = height * width;
  return Array.from({ length: 3 * area }, (_, i) => (data[(i % area) * 3 + Math.floor(i / area)] ?? 0) / 255);
}

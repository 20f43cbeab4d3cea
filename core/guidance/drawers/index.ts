/** The drawers that ship with Lodestone, by id. */
export { blobs } from './blobs.ts';
export { blocks } from './blocks.ts';
export { field } from './field.ts';
export { fourier, tiles } from './fourier.ts';
export { glyphs } from './glyphs.ts';
export { inpaint } from './inpaint.ts';
export { pixels } from './pixels.ts';
export { plotter } from './plotter.ts';
export { polygons } from './polygons.ts';
export { strokes } from './strokes.ts';

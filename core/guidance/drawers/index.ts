/** The drawers that ship with Lodestone, by id. */
export { fourier } from './fourier.ts';
export { pixels } from './pixels.ts';
export { strokes } from './strokes.ts';

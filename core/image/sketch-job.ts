/** What a sketch draws, written down call by call, so that it can be drawn in another process. */
import { z } from 'zod';

/** Gradients are named by their number, in the order of their making. */
const GRADIENT_KEY = 'gradient';
const value = z.union([z.number(), z.string().max(20_000), z.boolean(), z.array(z.number()).max(1000)]);
const setValue = z.union([value, z.object({ [GRADIENT_KEY]: z.int().nonnegative() })]);

export const SETTABLE = [
  'direction',
  'fillStyle',
  'filter',
  'font',
  'fontKerning',
  'fontStretch',
  'fontVariantCaps',
  'globalAlpha',
  'globalCompositeOperation',
  'imageSmoothingEnabled',
  'imageSmoothingQuality',
  'letterSpacing',
  'lineCap',
  'lineDashOffset',
  'lineJoin',
  'lineWidth',
  'miterLimit',
  'shadowBlur',
  'shadowColor',
  'shadowOffsetX',
  'shadowOffsetY',
  'strokeStyle',
  'textAlign',
  'textBaseline',
  'textRendering',
  'wordSpacing',
] as const;
export const CALLABLE = [
  'arc',
  'arcTo',
  'beginPath',
  'bezierCurveTo',
  'clearRect',
  'clip',
  'closePath',
  'ellipse',
  'fill',
  'fillRect',
  'fillText',
  'lineTo',
  'moveTo',
  'quadraticCurveTo',
  'rect',
  'resetTransform',
  'restore',
  'rotate',
  'roundRect',
  'save',
  'scale',
  'setLineDash',
  'setTransform',
  'stroke',
  'strokeRect',
  'strokeText',
  'transform',
  'translate',
] as const;
export const GRADIENTS = ['createConicGradient', 'createLinearGradient', 'createRadialGradient'] as const;

const opSchema = z.union([
  z.tuple([z.literal('set'), z.enum(SETTABLE), setValue]),
  z.tuple([z.literal('call'), z.enum(CALLABLE), z.array(value).max(12)]),
  z.tuple([z.literal('gradient'), z.enum(GRADIENTS), z.array(z.number()).max(6)]),
  z.tuple([z.literal('stop'), z.int().nonnegative(), z.number(), z.string().max(200)]),
]);
export type SketchOp = z.output<typeof opSchema>;

export const sketchJobSchema = z.object({
  size: z.int().min(1).max(16_384),
  paper: z.string().max(200),
  ops: z.array(opSchema).max(1_000_000),
  format: z.enum(['png', 'jpeg']),
});
export type SketchJob = z.output<typeof sketchJobSchema>;

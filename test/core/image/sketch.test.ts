import { createCanvas } from '@napi-rs/canvas';
import { afterAll, describe, expect, it } from 'vitest';
import { Darkroom } from '../../../core/image/darkroom.ts';
import { drawSketch } from '../../../core/image/image.ts';
import { recorder, type SketchContext } from '../../../core/image/recorder.ts';
import { CALLABLE, GRADIENTS, SETTABLE, type SketchJob } from '../../../core/image/sketch-job.ts';

const SIDE = 160;
const PAPER = '#fdf6e3';
const elsewhere = new Darkroom();
afterAll(() => elsewhere.close());

/** Settings of what is drawn after them. */
function settings(c: SketchContext): void {
  c.lineWidth = 5;
  c.lineCap = 'round';
  c.lineJoin = 'bevel';
  c.miterLimit = 3;
  c.lineDashOffset = 2;
  c.globalAlpha = 0.8;
  c.globalCompositeOperation = 'multiply';
  c.imageSmoothingEnabled = true;
  c.imageSmoothingQuality = 'high';
  c.shadowBlur = 3;
  c.shadowColor = 'rgba(0, 0, 80, 0.5)';
  c.shadowOffsetX = 2;
  c.shadowOffsetY = 3;
  c.filter = 'blur(1px)';
}
function words(c: SketchContext): void {
  c.font = '18px sans-serif';
  c.fontKerning = 'none';
  c.fontStretch = 'normal';
  c.fontVariantCaps = 'small-caps';
  c.direction = 'ltr';
  c.letterSpacing = '2px';
  c.wordSpacing = '4px';
  c.textAlign = 'center';
  c.textBaseline = 'middle';
  c.textRendering = 'geometricPrecision';
  c.fillText('a fox', 80, 30);
  c.strokeText('a fox', 80, 60, 50);
}
function gradients(c: SketchContext): void {
  const [line, disc, wheel] = [
    c.createLinearGradient(0, 0, SIDE, 0),
    c.createRadialGradient(40, 120, 4, 40, 120, 30),
    c.createConicGradient(1, 120, 120),
  ];
  for (const gradient of [line, disc, wheel]) {
    gradient.addColorStop(0, 'tomato');
    gradient.addColorStop(0.5, '#ff0a');
    gradient.addColorStop(1, 'navy');
  }
  c.fillStyle = line;
  c.fillRect(0, 70, SIDE, 20);
  c.fillStyle = disc;
  c.fillRect(10, 90, 60, 60);
  c.strokeStyle = wheel;
  c.strokeRect(90, 90, 60, 60);
}
function paths(c: SketchContext): void {
  c.fillStyle = 'seagreen';
  c.strokeStyle = '#123456';
  c.beginPath();
  c.moveTo(10, 10);
  c.lineTo(50, 12);
  c.quadraticCurveTo(70, 40, 40, 50);
  c.bezierCurveTo(30, 60, 20, 40, 15, 30);
  c.arcTo(10, 20, 30, 10, 6);
  c.closePath();
  c.fill();
  c.setLineDash([6, 3]);
  c.stroke();
  c.beginPath();
  c.arc(100, 40, 20, 0, 5);
  c.ellipse(100, 40, 30, 12, 0.4, 0, 6);
  c.rect(80, 10, 20, 20);
  c.roundRect(120, 10, 30, 30, 8);
  c.fill('evenodd');
}
function places(c: SketchContext): void {
  c.save();
  c.translate(80, 80);
  c.rotate(0.3);
  c.scale(0.8, 1.2);
  c.transform(1, 0.1, 0, 1, 2, 3);
  c.beginPath();
  c.arc(0, 0, 40, 0, 7);
  c.clip();
  c.fillRect(-30, -10, 80, 20);
  c.restore();
  c.setTransform(0.5, 0, 0, 0.5, 100, 100);
  c.fillRect(0, 0, 40, 40);
  c.resetTransform();
  c.clearRect(140, 140, 12, 12);
}

const DRAWINGS = {
  paths: [paths],
  gradients: [gradients],
  places: [places],
  words: [words],
  'all of it, with every setting': [paths, settings, gradients, places, words],
} as const;
const jobOf = (draw: readonly ((c: SketchContext) => void)[]): SketchJob => {
  const { context, ops } = recorder();
  for (const part of draw) part(context);
  return { size: SIDE, paper: PAPER, ops, format: 'png' };
};
function here(draw: readonly ((c: SketchContext) => void)[]): Buffer {
  const canvas = createCanvas(SIDE, SIDE);
  const context = canvas.getContext('2d');
  context.fillStyle = PAPER;
  context.fillRect(0, 0, SIDE, SIDE);
  for (const part of draw) part(context);
  return canvas.toBuffer('image/png');
}

describe('a sketch that is written down and drawn elsewhere', () => {
  it.each(Object.entries(DRAWINGS))('is byte for byte what the canvas itself draws: %s', async (_, draw) => {
    const [job, wanted] = [jobOf(draw), here(draw)];
    expect(wanted.equals(here([]))).toBe(false);
    expect(Buffer.from(await drawSketch(job)).equals(wanted)).toBe(true);
    expect(Buffer.from((await elsewhere.sketch(job)) as Uint8Array).equals(wanted)).toBe(true);
  });
  it('leaves out no call, no setting and no gradient of those there are', () => {
    const { ops } = jobOf(DRAWINGS['all of it, with every setting']);
    const named = (kind: string): string[] =>
      [...new Set(ops.flatMap((op) => (op[0] === kind && typeof op[1] === 'string' ? [op[1]] : [])))].sort();
    expect(named('call')).toEqual([...CALLABLE].sort());
    expect(named('set')).toEqual([...SETTABLE].sort());
    expect(named('gradient')).toEqual([...GRADIENTS].sort());
  });
  it('gives back what was set', () => {
    const { context } = recorder();
    context.lineWidth = 4;
    const gradient = context.createLinearGradient(0, 0, 1, 1);
    context.fillStyle = gradient;
    expect([context.lineWidth, context.fillStyle]).toEqual([4, gradient]);
  });
  it.each(['measureText', 'getImageData', 'drawImage', 'putImageData', 'canvas'])('refuses %s', (name) => {
    const context = recorder().context as unknown as Record<string, unknown>;
    const refused = expect.objectContaining({ code: 'SKETCH_INVALID', message: expect.stringContaining(`"${name}"`) });
    expect(() => context[name]).toThrow(refused);
    expect(() => {
      context[name] = 1;
    }).toThrow(refused);
  });
});

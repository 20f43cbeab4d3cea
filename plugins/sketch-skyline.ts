/** A place that evolves: sky, sun or moon, hills or towers in three rows, water in front. */
import { defineSketch, type SketchCanvas, type SketchFrame } from '../core/index.ts';

const POINTS = 7;
const ROWS = 3;

export default defineSketch({
  id: 'sketch-skyline',
  title: 'Skyline sketch',
  description: 'Evolves a landscape or a city under a sky until it fits the prompt.',
  version: '1.0.0',
  genes: {
    sky: { low: 0, high: 360, count: 2 },
    skyLightness: { low: 10, high: 95, count: 2 },
    disc: { low: 0, high: 0.2 },
    discX: { low: 0.1, high: 0.9 },
    discY: { low: 0.08, high: 0.6 },
    discHue: { low: 0, high: 360 },
    discLightness: { low: 40, high: 98 },
    height: { low: 0.05, high: 0.75, count: ROWS * POINTS },
    towers: { low: 0, high: 1, count: ROWS },
    hue: { low: 0, high: 360, count: ROWS },
    saturation: { low: 5, high: 80, count: ROWS },
    lightness: { low: 8, high: 85, count: ROWS },
    water: { low: 0, high: 0.4 },
    waterHue: { low: 160, high: 250 },
    windows: { low: 0, high: 1 },
  },
  draw(c, g, { size, random }) {
    const sky = c.createLinearGradient(0, 0, 0, size);
    for (const i of [0, 1]) sky.addColorStop(i, `hsl(${g.sky[i] ?? 200} 70% ${g.skyLightness[i] ?? 70}%)`);
    c.fillStyle = sky;
    c.fillRect(0, 0, size, size);
    c.fillStyle = `hsl(${g.discHue[0] ?? 50} 90% ${g.discLightness[0] ?? 80}%)`;
    c.beginPath();
    c.arc(size * (g.discX[0] ?? 0.5), size * (g.discY[0] ?? 0.3), Math.max(0.1, size * (g.disc[0] ?? 0.1)), 0, 7);
    c.fill();
    for (let row = 0; row < ROWS; row++) {
      const base = size * (0.75 + 0.12 * row);
      const tops = g.height.slice(row * POINTS, (row + 1) * POINTS).map((h) => base - size * h * (1 - 0.22 * row));
      c.fillStyle = `hsl(${g.hue[row] ?? 0} ${g.saturation[row] ?? 50}% ${g.lightness[row] ?? 50}%)`;
      if ((g.towers[row] ?? 0) > 0.5) towers(c, tops, base, { size, random }, 0.7 * (g.windows[0] ?? 0));
      else hills(c, tops, size);
    }
    c.fillStyle = `hsl(${g.waterHue[0] ?? 210} 60% 45%)`;
    c.fillRect(0, size * (1 - (g.water[0] ?? 0)), size, size);
  },
});

function hills(c: SketchCanvas, tops: readonly number[], size: number): void {
  const x = (i: number): number => (i / (POINTS - 1)) * size;
  c.beginPath();
  c.moveTo(0, size);
  c.lineTo(0, tops[0] ?? size);
  for (let i = 1; i < POINTS; i++) {
    const [before, here, middle] = [tops[i - 1] ?? size, tops[i] ?? size, (x(i - 1) + x(i)) / 2];
    c.bezierCurveTo(middle, before, middle, here, x(i), here);
  }
  c.lineTo(size, size);
  c.fill();
}

function towers(
  c: SketchCanvas,
  tops: readonly number[],
  base: number,
  { size, random }: SketchFrame,
  lit: number,
): void {
  const wide = size / POINTS;
  for (const [i, top] of tops.entries()) c.fillRect(i * wide + wide * 0.08, top, wide * 0.84, size - top);
  c.fillStyle = '#f7d774';
  const rows = Math.ceil((base - Math.min(...tops)) / (wide * 0.3));
  const places = tops.flatMap((top, i) =>
    Array.from({ length: 3 * rows }, (_, k) => ({ i, column: k % 3, y: top + wide * (0.2 + 0.3 * Math.floor(k / 3)) })),
  );
  for (const { i, column, y } of places)
    if (random() < lit && y < base) c.fillRect((i + 0.22 + 0.24 * column) * wide, y, wide * 0.12, wide * 0.14);
}

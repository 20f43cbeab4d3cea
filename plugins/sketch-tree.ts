/** A tree that evolves: branches that fork by rules, with leaves or without. */
import { defineSketch } from '../core/index.ts';

const DEPTH = 6;

export default defineSketch({
  id: 'sketch-tree',
  title: 'Tree sketch',
  description: 'Evolves a branching tree until it fits the prompt.',
  version: '1.0.0',
  genes: {
    trunk: { low: 0.1, high: 0.3 },
    girth: { low: 0.008, high: 0.09 },
    shrink: { low: 0.5, high: 0.88 },
    fork: { low: 0.1, high: 1.2, count: 2 },
    wobble: { low: 0, high: 0.5 },
    droop: { low: -0.2, high: 0.3 },
    bark: { low: 0, high: 60 },
    barkLightness: { low: 8, high: 75 },
    leaf: { low: 0, high: 0.09 },
    leafHue: { low: 0, high: 360, count: 2 },
    leafLightness: { low: 20, high: 92 },
    ground: { low: 0, high: 0.25 },
    groundHue: { low: 0, high: 360 },
    groundLightness: { low: 15, high: 95 },
  },
  draw(c, g, { size, random }) {
    const one = (values: readonly number[]): number => values[0] ?? 0;
    c.fillStyle = `hsl(${one(g.groundHue)} 45% ${one(g.groundLightness)}%)`;
    c.fillRect(0, size * (1 - one(g.ground)), size, size);
    c.lineCap = 'round';
    const leaves: [number, number][] = [];
    const branch = (x: number, y: number, angle: number, length: number, girth: number, depth: number): void => {
      const [ex, ey] = [x + length * Math.cos(angle), y - length * Math.sin(angle)];
      c.strokeStyle = `hsl(${one(g.bark)} 40% ${one(g.barkLightness)}%)`;
      c.lineWidth = Math.max(0.4, girth);
      c.beginPath();
      c.moveTo(x, y);
      c.lineTo(ex, ey);
      c.stroke();
      if (depth === 0) {
        leaves.push([ex, ey]);
        return;
      }
      for (const [i, side] of [1, -1].entries()) {
        const turn = side * (g.fork[i] ?? 0.5) + one(g.wobble) * (random() - 0.5);
        const drop = one(g.droop) * Math.cos(angle);
        branch(ex, ey, angle + turn - drop, length * one(g.shrink), girth * 0.66, depth - 1);
      }
    };
    branch(size / 2, size * 0.96, Math.PI / 2, size * one(g.trunk), size * one(g.girth), DEPTH);
    for (const [i, [x, y]] of leaves.entries()) {
      c.fillStyle = `hsl(${g.leafHue[i % 2] ?? 100} 60% ${one(g.leafLightness)}%)`;
      c.beginPath();
      c.arc(x, y, Math.max(0.05, size * one(g.leaf) * (0.6 + 0.8 * random())), 0, 7);
      c.fill();
    }
  },
});

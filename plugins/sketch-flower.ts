/** A flower that evolves: rings of petals, a heart, a stem with leaves. */
import { defineSketch } from '../core/index.ts';

const PETAL_RINGS = 3;

export default defineSketch({
  id: 'sketch-flower',
  title: 'Flower sketch',
  description: 'Evolves a flower of petals, heart and leaves until it fits the prompt.',
  version: '1.0.0',
  genes: {
    petals: { low: 3, high: 16, count: PETAL_RINGS },
    length: { low: 0.08, high: 0.36, count: PETAL_RINGS },
    width: { low: 0.02, high: 0.16, count: PETAL_RINGS },
    turn: { low: 0, high: Math.PI, count: PETAL_RINGS },
    hue: { low: 0, high: 360, count: PETAL_RINGS + 1 },
    lightness: { low: 20, high: 90, count: PETAL_RINGS + 1 },
    heart: { low: 0.02, high: 0.16 },
    height: { low: 0.3, high: 0.6 },
    stem: { low: 0, high: 0.03 },
    bend: { low: -0.25, high: 0.25 },
    leaf: { low: 0, high: 0.25, count: 2 },
  },
  draw(c, g, { size }) {
    const [heart = 0.05] = g.heart;
    const [x, y] = [size / 2, size * (g.height[0] ?? 0.45)];
    const foot = x + size * (g.bend[0] ?? 0);
    c.lineCap = 'round';
    c.strokeStyle = '#3d7a42';
    c.fillStyle = '#4f9350';
    c.lineWidth = Math.max(0.5, size * (g.stem[0] ?? 0));
    c.beginPath();
    c.moveTo(x, y);
    c.quadraticCurveTo(x, size * 0.8, foot, size * 0.98);
    c.stroke();
    for (const [i, leaf] of g.leaf.entries()) {
      const side = i === 0 ? 1 : -1;
      c.beginPath();
      c.ellipse(
        x + (side * size * leaf) / 1.6,
        size * (0.72 + 0.08 * i),
        size * leaf * 0.6,
        size * leaf * 0.22,
        side * -0.5,
        0,
        7,
      );
      c.fill();
    }
    for (let ring = 0; ring < PETAL_RINGS; ring++) {
      const count = Math.round(g.petals[ring] ?? 5);
      const [length = 0.2, width = 0.05] = [g.length[ring], g.width[ring]];
      c.fillStyle = `hsl(${g.hue[ring] ?? 0} 75% ${g.lightness[ring] ?? 50}%)`;
      for (let k = 0; k < count; k++) {
        const angle = (g.turn[ring] ?? 0) + (2 * Math.PI * k) / count;
        c.beginPath();
        c.ellipse(
          x + Math.cos(angle) * size * length * 0.55,
          y + Math.sin(angle) * size * length * 0.55,
          size * length * 0.5,
          size * width,
          angle,
          0,
          7,
        );
        c.fill();
      }
    }
    c.fillStyle = `hsl(${g.hue[PETAL_RINGS] ?? 0} 80% ${g.lightness[PETAL_RINGS] ?? 50}%)`;
    c.beginPath();
    c.arc(x, y, size * heart, 0, 7);
    c.fill();
  },
});

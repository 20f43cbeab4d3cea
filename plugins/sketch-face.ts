/** A face that evolves: head, ears, eyes, nose and mouth, of whatever animal fits. */
import { defineSketch } from '../core/index.ts';

export default defineSketch({
  id: 'sketch-face',
  title: 'Face sketch',
  description: 'Evolves the face of a person or an animal until it fits the prompt.',
  version: '1.0.0',
  genes: {
    head: { low: 0.18, high: 0.42, count: 2 },
    hue: { low: 0, high: 360, count: 3 },
    saturation: { low: 0, high: 90, count: 3 },
    lightness: { low: 10, high: 92, count: 3 },
    ear: { low: 0.03, high: 0.28, count: 2 },
    earAngle: { low: 0.1, high: 1.5 },
    pointed: { low: 0, high: 1 },
    eyes: { low: 0.06, high: 0.2 },
    eyeHeight: { low: -0.15, high: 0.12 },
    eye: { low: 0.015, high: 0.1, count: 2 },
    pupil: { low: 0.2, high: 0.95 },
    nose: { low: 0.005, high: 0.12, count: 2 },
    noseHeight: { low: -0.02, high: 0.18 },
    mouth: { low: 0.02, high: 0.22 },
    smile: { low: -0.12, high: 0.16 },
    whiskers: { low: 0, high: 0.25 },
  },
  draw(c, g, { size }) {
    const [x, y] = [size / 2, size * 0.54];
    const at = (values: readonly number[], i = 0): number => size * (values[i] ?? 0);
    const shade = (i: number): string => `hsl(${g.hue[i] ?? 0} ${g.saturation[i] ?? 0}% ${g.lightness[i] ?? 50}%)`;
    const oval = (ox: number, oy: number, rx: number, ry: number, fill: string): void => {
      c.fillStyle = fill;
      c.beginPath();
      c.ellipse(x + ox, y + oy, Math.max(0.3, rx), Math.max(0.3, ry), 0, 0, 7);
      c.fill();
    };
    const [wide, tall] = [at(g.head), at(g.head, 1)];
    for (const side of [-1, 1]) {
      const angle = g.earAngle[0] ?? 1;
      const [ex, ey] = [x + side * wide * Math.cos(angle) * 0.85, y - tall * Math.sin(angle) * 0.85];
      c.fillStyle = shade(1);
      c.beginPath();
      if ((g.pointed[0] ?? 0) > 0.5) {
        c.moveTo(ex - at(g.ear), ey + at(g.ear, 1) * 0.4);
        c.lineTo(ex + side * at(g.ear) * 0.5, ey - at(g.ear, 1));
        c.lineTo(ex + at(g.ear), ey + at(g.ear, 1) * 0.4);
      } else c.ellipse(ex, ey, at(g.ear), at(g.ear, 1), side * 0.4, 0, 7);
      c.fill();
    }
    oval(0, 0, wide, tall, shade(0));
    for (const side of [-1, 1]) {
      oval(side * at(g.eyes), at(g.eyeHeight), at(g.eye), at(g.eye, 1), '#fdfdfa');
      oval(
        side * at(g.eyes),
        at(g.eyeHeight),
        at(g.eye) * (g.pupil[0] ?? 0.5),
        at(g.eye, 1) * (g.pupil[0] ?? 0.5),
        '#15141c',
      );
    }
    oval(0, at(g.noseHeight), at(g.nose), at(g.nose, 1), shade(2));
    c.strokeStyle = '#2a1d22';
    c.lineWidth = Math.max(0.6, size * 0.012);
    c.beginPath();
    const mouth = y + at(g.noseHeight) + size * 0.08;
    c.moveTo(x - at(g.mouth), mouth);
    c.quadraticCurveTo(x, mouth + 2 * at(g.smile), x + at(g.mouth), mouth);
    c.stroke();
    const whisker = at(g.whiskers);
    if (whisker > size * 0.06) {
      c.lineWidth = Math.max(0.4, size * 0.005);
      for (const side of [-1, 1])
        for (const lift of [-0.03, 0, 0.03]) {
          c.beginPath();
          c.moveTo(x + side * size * 0.06, y + at(g.noseHeight) + lift * size * 0.5);
          c.lineTo(x + side * (size * 0.06 + whisker), y + at(g.noseHeight) + lift * size * 1.6);
          c.stroke();
        }
    }
  },
});

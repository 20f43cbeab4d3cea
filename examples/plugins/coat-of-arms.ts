/** Evolves a coat of arms: a shield, how it is parted, its tinctures, and a charge. */

import { defineSketch } from 'lodestone/plugin';

/** Or, argent, gules, azure, vert, purpure, sable. */
const TINCTURES = ['#e3b23c', '#f2efe6', '#b02a37', '#23539e', '#2f7d4f', '#6d3b7c', '#232026'];
const tincture = (share: number): string =>
  TINCTURES[Math.min(TINCTURES.length - 1, Math.floor(share * TINCTURES.length))] ?? '#000';

export default defineSketch({
  id: 'coat-of-arms',
  title: 'Coat of arms',
  description: 'Evolves a coat of arms until it fits the prompt.',
  version: '1.0.0',
  paper: '#f6f1e4',
  genes: {
    fields: { low: 0, high: 0.999, count: 2 },
    parting: { low: 0, high: 3.999 },
    charge: { low: 0, high: 3.999 },
    metal: { low: 0, high: 0.999 },
    size: { low: 0.12, high: 0.24 },
    points: { low: 4, high: 9 },
    waist: { low: 0.5, high: 0.9 },
  },
  draw(
    c,
    {
      fields: [first = 0, second = 0],
      parting: [parting = 0],
      charge: [charge = 0],
      metal: [metal = 0],
      size: [large = 0.2],
      points: [points = 5],
      waist: [waist = 0.7],
    },
    { size },
  ) {
    const at = (share: number): number => share * size;
    const shield = (): void => {
      c.beginPath();
      c.moveTo(at(0.18), at(0.12));
      c.lineTo(at(0.82), at(0.12));
      c.lineTo(at(0.82), at(waist - 0.1));
      c.bezierCurveTo(at(0.82), at(0.8), at(0.6), at(0.9), at(0.5), at(0.95));
      c.bezierCurveTo(at(0.4), at(0.9), at(0.18), at(0.8), at(0.18), at(waist - 0.1));
      c.closePath();
    };
    c.save();
    shield();
    c.clip();
    c.fillStyle = tincture(first);
    c.fillRect(0, 0, size, size);
    c.fillStyle = tincture(second);
    const part = Math.floor(parting);
    if (part === 0) c.fillRect(at(0.5), 0, at(0.5), size);
    else if (part === 1) c.fillRect(0, at(0.5), size, at(0.5));
    else {
      c.beginPath();
      c.moveTo(0, 0);
      c.lineTo(size, size);
      c.lineTo(0, size);
      c.closePath();
      c.fill();
      if (part === 3) c.fillRect(at(0.5), 0, at(0.5), at(0.5));
    }
    c.restore();
    c.fillStyle = tincture(metal);
    const [x, y, r] = [at(0.5), at(0.5), large * size];
    const kind = Math.floor(charge);
    c.beginPath();
    if (kind === 0) {
      const count = Math.round(points);
      for (let i = 0; i < 2 * count; i++) {
        const [angle, reach] = [(Math.PI * i) / count - Math.PI / 2, i % 2 === 0 ? r : 0.45 * r];
        c.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
      }
    } else if (kind === 1) c.ellipse(x, y, r, r, 0, 0, 2 * Math.PI);
    else if (kind === 2) {
      const w = 0.3 * r;
      c.rect(x - w, y - 1.2 * r, 2 * w, 2.4 * r);
      c.rect(x - r, y - w, 2 * r, 2 * w);
    } else {
      c.moveTo(x, y + r);
      c.bezierCurveTo(x - 2.2 * r, y - 0.4 * r, x - 0.8 * r, y - 1.6 * r, x, y - 0.5 * r);
      c.bezierCurveTo(x + 0.8 * r, y - 1.6 * r, x + 2.2 * r, y - 0.4 * r, x, y + r);
    }
    c.fill();
    shield();
    c.strokeStyle = '#232026';
    c.lineWidth = at(0.018);
    c.stroke();
  },
});

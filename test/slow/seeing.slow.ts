/** How well it sees what is where, over composites of pictures. */
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/pictures.ts';
import { detectedCentres, heatInside } from '../support/seen.ts';
import { servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();

describe('detect', () => {
  it('finds things in composites of two and of four, far more often than a box at random', async () => {
    const folder = await temporaryFolder();
    for (const things of [2, 4] as const) {
      const seen = await detectedCentres({ services: servicesOf(engine, folder), folder, things, many: 6 });
      expect(seen.found, `${things} things`).toBeGreaterThan(2 * seen.chance);
    }
  });
});

describe('explain', () => {
  it('puts its heat on the thing that is asked for', async () => {
    const folder = await temporaryFolder();
    for (const things of [2, 4] as const) {
      const seen = await heatInside({ services: servicesOf(engine, folder), folder, things, many: 4 });
      expect(seen.found, `${things} things`).toBeGreaterThan(2 * seen.chance);
    }
  });
});

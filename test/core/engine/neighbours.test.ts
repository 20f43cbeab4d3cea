import { describe, expect, it } from 'vitest';
import { greatest } from '../../../core/clip/nearest.ts';
import { Neighbours } from '../../../core/engine/neighbours.ts';
import { gaussian, seeded } from '../../../core/random.ts';
import { Shelf } from '../../../core/worker/shelf.ts';
import { useEngine } from '../../support/services.ts';

const engine = useEngine();
const [COUNT, DIMENSION] = [3000, 24];

function unitRows(seed: number, count: number): Float32Array {
  const random = seeded(seed);
  const data = Float32Array.from({ length: count * DIMENSION }, () => gaussian(random));
  for (let i = 0; i < count; i++) {
    const row = data.subarray(i * DIMENSION, (i + 1) * DIMENSION);
    const length = Math.hypot(...row);
    for (let j = 0; j < DIMENSION; j++) row[j] = (row[j] ?? 0) / length;
  }
  return data;
}
const rows = { count: COUNT, dimension: DIMENSION, data: unitRows(1, COUNT) };
const byHand = (query: Float32Array): number[] =>
  Array.from({ length: COUNT }, (_, i) =>
    query.reduce((sum, q, j) => sum + q * (rows.data[i * DIMENSION + j] ?? 0), 0),
  );

describe('neighbours', () => {
  it('are the rows with the greatest cosines, in order', async () => {
    const index = engine.neighbours(rows);
    for (const seed of [2, 3, 4]) {
      const query = unitRows(seed, 1);
      const cosines = byHand(query);
      const wanted = cosines.map((_, i) => i).sort((a, b) => (cosines[b] ?? 0) - (cosines[a] ?? 0));
      const found = await index.to(query, 25);
      expect(found.indices).toEqual(wanted.slice(0, 25));
      found.cosines.forEach((c, k) => {
        expect(c).toBeCloseTo(cosines[wanted[k] ?? 0] ?? 0, 5);
      });
    }
  });
  it('are all rows when more are asked for than there are, and none of none', async () => {
    const few = engine.neighbours({ count: 3, dimension: DIMENSION, data: rows.data.slice(0, 3 * DIMENSION) });
    expect((await few.to(unitRows(5, 1), 10)).indices.toSorted()).toEqual([0, 1, 2]);
    expect(
      (await engine.neighbours({ count: 0, dimension: 0, data: new Float32Array() }).to(unitRows(5, 1), 10)).indices,
    ).toEqual([]);
  });
  it('are found again after the process that kept them has ended', async () => {
    let shelf = new Shelf(1);
    const index = new Neighbours(rows, {
      keep: (part) => shelf.keep(part),
      nearest: (name, query, count) => shelf.nearest(name, query, count),
    });
    const query = unitRows(6, 1);
    const before = await index.to(query, 5);
    expect(before.indices).toHaveLength(5);
    shelf = new Shelf(1);
    expect(await index.to(query, 5)).toEqual(before);
  });
  it('of a query of another size are refused', async () => {
    await expect(engine.neighbours(rows).to(new Float32Array(7), 5)).rejects.toMatchObject({ code: 'GRAPH_SHAPE' });
  });
});

describe('the greatest of many', () => {
  it.each([0, 1, 7, 500, 999, 1000, 2000])('%i are those that sorting gives, ties by place', (count) => {
    const random = seeded(9);
    const values = Float32Array.from({ length: 1000 }, () => Math.floor(50 * random()));
    const sorted = [...values.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
    expect(greatest(values, count)).toEqual(sorted.slice(0, count));
  });
});

import { describe, expect, it } from 'vitest';
import { drawing, drawnTo, ended, folder, on, pictureOf, start, undisturbed, until } from '../support/remembering.ts';

describe('a server that is closed and started again', () => {
  it('holds what was held', async () => {
    const data = await folder();
    const first = await on(data);
    const { id } = await start(first);
    await drawnTo(first, id, 20);
    await first.jobs.steer(id, { control: 'pause' });
    await until(
      () => first.jobs.get(id),
      ({ paused }) => paused,
    );
    await first.close();
    const second = await on(data);
    await until(
      () => second.jobs.get(id),
      ({ state, paused }) => state === 'running' && paused,
    );
    await second.jobs.steer(id, { control: 'go' });
    const png = await pictureOf(data, await ended(second, id));
    expect(Buffer.compare(png, await undisturbed())).toBe(0);
  });
  it('begins again what keeps no states, and leaves alone what was cancelled', async () => {
    const data = await folder();
    const first = await on(data);
    const batch = await start(first, { ...drawing, steps: 30, batch: 2 });
    const unwanted = await start(first);
    await first.jobs.cancel(unwanted.id);
    await until(
      () => first.jobs.get(batch.id),
      ({ pictures }) => pictures === 1,
    );
    await first.close();
    const second = await on(data);
    const done = await ended(second, batch.id);
    expect(done).toMatchObject({ state: 'done', pictures: 3, takenUpAt: -1 });
    expect(second.jobs.get(unwanted.id).state).toBe('cancelled');
  });
});

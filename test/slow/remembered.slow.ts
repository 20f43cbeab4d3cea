import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  it('goes on with several drawings where they were, to the same bytes, and leaves alone what was cancelled', async () => {
    const several = { ...drawing, steps: 30, batch: 3, diversity: 2 };
    const [data, other] = [await folder(), await folder()];
    const straight = await on(other);
    const right = await ended(straight, (await start(straight, several)).id);
    await straight.close();

    const first = await on(data);
    const batch = await start(first, several);
    const unwanted = await start(first);
    await first.jobs.cancel(unwanted.id);
    await drawnTo(first, batch.id, 45);
    await first.close();
    const second = await on(data);
    const done = await ended(second, batch.id);
    expect(done).toMatchObject({ state: 'done', pictures: right.pictures });
    expect(done.takenUpAt).toBeGreaterThan(30);
    expect(done.chart).toEqual(right.chart);
    const pictures = async (folder: string, id: string): Promise<Record<string, string>> => {
      const gallery = join(folder, 'gallery');
      const names = (await readdir(gallery)).filter((name) => name.includes(id.slice(0, 8)));
      return Object.fromEntries(
        await Promise.all(
          names.map(async (name) => [
            name.replace(id.slice(0, 8), ''),
            (await readFile(join(gallery, name))).toString('base64'),
          ]),
        ),
      );
    };
    const [drawn, wanted] = [await pictures(data, batch.id), await pictures(other, right.id)];
    expect(Object.keys(drawn)).toEqual(Object.keys(wanted));
    expect(Object.keys(drawn).length).toBeGreaterThan(3);
    expect(drawn).toEqual(wanted);
    expect(second.jobs.get(unwanted.id).state).toBe('cancelled');
  });
});

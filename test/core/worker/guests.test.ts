import { setTimeout as wait } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { EMBEDDED } from '../../../core/clip/folder.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { Guests } from '../../../core/worker/guests.ts';

it('models beside the own one are shared while runs go on, and closed some time after the last', async () => {
  let opened = 0;
  const guests = new Guests((folder) => {
    opened += 1;
    return ClipModel.open(folder);
  }, 20);
  const [first, second] = [guests.begin(), guests.begin()];
  const model = await guests.model(EMBEDDED);
  const close = vi.spyOn(model, 'close');
  expect(await guests.model(EMBEDDED)).toBe(model);
  first();
  await wait(60);
  expect(await guests.model(EMBEDDED)).toBe(model);
  expect(close).not.toHaveBeenCalled();
  second();
  await wait(60);
  expect(await guests.model(EMBEDDED)).not.toBe(model);
  expect(close).toHaveBeenCalledOnce();
  expect(opened).toBe(2);
});

it('one that cannot be opened is tried again', async () => {
  let tries = 0;
  const guests = new Guests(() => {
    tries += 1;
    return tries === 1 ? Promise.reject(new Error('away')) : ClipModel.open(EMBEDDED);
  });
  await expect(guests.model(EMBEDDED)).rejects.toThrow('away');
  expect(await guests.model(EMBEDDED)).toBeInstanceOf(ClipModel);
});

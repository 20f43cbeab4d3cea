import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { plainError } from '../../../core/errors.ts';
import { Darkroom } from '../../../core/image/darkroom.ts';
import { descendants } from '../../support/descendants.ts';
import { ENDLESS, HEART, job } from '../../support/drawings.ts';

const openers = (): number[] =>
  descendants(process.pid).flatMap(({ pid, command }) => (command.includes('image/main') ? [pid] : []));

const opened: Darkroom[] = [];
afterAll(() => {
  for (const room of opened) room.close();
});
function darkroom(seconds?: number): Darkroom {
  const made = new Darkroom(seconds);
  opened.push(made);
  return made;
}

const waited = async (f: () => number[]): Promise<number[]> => {
  for (;;) {
    const found = f();
    if (found.length) return found;
    await setTimeout(20);
  }
};
describe('a picture that ends the process that opens it', () => {
  it.skipIf(process.platform !== 'linux')('is refused after a second try, and the next one is opened', async () => {
    const room = darkroom(60);
    const before = new Set(openers());
    let ended: unknown;
    const refused = room
      .image(job(ENDLESS, 'deadly.svg'))
      .catch(plainError)
      .then((error) => {
        ended = error;
      });
    const killed = new Set<number>();
    while (ended === undefined) {
      for (const pid of openers())
        if (!before.has(pid) && !killed.has(pid)) {
          killed.add(pid);
          process.kill(pid, 'SIGKILL');
        }
      await setTimeout(20);
    }
    await refused;
    expect(ended).toMatchObject({
      code: 'PICTURE_UNREADABLE',
      message: expect.stringMatching(/deadly\.svg .*ends the process/),
    });
    expect(killed.size).toBe(2);
    expect(await room.image(job(HEART, 'heart.svg'))).toMatchObject({ width: 280, height: 160 });
  });
  it('leaves those alone that were opened beside it', async () => {
    const room = darkroom(60);
    const before = new Set(openers());
    const slow = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1000"><filter id="f"><feMorphology operator="dilate" radius="200"/></filter><rect width="50%" height="50%" filter="url(#f)"/></svg>',
    );
    const asked = room.image(job(slow, 'innocent.svg')).catch(plainError);
    const [pid] = await waited(() => openers().filter((p) => !before.has(p)));
    await setTimeout(700);
    process.kill(pid ?? 0, 'SIGKILL');
    expect(await asked).toMatchObject({ width: 1000, height: 1000 });
  });
});

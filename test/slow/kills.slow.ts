import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { seeded } from '../../core/random.ts';
import { bin, lodestone } from '../support/command-line.ts';
import { descendants, leftOf } from '../support/descendants.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { say } from '../support/server.ts';
import { accepted, type Studio, studio } from '../support/studio.ts';

const KILLS = 30;
const GONE_MS = 5000;
const long = { prompt: 'a red heart', steps: 4000, size: 64, crops: 2, tidy: 0 };
const random = seeded(30);
const outcomes: Record<string, number> = {};
const count = (what: string): void => {
  outcomes[what] = (outcomes[what] ?? 0) + 1;
};

afterAll(async () => {
  const table = process.env['LODESTONE_FUZZ_TABLE'];
  const row = { name: 'kill -9 at random moments', cases: KILLS, outcomes };
  if (table) await writeFile(join(table, 'kills.json'), JSON.stringify(row));
});

async function job(one: Studio, parameters: object = long): Promise<string> {
  const id = await accepted(one, parameters);
  await one.watcher.until((u) => u.job === id && u.state !== 'waiting');
  return id;
}

/** The descendant whose command fits, as soon as there is one. */
async function found(pid: number, command: RegExp): Promise<number> {
  for (;;) {
    const child = descendants(pid).find((p) => command.test(p.command));
    if (child) return child.pid;
    await setTimeout(20);
  }
}

/** Every picture is whole, and nothing is half-written. */
async function expectWhole(data: string): Promise<void> {
  for (const folder of ['gallery', 'uploads', 'reports'])
    for (const name of await readdir(join(data, folder)))
      if (name.endsWith('.png'))
        expect((await sharp(join(data, folder, name)).stats()).channels.length).toBeGreaterThan(0);
      else expect(name).not.toMatch(/^\..*\.part$/);
}

describe('killed at a random moment', () => {
  it('a server leaves no process and no half file, and the next says what happened', async () => {
    const data = await temporaryFolder();
    let before = '';
    for (let i = 0; i < 8; i++) {
      const one = await studio(data);
      if (i > 0) {
        expect(one.said()).toContain('ended without closing: what ran then goes on from its last state');
        await one.watcher.until((u) => u.job === before);
        await say(one.socket, 'cancel', { job: before });
      }
      await expectWhole(data);
      before = await job(one, i % 2 === 0 ? long : { ...long, steps: 12 });
      await setTimeout(3000 * random());
      const family = descendants(one.pid).map((p) => p.pid);
      process.kill(one.pid, 'SIGKILL');
      expect(await leftOf([one.pid, ...family], GONE_MS)).toEqual([]);
      one.socket.disconnect();
      count('server: nothing left, said at the next start');
    }
  });

  it.each([
    ['the process of the model', /core\/worker\/main/],
    ['the process of a plugin', /core\/plugin\/runner/],
  ])('%s ends no run: it goes on, and says why it was interrupted', async (what, command) => {
    const data = await temporaryFolder();
    const one = await studio(data);
    for (let i = 0; i < 7; i++) {
      const id = await job(one);
      // Before the run has asked it for anything, a model's process is nobody's: the run gets the next one.
      await one.watcher.until((u) => u.job === id && u.chart.length > 0);
      await setTimeout(2500 * random());
      process.kill(await found(one.pid, command), 'SIGKILL');
      const interrupted = /^Interrupted \(.*SIGKILL.*\); (?:going on from step \d+|begun again)\.$/s;
      await one.watcher.until((u) => u.job === id && u.notes.some((n) => interrupted.test(n)));
      const told = one.watcher.of(id).length;
      await one.watcher.until((u) => one.watcher.of(id).indexOf(u) >= told && u.chart.length > 0);
      await say(one.socket, 'cancel', { job: id });
      await one.watcher.until((u) => u.job === id && u.state === 'cancelled');
      count(`${what}: goes on`);
    }
    const last = await job(one, { ...long, steps: 5 });
    await one.watcher.until((u) => u.job === last && u.state === 'done');
    await expectWhole(data);
    const family = descendants(one.pid).map((p) => p.pid);
    one.child.kill('SIGTERM');
    expect(await leftOf([one.pid, ...family], 10_000)).toEqual([]);
  });

  it('a command leaves no process, and a folder that goes on to the same bytes', async () => {
    const folder = await temporaryFolder();
    const guide = ['guide', 'a fish', '--steps', '60', '--size', '64', '--crops', '2', '--tidy', '0', '--run'];
    await lodestone([...guide, 'straight'], folder);
    const straight = await readFile(join(folder, 'straight/picture.png'));
    for (let i = 0; i < 8; i++) {
      const name = `killed${i}`;
      const child = spawn(process.execPath, [bin, ...guide, name], { cwd: folder, stdio: 'ignore' });
      await setTimeout(1500 + 3500 * random());
      const family = descendants(child.pid ?? 0).map((p) => p.pid);
      child.kill('SIGKILL');
      expect(await leftOf([child.pid ?? 0, ...family], GONE_MS)).toEqual([]);
      const names = await readdir(join(folder, name)).catch(() => [] as string[]);
      expect(names.filter((n) => n.endsWith('.part') && !n.startsWith('.'))).toEqual([]);
      const again = await lodestone(['resume', name], folder);
      if (!names.includes('run.json')) {
        expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/^FILE_MISSING/) });
        count('command: had not begun, says so');
        continue;
      }
      expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/goes on after step|begins anew/) });
      expect(Buffer.compare(await readFile(join(folder, name, 'picture.png')), straight)).toBe(0);
      count('command: taken up, the same bytes');
    }
  });
});

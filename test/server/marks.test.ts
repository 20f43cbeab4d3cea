/** What was changed of a run is told at its step, in words, and is no more when the run goes back behind it. */
import { describe, expect, it } from 'vitest';
import { say, useServer, Watcher } from '../support/server.ts';

const quick = { prompt: 'a red heart', steps: 4000, size: 64, crops: 1, count: 4, tries: 1, renewals: 0, seed: 3 };

describe('what was changed of a run', () => {
  it('is marked where it was, and is gone where the run went back behind it', async () => {
    const server = await useServer();
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const parameters = { ...quick, pulls: 'symmetry:0' };
    const answer = await say(socket, 'start', { plugin: 'guide', parameters });
    const job = answer.ok ? (answer.value as { job: string }).job : '';
    const far = (done: number) => watcher.until((u) => u.job === job && (u.progress?.done ?? 0) >= done);
    const marks = () => watcher.of(job).findLast((u) => u.marks !== undefined)?.marks ?? [];
    await far(3);
    await say(socket, 'steer', { job, prompt: 'a green tree' });
    await expect.poll(() => marks().map(({ text }) => text), { timeout: 20_000 }).toEqual(['a green tree']);
    await say(socket, 'steer', { job, weights: { symmetry: 2 } });
    await expect
      .poll(() => marks().map(({ text }) => text), { timeout: 20_000 })
      .toEqual(['a green tree', 'symmetry 2']);
    const [first = Number.NaN, second = Number.NaN] = marks().map(({ step }) => step);
    expect(first).toBeGreaterThanOrEqual(3);
    expect(second).toBeGreaterThan(first);
    await far(second + 70);
    await say(socket, 'steer', { job, control: 'pause' });
    await say(socket, 'steer', { job, rewind: second - 1 });
    await expect.poll(() => marks().every(({ step }) => step < second), { timeout: 20_000 }).toBe(true);
    await say(socket, 'cancel', { job });
  });
});

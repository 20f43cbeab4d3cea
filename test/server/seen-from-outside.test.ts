import { beforeAll, describe, expect, it } from 'vitest';
import { say, type TestServer, useServer, Watcher } from '../support/server.ts';
import { talkativePlugin } from '../support/talkative-plugin.ts';

let server: TestServer;
beforeAll(async () => {
  server = await useServer({ plugins: [await talkativePlugin()], token: 'only-us' });
});
const get = (path: string): Promise<Response> => fetch(new URL(path, server.url));
/** Values by name and labels. */
const metrics = async (): Promise<Record<string, number>> => {
  const text = await (await get('/metrics?token=only-us')).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
};

describe('a server that is watched over', () => {
  it('says to whoever asks that it lives and is ready, and nothing else without the token', async () => {
    expect(await (await get('/health/live')).json()).toEqual({ live: true });
    expect(await (await get('/health/ready')).json()).toEqual({ ready: true });
    for (const path of ['/health', '/metrics', '/health/live/../../gallery', '/'])
      expect((await get(path)).status, path).toBe(401);
    expect(await (await get('/health?token=only-us')).json()).toMatchObject({ ok: true, live: true, ready: true });
  });

  it('counts runs, how they ended, how long they waited and took, and who watches', async () => {
    const before = await metrics();
    expect(before).toMatchObject({ 'lodestone_runs_waiting{lane="long"}': 0, lodestone_watchers: 0 });
    const socket = server.connect({ extraHeaders: { cookie: `lodestone-${server.port}=only-us` } });
    const watcher = new Watcher(socket);
    const started = async (how: string): Promise<string> => {
      const answer = await say(socket, 'start', { plugin: 'talkative', parameters: { how, prompt: '' } });
      if (!answer.ok) throw new Error(answer.error.message);
      return (answer.value as { job: string }).job;
    };
    const done = await started('rank');
    await watcher.until((u) => u.job === done && u.state === 'done');
    const asks = await started('ask');
    await watcher.until((u) => u.job === asks && u.question !== null);
    const waits = await started('ask');
    await watcher.until((u) => u.job === waits && u.place === 1);
    const during = await metrics();
    expect(during).toMatchObject({
      lodestone_watchers: 1,
      'lodestone_runs_ended_total{state="done"}': 1,
      'lodestone_run_seconds_count{plugin="talkative"}': 1,
    });
    const lanes = (what: string): number =>
      ['long', 'short'].reduce((n, lane) => n + (during[`${what}{lane="${lane}"}`] ?? 0), 0);
    expect(lanes('lodestone_runs_running')).toBe(1);
    expect(lanes('lodestone_runs_waiting')).toBe(1);
    expect(lanes('lodestone_run_wait_seconds_count')).toBe(2);
    expect(during['process_resident_memory_bytes']).toBeGreaterThan(1e7);
    expect(during['nodejs_eventloop_lag_p99_seconds']).toBeGreaterThan(0);
    for (const job of [waits, asks]) await say(socket, 'cancel', { job });
    await watcher.until((u) => u.job === asks && u.state === 'cancelled');
    expect((await metrics())['lodestone_runs_ended_total{state="cancelled"}']).toBe(2);
  });
});

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUILT_IN_PLUGINS, Engine, loadRegistry } from '../../core/index.ts';
import { freshPlugin } from '../support/fresh-plugin.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { say, type TestServer, useServer, Watcher } from '../support/server.ts';
import { eventsOf, servicesOf, tableOf } from '../support/services.ts';

const bin = fileURLToPath(new URL('../../server/launch/bin.js', import.meta.url));

describe('the example plugins', () => {
  it('run as they are, and colour counts as much as is wished', async () => {
    const examples = fileURLToPath(new URL('../../examples/plugin', import.meta.url));
    const registry = await loadRegistry([BUILT_IN_PLUGINS, examples]);
    expect(registry.broken).toEqual([]);
    const engine = new Engine({ threads: 1 });
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'heart.png'), await drawn('heart', '#888'));
    await writeFile(join(folder, 'star.png'), await drawn('star', 'gold'));
    const services = servicesOf(engine, folder);
    const first = async (colour: number): Promise<string> => {
      const parameters = { prompt: 'a heart', pictures: [folder], colour };
      const events = await eventsOf(registry.find('colourful'), parameters, services);
      return basename(String(tableOf(events, /Colourful/).rows[0]?.[0]));
    };
    expect([await first(0), await first(1)]).toEqual(['heart.png', 'star.png']);
    const warmth = await eventsOf(registry.find('warmth'), { pictures: [folder] }, services);
    expect(warmth.find((e) => e.type === 'ranking')?.items).toHaveLength(2);
    await engine.close();
  });
});

describe('a plugin that is one new file in a folder', () => {
  let folder: string;
  let server: TestServer;
  beforeAll(async () => {
    folder = await freshPlugin();
    server = await useServer({ plugins: [folder] });
  });

  it('is in the registry, beside those that ship', async () => {
    const registry = await loadRegistry([BUILT_IN_PLUGINS, folder]);
    expect(registry.broken).toEqual([]);
    expect(registry.find('fresh')).toMatchObject({ title: 'Fresh', steerable: false });
  });
  it('is a command with flags from its schema', async () => {
    const env = { ...process.env, LODESTONE_PLUGINS: folder };
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [bin, 'fresh', '--who', 'you', '--json'], { env });
    expect(JSON.parse(stdout).tables).toEqual([{ title: 'Greetings', columns: ['words'], rows: [['hello you']] }]);
    const { stdout: help } = await run(process.execPath, [bin, 'fresh', '--help'], { env });
    expect(help).toMatch(/--who <who>\s+Who is greeted/);
  });
  it('is announced on the socket and runs there', async () => {
    const socket = server.connect();
    const hello = await new Promise<{ plugins: { id: string }[] }>((resolve) => socket.once('hello', resolve));
    expect(hello.plugins.map((p) => p.id)).toContain('fresh');
    const watcher = new Watcher(socket);
    const answer = await say(socket, 'start', { plugin: 'fresh', parameters: {} });
    const job = answer.ok ? (answer.value as { job: string }).job : '';
    const { tables } = await watcher.until((u) => u.job === job && u.tables !== undefined && u.tables.length > 0);
    expect(tables?.[0]?.rows).toEqual([['hello world']]);
  });
});

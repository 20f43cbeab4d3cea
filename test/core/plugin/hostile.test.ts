import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent, type Registry, runPlugin } from '../../../core/index.ts';
import { lodestone } from '../../support/command-line.ts';
import { eventsOf, servicesOf, useEngine } from '../../support/services.ts';

const folder = fileURLToPath(new URL('../../fixtures/plugins-hostile', import.meta.url));
const engine = useEngine();
let registry: Registry;
beforeAll(async () => {
  registry = await loadRegistry([folder]);
});

const run = (id: string, parameters: unknown) => eventsOf(registry.find(id), parameters, servicesOf(engine));
const failed = (id: string, what: RegExp) =>
  expect.objectContaining({
    code: 'PLUGIN_FAILED',
    message: expect.stringMatching(new RegExp(`^The plugin "${id}" failed: ${what.source}`)),
  });

const isFine = () => expect(run('meek', {})).resolves.toEqual([{ type: 'note', text: '2 texts' }]);

describe('a plugin that writes into the channel to its host', () => {
  it('ends only its own job, with the reason, while others work and afterwards', async () => {
    const scribbles: Readonly<Record<string, RegExp>> = {
      garbage: /its process stopped: what it sent is no message: .*MiB, and 128 MiB is the most/,
      'framed garbage': /its process stopped: what it sent is no message: Unexpected token/,
      'an error that is none': /its process stopped: it sent a message that is none \(.*error/,
      'an announcement of two gigabytes': /its process stopped: what it sent is no message: .*2049 MiB, and 128 MiB is/,
      'an array outside of its message': /its process stopped: what it sent is no message: an array lies outside/,
    };
    await Promise.all([
      ...Object.entries(scribbles).map(([what, why]) =>
        expect(run('scribbler', { what }), what).rejects.toEqual(failed('scribbler', why)),
      ),
      isFine(),
    ]);
    await isFine();
  });
});

describe('a plugin that eats memory', () => {
  it('of the JavaScript heap is told of in one sentence, and nothing of what Node prints then is shown', async () => {
    const { code, out, err } = await lodestone(['glutton', '--what', 'objects'], '.', undefined, {
      LODESTONE_PLUGINS: folder,
    });
    expect(code).toBe(1);
    expect(err).toContain('The plugin "glutton" failed: it took more than 512 MiB of memory');
    expect(out + err).not.toMatch(/stack trace|Last few GCs|FATAL|heap out of memory|0x[0-9a-f]{6}/);
  });
});

describe('a plugin that gives more than its reader takes', () => {
  it('is held back a few files ahead, and ends promptly when it is cancelled', async () => {
    const services = servicesOf(engine);
    const abort = new AbortController();
    const { events } = runPlugin(registry.find('spiller'), {}, services, { signal: abort.signal });
    const ahead: number[] = [];
    const files: PluginEvent[] = [];
    let cancelledAt = 0;
    const reading = (async () => {
      for await (const event of events) {
        files.push(event);
        await sleep(50);
        ahead.push(services.logged.length - files.length);
        if (files.length !== 10) continue;
        cancelledAt = performance.now();
        abort.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - cancelledAt).toBeLessThan(5000);
    ahead.push(services.logged.length - files.length);
    expect(files).toMatchObject(
      Array.from({ length: files.length }, (_, i) => ({ type: 'file', name: `file-${i + 1}.txt` })),
    );
    expect(files.length).toBeLessThan(15);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(8);
  });
});

describe('a plugin that prints without end', () => {
  it('is cut off, and its job goes on', async () => {
    const services = servicesOf(engine);
    await expect(eventsOf(registry.find('chatterbox'), {}, services)).resolves.toEqual([
      { type: 'note', text: 'still here' },
    ]);
    const { logged } = services;
    expect(logged[0]).toBe('and another thing: nobody reads all of this');
    expect(logged.at(-1)).toMatch(/… \(what it prints from here on is left out\)$/);
    expect(logged.join('').length).toBeLessThan(70_000);
  });
});

/** What every registered plugin must do, each run across a real process boundary. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent } from '../../core/index.ts';
import { parametersSchema } from '../../server/wire.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const registry = await loadRegistry();
const engine = useEngine();

/** Small parameters for a quick run, made from the schema: what is required, and few steps. */
function quick(schema: unknown, folder: string): Record<string, unknown> {
  const { properties, required } = parametersSchema.parse(schema);
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(properties)) {
    if (field.control === 'pictures' && (field.positional || required.includes(name))) values[name] = [folder];
    else if (field.control === 'prompt' && (required.includes(name) || field.positional)) values[name] = 'a red circle';
    else if (field.type === 'array' && required.includes(name)) values[name] = ['a red circle', 'a star'];
    else if (name === 'steps' || name === 'generations') values[name] = 6;
    else if (name === 'size') values[name] = 64;
  }
  return values;
}

async function pictures(copies = 1): Promise<string> {
  const folder = await temporaryFolder();
  const kinds = await Promise.all([drawn('circle', 'red'), drawn('star', 'gold'), drawn('square', 'blue')]);
  for (let copy = 0; copy < copies; copy++)
    await Promise.all(kinds.map((bytes, kind) => writeFile(join(folder, `${copy}-${kind}.png`), bytes)));
  return folder;
}

it('the registry holds the plugins that ship, and none is broken', () => {
  expect(registry.broken).toEqual([]);
  expect(registry.plugins.map((p) => p.id)).toEqual(expect.arrayContaining(['guide', 'rerank', 'style-match']));
});

describe.each(registry.plugins.map((p) => [p.id, p] as const))('%s', (_id, plugin) => {
  it('describes itself and each of its fields', () => {
    const { properties } = parametersSchema.parse(plugin.parameters);
    expect(plugin.description).toMatch(/^[A-Z].*\.$/);
    for (const [name, field] of Object.entries(properties))
      expect([field.title, field.description], name).toEqual([expect.any(String), expect.any(String)]);
    for (const [name, field] of Object.entries(properties))
      if (field.type === 'number' || field.type === 'integer')
        expect([field.minimum, field.maximum], name).toEqual([expect.any(Number), expect.any(Number)]);
  });

  it('runs on small parameters, tells how far it is, and ends with a result', async () => {
    const folder = await pictures();
    const events = await eventsOf(plugin, quick(plugin.parameters, folder), servicesOf(engine, folder));
    expect(events.some((e) => e.type === 'progress')).toBe(true);
    expect(events.some((e) => ['picture', 'ranking', 'table'].includes(e.type))).toBe(true);
  });

  it('gives the same events for the same parameters', async () => {
    const folder = await pictures();
    const once = () => eventsOf(plugin, quick(plugin.parameters, folder), servicesOf(engine, folder));
    expect(await once()).toEqual(await once());
  });

  it('refuses parameters that are none, with one coded error', async () => {
    await expect(eventsOf(plugin, { prompt: 7, references: 'x' }, servicesOf(engine))).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
      message: expect.stringContaining(plugin.id),
    });
  });

  it('stops when it is cancelled', async () => {
    const folder = await pictures(150);
    const abort = new AbortController();
    const seen: PluginEvent[] = [];
    const { runPlugin } = await import('../../core/index.ts');
    const run = async () => {
      const parameters = {
        ...quick(plugin.parameters, folder),
        ...('steps' in quick(plugin.parameters, folder) ? { steps: 5000 } : {}),
        ...('generations' in quick(plugin.parameters, folder) ? { generations: 2000 } : {}),
      };
      for await (const event of runPlugin(plugin, parameters, servicesOf(engine, folder), { signal: abort.signal })
        .events) {
        seen.push(event);
        abort.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen.length).toBeLessThan(50);
  });
});

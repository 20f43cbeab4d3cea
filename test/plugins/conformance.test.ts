/** What every registered plugin must do, each run across a real process boundary. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { loadRegistry, type PluginEvent, plainError, runPlugin } from '../../core/index.ts';
import { seeded, seedFor } from '../../core/random.ts';
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

  it('takes every bound of every number, and refuses what lies beyond with the name of the field', async () => {
    const folder = await pictures();
    const { properties } = parametersSchema.parse(plugin.parameters);
    const numbers = Object.entries(properties).filter(([, f]) => f.type === 'number' || f.type === 'integer');
    const good = quick(plugin.parameters, folder);
    const { default: own } = (await import(pathToFileURL(plugin.file).href)) as {
      default: { parameters: z.ZodObject };
    };
    for (const [name, { minimum = 0, maximum = 0 }] of numbers) {
      for (const value of [minimum, maximum])
        expect(own.parameters.safeParse({ ...good, [name]: value }).success, `${name} = ${value}`).toBe(true);
      for (const value of [minimum - 1, maximum + 1, Number.NaN, 'many', null, {}]) {
        const { error } = own.parameters.safeParse({ ...good, [name]: value });
        expect(
          error?.issues.map((i) => i.path[0]),
          `${name} = ${String(value)}`,
        ).toContain(name);
      }
    }
    // All at once, as far as a moment goes: a run at its bounds works, or is refused with a code.
    for (const bound of ['minimum', 'maximum'] as const) {
      const abort = new AbortController();
      const at = Object.fromEntries(numbers.map(([name, f]) => [name, f[bound] ?? 0]));
      const run = runPlugin(plugin, { ...good, ...at }, servicesOf(engine, folder), { signal: abort.signal });
      const end = async (): Promise<void> => {
        for await (const event of run.events) if (event.type !== 'note') abort.abort();
      };
      const code = await end().then(
        () => 'done',
        (thrown: unknown) => plainError(thrown).code,
      );
      expect(['done', 'CANCELLED', 'PARAMETER_INVALID', 'NO_PICTURES'], bound).toContain(code);
    }
  });

  it.each([
    ['no object', 'words'],
    ['nothing', null],
    ['a list', []],
    [
      'strange types',
      { prompt: { $ne: 1 }, pictures: 7, labels: {}, story: 3, first: 1, second: 1, query: 9, prompts: 2, phrases: 3 },
    ],
    [
      'far too much',
      { prompt: 'x'.repeat(1e6), pictures: ['x'.repeat(1e5)], labels: ['x'.repeat(1e5)], story: 'x'.repeat(1e6) },
    ],
  ])('refuses garbage with a pointed error: %s', async (_what, garbage) => {
    await expect(eventsOf(plugin, garbage, servicesOf(engine))).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:PARAMETER_INVALID|NO_PICTURES|PATH_OUTSIDE|PROMPT_INVALID)$/),
    });
  });

  it('stops when it is cancelled', async () => {
    const folder = await pictures(150);
    const abort = new AbortController();
    const seen: PluginEvent[] = [];
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

  it('cancelled at any moment ends, and leaves nothing half-written', async () => {
    const folder = await pictures(40);
    const random = seeded(seedFor(3, plugin.id));
    const long = { steps: 5000, generations: 2000, questions: 400 };
    const fields = parametersSchema.parse(plugin.parameters).properties;
    const parameters = {
      ...quick(plugin.parameters, folder),
      ...Object.fromEntries(Object.entries(long).filter(([name]) => name in fields)),
    };
    const services = servicesOf(engine, folder);
    for (let k = 0; k < 2; k++) {
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), 300 + 1500 * random());
      const run = runPlugin(plugin, parameters, services, { signal: abort.signal });
      const end = async (): Promise<string> => {
        for await (const event of run.events)
          if (event.type === 'question' && event.id === 'pair 9') await run.steer({ control: 'finish' });
        return 'done';
      };
      const code = await end().catch((thrown: unknown) => plainError(thrown).code);
      clearTimeout(timer);
      expect(['done', 'CANCELLED']).toContain(code);
    }
    const left = [...(await readdir(folder)), ...(await readdir(await services.folder(plugin.id)))];
    expect(left.filter((name) => name.includes('.part'))).toEqual([]);
  });
});

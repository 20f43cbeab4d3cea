/** What every registered plugin must do; each run is across a real process boundary. Files share the plugins among them. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type Engine,
  loadRegistry,
  type PluginEvent,
  plainError,
  type RegisteredPlugin,
  runPlugin,
} from '../../core/index.ts';
import { seeded, seedFor } from '../../core/random.ts';
import { among, type Fields, fieldsOf, LONG, smallParameters } from '../../server/conformance/parameters.ts';
import { drawn, temporaryFolder } from './pictures.ts';
import { eventsOf, servicesOf } from './services.ts';

/** Fields that make a run short where a plugin has them. */
const SHORT = { steps: 6, generations: 6, size: 64, tidy: 0 };
const numbersOf = (fields: Fields) =>
  Object.entries(fields).filter(([, { type }]) => type === 'number' || type === 'integer');

const quick = (plugin: RegisteredPlugin, folder: string): Record<string, unknown> =>
  smallParameters(plugin, folder, SHORT);

async function pictures(copies = 1): Promise<string> {
  const folder = await temporaryFolder();
  const kinds = await Promise.all([drawn('circle', 'red'), drawn('star', 'gold'), drawn('square', 'blue')]);
  for (let copy = 0; copy < copies; copy++)
    await Promise.all(kinds.map((bytes, kind) => writeFile(join(folder, `${copy}-${kind}.png`), bytes)));
  return folder;
}

const GARBAGE: readonly (readonly [string, unknown])[] = [
  ['no object', 'words'],
  ['nothing', null],
  ['a list', []],
  ['numbers for words', { prompt: 7, references: 'x' }],
  [
    'strange types',
    { prompt: { $ne: 1 }, pictures: 7, labels: {}, story: 3, first: 1, second: 1, query: 9, prompts: 2, phrases: 3 },
  ],
  [
    'far too much',
    { prompt: 'x'.repeat(1e6), pictures: ['x'.repeat(1e5)], labels: ['x'.repeat(1e5)], story: 'x'.repeat(1e6) },
  ],
];

const schemaSchema = z.object({ default: z.looseObject({ parameters: z.custom<z.ZodObject>() }) });
const schemaOf = async (plugin: RegisteredPlugin): Promise<z.ZodObject> =>
  schemaSchema.parse({ ...((await import(pathToFileURL(plugin.file).href)) as object) }).default.parameters;

type Conforms = (engine: Engine, plugin: RegisteredPlugin) => void;

/** The plugins whose place in the registry leaves `part` when divided by `parts`. */
export async function conform(conforms: Conforms, engine: Engine, part = 0, parts = 1): Promise<void> {
  const { plugins } = await loadRegistry();
  const own = plugins.filter((_, i) => i % parts === part).map((plugin) => [plugin.id, plugin] as const);
  describe.each(own)('%s', (_id, plugin) => conforms(engine, plugin));
}

/** It runs, is told of what is wrong, stops. */
export const conforms: Conforms = (engine, plugin) => {
  const fields = fieldsOf(plugin);

  it('describes itself and each of its fields', () => {
    expect(plugin.description).toMatch(/^[A-Z].*\.$/);
    for (const [name, field] of Object.entries(fields))
      expect([field.title, field.description], name).toEqual([expect.any(String), expect.any(String)]);
    for (const [name, field] of numbersOf(fields))
      expect([field.minimum, field.maximum], name).toEqual([expect.any(Number), expect.any(Number)]);
  });

  it('runs on small parameters, tells how far it is, and ends with a result', async () => {
    const folder = await pictures();
    const events = await eventsOf(plugin, quick(plugin, folder), servicesOf(engine, folder));
    expect(events.some((e) => e.type === 'progress')).toBe(true);
    expect(events.some((e) => ['picture', 'ranking', 'table', 'matrix', 'map'].includes(e.type))).toBe(true);
  });

  it('refuses garbage with a pointed error, in its process and across it', async () => {
    const schema = await schemaOf(plugin);
    // What the schema takes, the run must refuse.
    for (const [what, garbage] of GARBAGE.filter(([, given]) => schema.safeParse(given).success))
      await expect(eventsOf(plugin, garbage, servicesOf(engine)), what).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:PARAMETER_INVALID|NO_PICTURES|PATH_OUTSIDE|PROMPT_INVALID)$/),
      });
    await expect(eventsOf(plugin, 'words', servicesOf(engine))).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
      message: expect.stringContaining(plugin.id),
    });
  });

  it('takes every bound of every number, and refuses what lies beyond with the name of the field', async () => {
    const good = quick(plugin, await pictures());
    const schema = await schemaOf(plugin);
    for (const [name, { minimum = 0, maximum = 0 }] of numbersOf(fields)) {
      for (const value of [minimum, maximum])
        expect(schema.safeParse({ ...good, [name]: value }).success, `${name} = ${value}`).toBe(true);
      for (const value of [minimum - 1, maximum + 1, Number.NaN, 'many', null, {}]) {
        const { error } = schema.safeParse({ ...good, [name]: value });
        expect(
          error?.issues.map((i) => i.path[0]),
          `${name} = ${String(value)}`,
        ).toContain(name);
      }
    }
  });

  it('stops when it is cancelled', async () => {
    const folder = await pictures(150);
    const abort = new AbortController();
    const seen: PluginEvent[] = [];
    const parameters = { ...quick(plugin, folder), ...among(LONG, fields) };
    const run = async (): Promise<void> => {
      for await (const event of runPlugin(plugin, parameters, servicesOf(engine, folder), { signal: abort.signal })
        .events) {
        seen.push(event);
        abort.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen).toHaveLength(1);
  });
};

/** Run twice, at its bounds, and cancelled whenever. */
export const enduresMuch: Conforms = (engine, plugin) => {
  const fields = fieldsOf(plugin);

  it('gives the same events again', async () => {
    const folder = await pictures();
    const once = () => eventsOf(plugin, quick(plugin, folder), servicesOf(engine, folder));
    expect(await once()).toEqual(await once());
  });

  // All at once, as far as a moment goes: a run at its bounds works, or is refused with a code.
  it.each(['minimum', 'maximum'] as const)(
    'works with every number at its %s, or says what is wrong',
    async (bound) => {
      const folder = await pictures();
      const abort = new AbortController();
      const at = Object.fromEntries(numbersOf(fields).map(([name, f]) => [name, f[bound] ?? 0]));
      const parameters = { ...quick(plugin, folder), ...at };
      const run = runPlugin(plugin, parameters, servicesOf(engine, folder), { signal: abort.signal });
      const ended = async (): Promise<string> => {
        for await (const event of run.events) if (event.type !== 'note') abort.abort();
        return 'done';
      };
      const code = await ended().catch((thrown: unknown) => plainError(thrown).code);
      expect(['done', 'CANCELLED', 'PARAMETER_INVALID', 'NO_PICTURES']).toContain(code);
    },
  );

  it('cancelled at any moment ends, and leaves nothing half-written', async () => {
    const folder = await pictures(40);
    const random = seeded(seedFor(3, plugin.id));
    const parameters = { ...quick(plugin, folder), ...among(LONG, fields) };
    const services = servicesOf(engine, folder);
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
    const left = [...(await readdir(folder)), ...(await readdir(await services.folder(plugin.id)))];
    expect(left.filter((name) => name.includes('.part'))).toEqual([]);
  });
};

/** Drawers and pulls of others: Guide has them as it has its own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BUILT_IN_PLUGINS, loadRegistry, recipeOf } from '../../../core/index.ts';
import { useFolder } from '../../support/plugin-files.ts';
import { eventsOf, servicesOf, useEngine } from '../../support/services.ts';

const EXAMPLES = 'examples/plugins';
const engine = useEngine();
const folder = useFolder();
const SMALL = { prompt: 'a red heart', steps: 6, size: 64, crops: 1, tries: 1, renewals: 1, count: 12 };
const registry = await loadRegistry([BUILT_IN_PLUGINS, EXAMPLES]);
const fieldSchema = z.object({
  enum: z.array(z.string()).optional(),
  only: z.record(z.string(), z.array(z.string())).optional(),
  choices: z.record(z.string(), z.string()).optional(),
});

describe('a drawer and a pull in a folder of plugins', () => {
  const guide = registry.find('guide');
  const fields = z.record(z.string(), fieldSchema).parse(guide.parameters['properties']);

  it('are offered by Guide, with their own settings while they are chosen', () => {
    expect(registry.broken).toEqual([]);
    expect(registry.extensions.map(({ kind, id }) => `${kind} ${id}`)).toEqual(
      expect.arrayContaining(['drawer dots', 'pull warmth']),
    );
    expect(fields['drawer']?.enum).toEqual(expect.arrayContaining(['strokes', 'inpaint', 'dots']));
    expect(fields['drawer']?.choices).toMatchObject({ strokes: 'Brush strokes', dots: 'Dots' });
    expect(fields['dots.radius']?.only).toEqual({ drawer: ['dots'] });
    expect(fields['count']?.only?.['drawer']).toEqual(expect.arrayContaining(['strokes', 'dots']));
    expect(fields['pulls']?.choices).toMatchObject({ warmth: 'more red than blue' });
  });

  it('draw the same again, say in the picture whose they are, and go by their settings', async () => {
    const draw = async (more: object): Promise<Uint8Array[]> => {
      const services = servicesOf(engine, folder);
      const events = await eventsOf(guide, { ...SMALL, drawer: 'dots', ...more }, services);
      return events.flatMap((e) => (e.type === 'picture' ? [e.bytes] : []));
    };
    const once = await draw({ pulls: 'warmth[aim=0.9]:5' });
    expect(once).toHaveLength(2);
    const [svg] = once;
    expect(
      Buffer.from(svg ?? [])
        .toString()
        .match(/a0\.03 0\.03 /g)?.length,
    ).toBeGreaterThan(0);
    expect(await draw({ pulls: 'warmth[aim=0.9]:5' })).toEqual(once);
    const [wide] = await draw({ pulls: 'warmth[aim=0.9]:5', 'dots.radius': 0.05 });
    expect(Buffer.from(wide ?? []).toString()).toContain('a0.05 0.05 ');
    const recipe = await recipeOf(once[1] ?? new Uint8Array(), 'it');
    expect(recipe.extensions?.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['drawer dots', 'pull warmth']);
    // Of drawers that do not draw nothing is said.
    expect(Object.keys(recipe.parameters).filter((name) => name.includes('.'))).toEqual(['dots.radius']);
  });

  it('are refused with what is wrong of them, by name, and keep no other from being there', async () => {
    const drawer = (id: string, settings: string, more = ''): string =>
      `import { defineDrawer, opaque } from 'lodestone/plugin';
import { z } from 'zod';
export default defineDrawer({
  id: '${id}', title: 'Odd', settings: z.object({ ${settings} }), canvas: 16, paper: [1, 1, 1], ${more}
  begin: () => ({ parameters: [], draw: (_, { t, height, width }) => opaque(t.scalar(0).expand([1, 3, height, width]), t) }),
});`;
    const files = {
      strokes: drawer('strokes', ''),
      asking: drawer('asking', 'size: z.number()'),
      listing: drawer('listing', 'list: z.array(z.number()).default([])'),
      sharing: drawer('sharing', '', `shared: { count: 'marks' },`),
      paperless: drawer('paperless', '').replace('[1, 1, 1]', '[1, 1]'),
      warmth: `import { definePull } from 'lodestone/plugin';\nexport default definePull({ id: 'warm', description: 'x', loss: () => {} });`,
      fine: drawer('fine', 'size: z.number().default(1)'),
      countless: drawer('countless', 'marks: z.int().min(1).max(9)', `shared: { count: 'marks' },`),
      short: drawer('short', '').replace(
        'parameters: []',
        `parameters: [{ name: 'at', shape: [4, 2], start: new Float32Array(7), rate: 1, low: 0, high: 1 }]`,
      ),
      rows: drawer('rows', '').replace(
        'parameters: []',
        `parameters: [], rows: { count: 1, places: 'at', presence: 'there' }`,
      ),
      flat: drawer('flat', '').replace('[1, 3, height, width]), t)', '[1, 3, height, 1]), t)'),
      throwing: drawer('throwing', '').replace('opaque(t.scalar', 'opaque(t.nothing.scalar'),
      whole: `import { definePull } from 'lodestone/plugin';
import { z } from 'zod';
export default definePull({ id: 'whole', description: 'x', settings: z.object({}), loss: (picture) => picture });`,
    };
    for (const [name, code] of Object.entries(files)) await writeFile(join(folder, `${name}.ts`), code);
    const found = await loadRegistry([BUILT_IN_PLUGINS, folder]);
    expect(found.extensions.map(({ id }) => id)).toEqual(['fine']);
    const whys = Object.fromEntries(
      found.broken.map(({ message }) => /(\w+)\.ts cannot be loaded: (.*)/s.exec(message)?.slice(1) ?? []),
    );
    expect(whys).toEqual({
      strokes: expect.stringContaining('the name "strokes" or an alias of it belongs to Lodestone'),
      asking: expect.stringContaining(
        'its setting "size" is to be a number, a switch, words or a choice, with a default',
      ),
      listing: expect.stringContaining('its setting "list" is to be'),
      sharing: expect.stringContaining('its settings have no "marks"'),
      paperless: expect.stringMatching(/no drawer as defineDrawer\(\{\.\.\.\}\) makes it \("paper/),
      countless: expect.stringContaining(
        'its setting "marks", which the field "count" sets, is to be a number with a default',
      ),
      short: expect.stringContaining(
        'its parameter "at" starts with 7 numbers, and its shape [4, 2] has another count',
      ),
      rows: expect.stringContaining('its "rows" name "at", and it has no parameter of that name'),
      flat: expect.stringMatching(/its colour is \[1, 3, 16, 1\] where it is to be \[1, 3, 16, 16\]/),
      throwing: expect.stringMatching(/throwing\.ts:5:\d+: Cannot read properties of undefined/),
      whole: expect.stringContaining('its loss is [1, 3, 16, 16]: end with .mean()'),
      warmth: expect.stringMatching(/no pull as definePull\(\{\.\.\.\}\) makes it \("settings/),
    });
  });

  it('of which one fails while it draws is told by its own file and line', async () => {
    await writeFile(
      join(folder, 'fine.ts'),
      `import { defineDrawer, opaque, seeded } from 'lodestone/plugin';
import { z } from 'zod';
export default defineDrawer({
  id: 'fine', title: 'Fine', settings: z.object({}), canvas: 16, paper: [1, 1, 1],
  begin(_, random) {
    if (random() !== seeded(1)()) throw new Error('no ink');
    return { parameters: [], draw: (_, { t, height, width }) => opaque(t.scalar(0).expand([1, 3, height, width]), t) };
  },
});`,
    );
    const failing = (await loadRegistry([BUILT_IN_PLUGINS, folder])).find('guide');
    const services = servicesOf(engine, folder);
    await expect(eventsOf(failing, { ...SMALL, drawer: 'fine' }, services)).rejects.toMatchObject({
      code: 'EXTENSION_FAILED',
      message: expect.stringMatching(/^The drawer "fine" failed: Error: no ink .*fine\.ts:6:/),
    });
    // Others draw as ever.
    expect((await eventsOf(failing, SMALL, services)).some((e) => e.type === 'picture')).toBe(true);
  });
});

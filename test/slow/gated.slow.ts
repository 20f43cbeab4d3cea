/** A policy over whole runs, and stories of several drawings. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadRegistry, type PluginEvent, parsePolicy } from '../../core/index.ts';
import { HEARTS } from '../support/policies.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const registry = await loadRegistry();

describe('a policy', () => {
  const gated = async (prompt: string, more: object = {}): Promise<PluginEvent[]> => {
    const strict = { ...HEARTS, rules: HEARTS.rules.map((r) => ({ ...r, unless: [] })) };
    const options = { policy: parsePolicy(JSON.stringify(strict), 'the test') };
    const parameters = { prompt, steps: 100, size: 96, crops: 4, tries: 1, ...more };
    return eventsOf(registry.find('guide'), parameters, servicesOf(engine), options);
  };
  it('holds back the pictures of any other plugin, and says why', async () => {
    const [heart, tree] = [await gated('a red heart'), await gated('a green tree')];
    const drew = (events: readonly PluginEvent[]): boolean => events.some((e) => e.type === 'picture');
    expect([drew(heart), drew(tree)]).toEqual([false, true]);
    const notes = heart.flatMap((e) => (e.type === 'note' ? [e.text] : []));
    expect(notes.every((text) => text.startsWith('POLICY_BLOCKED'))).toBe(true);
    const frames = (events: readonly PluginEvent[]): number => events.filter((e) => e.type === 'frame').length;
    const held = frames(tree) - frames(heart);
    expect(held).toBeGreaterThan(3);
    // Frames that are held back in a row are spoken of once, and the PNG and the SVG once each.
    expect(notes.length).toBeGreaterThan(0);
    expect(notes.length).toBeLessThan(held + 2);
  });
  it('holds back the sheet that would show what was held back', async () => {
    const several = await gated('{a red heart|a green tree}', { batch: 3 });
    const notes = several.flatMap((e) => (e.type === 'note' ? [e.text] : []));
    const titles = several.flatMap((e) => (e.type === 'picture' ? [e.title] : []));
    expect(notes.at(-1)).toMatch(/^POLICY_COMPOSITE: .*sheet/);
    expect([titles.length > 0, titles.some((t) => t.includes('sheet'))]).toEqual([true, false]);
  });
});

describe('storyboard', () => {
  it('draws each scene in one palette, with a sheet and an animation', async () => {
    const events = await eventsOf(
      registry.find('storyboard'),
      { story: 'a house\na tree\nthe moon', steps: 40, size: 96, palette: 'night' },
      servicesOf(engine),
    );
    const titles = events.flatMap((e) => (e.type === 'picture' && e.mime === 'image/png' ? [e.title] : []));
    expect(titles).toEqual(['a house', 'a tree', 'the moon', 'storyboard: sheet']);
    const file = events.find((e) => e.type === 'file');
    const moving = file?.type === 'file' ? file.bytes : new Uint8Array();
    expect(await sharp(moving, { animated: true }).metadata()).toMatchObject({ format: 'webp', pages: 3 });
    const done = events.flatMap((e) => (e.type === 'progress' ? [e.done] : []));
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.at(-1)).toBe(120);
  });
});

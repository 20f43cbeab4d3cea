/** Pictures of `guide` that take long: many pixels, and several that differ. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cosineTable, type PluginEvent, runPlugin } from '../../core/index.ts';
import { type Steer, steerSchema } from '../../core/plugin/steer.ts';
import { guide, guideRuns, picturesAmong } from '../support/guide.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();
const run = guideRuns(engine);

describe('guide', () => {
  it('draws several pictures that differ the more the more that is asked, and a sheet of them', async () => {
    /** Cosine of the two pictures. */
    const alike = async (diversity: number): Promise<number> => {
      const all = picturesAmong(await run({ batch: 2, diversity, steps: 60, size: 96, crops: 3, tries: 1 })).filter(
        (p) => p.mime === 'image/png',
      );
      expect(all.map((p) => p.title)).toEqual(['a red heart', 'a red heart', 'a red heart: sheet']);
      const rows = await engine.embedAll(all.slice(0, 2).map((p) => ({ bytes: p.bytes, name: p.title })));
      return (
        cosineTable({ ...rows, count: 1 }, { ...rows, count: 1, data: rows.data.subarray(rows.dimension) })[0]?.[0] ?? 1
      );
    };
    expect(await alike(10)).toBeLessThan((await alike(0)) - 0.02);
  });
  it('draws a picture whose layers would not fit into memory from its shapes', async () => {
    const [svg, png] = picturesAmong(await run({ size: 2048, count: 300, aspect: '2:1' }));
    expect(svg).toMatchObject({ mime: 'image/svg+xml', width: 2048, height: 1024 });
    expect(await sharp(png?.bytes).metadata()).toMatchObject({ format: 'png', width: 2048, height: 1024, channels: 3 });
  });
  it('steered inside one of several gives the same bytes again, with the steps counted through', async () => {
    const asked = { prompt: 'a red heart', batch: 2, steps: 30, size: 64, crops: 2, tries: 1 };
    const live = runPlugin(guide, asked, servicesOf(engine), { strip: true });
    const wishes = new Map<number, Steer>([
      [6, { prompt: 'a green tree' }],
      [36, { prompt: 'the moon' }],
      [50, { rewind: 45 }],
    ]);
    const made: PluginEvent[] = [];
    for await (const event of live.events) {
      const wish = event.type === 'progress' ? wishes.get(event.done) : undefined;
      if (wish && event.type === 'progress') {
        wishes.delete(event.done);
        await live.steer(wish);
      }
      made.push(event);
    }
    const [rewound] = made.flatMap((e) => (e.type === 'rewound' ? [e.step] : []));
    expect(rewound).toBeGreaterThan(30);
    expect(made.flatMap((e) => (e.type === 'progress' ? [e.done] : [])).at(-1)).toBe(60);
    const all = picturesAmong(made).filter((p) => p.mime === 'image/png');
    const changes = z.object({ script: z.array(z.object({ step: z.number(), change: steerSchema })) });
    const [first, second, sheet] = all.map((p) => changes.safeParse(p.record).data?.script ?? []);
    expect(first).toMatchObject([{ change: { prompt: 'a green tree' } }]);
    expect(second).toMatchObject([...(first ?? []), { change: { prompt: 'the moon' } }]);
    expect(second?.[1]?.step).toBeGreaterThan(30);
    expect(sheet).toEqual(second);
    const script = (second ?? []).map(({ step, change }) => ({ step, steer: change }));
    const again = await eventsOf(guide, asked, servicesOf(engine), { strip: true, script });
    const bytes = (events: readonly PluginEvent[]): Buffer[] => picturesAmong(events).map((p) => Buffer.from(p.bytes));
    expect(bytes(again)).toEqual(bytes(made));
  });
});

/** What a run does with its picture in many steps: regions, masks, locks, schedules; and that it replays to the byte. */
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../core/guidance/protocol.ts';
import { parsePrompt, pixels, readyDrawer, strokes } from '../../core/index.ts';
import { change, cosines, guidingWith, picture, recordOf, request, statsOf } from '../support/guiding.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { useEngine } from '../support/services.ts';

const { run, tell } = guidingWith(useEngine());

describe('steering', () => {
  it('while a picture is taken over outlasts it, live and given again', async () => {
    const paint = { bytes: await drawn('square', 'blue'), name: 'start' };
    const plan: LogEntry[] = [
      { step: 0, change: { prompts: [], paint } },
      { step: 60, change: { prompts: parsePrompt('a fish'), paint: null } },
    ];
    const begun = request(strokes as never, 'a fish', { steps: 120, frameEvery: 0 }, { plan });
    const live = await run(begun, (e) => {
      if (e.type === 'step' && e.step === 5) void tell(change('a green tree'));
    });
    const names = live.flatMap((e) => (e.type === 'step' ? [e.prompts.join()] : []));
    expect([names[0], names[59], names[61], names.at(-1)]).toEqual([
      '',
      'a green tree',
      'a green tree',
      'a green tree',
    ]);
    const [{ step } = { step: Number.NaN }] = recordOf(live)?.script ?? [];
    const script = [{ step, change: { prompts: parsePrompt('a green tree') } }];
    expect(Buffer.compare(picture(live), picture(await run({ ...begun, script })))).toBe(0);
  });
});

describe('a run that is given again', () => {
  it('from any of its checkpoints gives the same bytes, with shapes that come later, a locked part and another drawer', async () => {
    const kept = { bytes: new Uint8Array(await drawn('circle', 'white', 'black')), name: 'kept' };
    const more = readyDrawer(strokes, { strokes: 100 }, 1, { preview: 64, output: 96 });
    const script: LogEntry[] = [
      { step: 6, change: { lock: kept } },
      { step: 15, change: { drawer: more } },
      { step: 24, change: { lock: null } },
    ];
    const r = request(
      strokes as never,
      'a mushroom',
      { steps: 36, checkpointEvery: 5, renewals: 4, awake: 0.3, tidy: 0.02 },
      { script },
    );
    const events = await run(r);
    expect(events.filter((e) => e.type === 'compiled-again')).toEqual([{ type: 'compiled-again', step: 15 }]);
    for (const { checkpoint, script: log } of events.flatMap((e) => (e.type === 'checkpoint' ? [e] : []))) {
      const rest = await run({
        ...r,
        resume: checkpoint,
        script: [...log, ...script.filter((e) => e.step >= checkpoint.step)],
      });
      expect(Buffer.compare(picture(rest), picture(events)), `from step ${checkpoint.step}`).toBe(0);
    }
  });
});

describe('prompts', () => {
  it('bound to a region shape that region', async () => {
    /** How much redder than green the left half is. */
    const redness = async (prompt: string): Promise<number> => {
      const png = picture(await run(request(strokes as never, prompt, { steps: 120, crops: 4, frameEvery: 0 })));
      const [r, g] = (await statsOf(png, { left: 4, top: 4, width: 40, height: 88 })).channels;
      return (r?.mean ?? 0) - (g?.mean ?? 0);
    };
    const [there, elsewhere] = [
      await redness('a red heart @left | a green tree @right'),
      await redness('a green tree @left | a red heart @right'),
    ];
    expect(there).toBeGreaterThan(elsewhere + 5);
  });
  it('bound to a mask look only at what is bright in it', async () => {
    const folder = await temporaryFolder();
    const [left, right] = [join(folder, 'left.png'), join(folder, 'right.png')];
    const white = () => sharp({ create: { width: 48, height: 96, channels: 3, background: '#fff' } });
    await white().extend({ right: 48, background: '#000' }).png().toFile(left);
    await white().extend({ left: 48, background: '#000' }).png().toFile(right);
    const prompt = `a red heart @[mask:${left}] | a green tree @[mask:${right}]`;
    const png = picture(await run(request(strokes as never, prompt, { steps: 200, crops: 6, frameEvery: 0 })));
    /** How much redder than green a half is. */
    const redness = async (from: number): Promise<number> => {
      const [r, g] = (await statsOf(png, { left: from, top: 8, width: 40, height: 80 })).channels;
      return (r?.mean ?? 0) - (g?.mean ?? 0);
    };
    expect(await redness(4)).toBeGreaterThan((await redness(52)) + 20);
  });
  it('bound to a part of the run pull only then', async () => {
    const scores = cosines(
      await run(
        request(strokes as never, 'a red heart @0%-50% | a green tree @50%-100%', { steps: 120, frameEvery: 0 }),
      ),
    );
    const mean = (from: number): number => scores.slice(from, from + 8).reduce((a, b) => a + b) / 8;
    expect(mean(52)).toBeGreaterThan(mean(0) + 0.1);
    expect(mean(112)).toBeLessThan(mean(52) - 0.05);
  });
  it('stop pulling at their distance', async () => {
    const end = async (stop: string): Promise<number> =>
      cosines(await run(request(pixels as never, `a red heart:1:${stop}`, { steps: 60, frameEvery: 0 })))
        .slice(-10)
        .reduce((a, b) => a + b) / 10;
    expect(await end('0.9')).toBeLessThan((await end('0')) - 0.03);
  });
});

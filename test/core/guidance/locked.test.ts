/** What is locked stays to the byte, whatever is asked of the rest. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { GuideEvent, LogEntry } from '../../../core/guidance/protocol.ts';
import { parsePrompt, pixels, plotter, strokes } from '../../../core/index.ts';
import { guidingWith, picture, request } from '../../support/guiding.ts';
import { useEngine } from '../../support/services.ts';

const { run } = guidingWith(useEngine());

const SIDE = 96;
const LOCKED_AT = 8;

const half = async (from: number): Promise<Uint8Array> => {
  const bright = await sharp({ create: { width: SIDE / 2, height: SIDE, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  const mask = sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#000' } });
  return new Uint8Array(
    await mask
      .composite([{ input: bright, left: from, top: 0 }])
      .png()
      .toBuffer(),
  );
};
const lockOf = async (from: number): Promise<LogEntry> => ({
  step: LOCKED_AT,
  change: { lock: { bytes: await half(from), name: 'half' } },
});
const other: LogEntry = { step: LOCKED_AT, change: { prompts: parsePrompt('a green tree') } };

/** Columns of a picture, as its bytes. */
const columns = async (png: Uint8Array, left: number, width: number): Promise<Buffer> =>
  sharp(png).extract({ left, top: 0, width, height: SIDE }).raw().toBuffer();
/** As far from the border of the lock as its softness reaches. */
const SOFT = 4;
const inLeft = (png: Uint8Array): Promise<Buffer> => columns(png, 0, SIDE / 2 - SOFT);
const inRight = (png: Uint8Array): Promise<Buffer> => columns(png, SIDE / 2 + SOFT, SIDE / 2 - SOFT);

const ended: LogEntry = { step: LOCKED_AT, change: { finish: true } };
const svgless = { frameEvery: 0, renewals: 0 };

describe.each([
  ['strokes', strokes],
  ['pixels', pixels],
  ['plotter', plotter],
])('what is locked of %s', (_name, drawer) => {
  const drawn = (script: LogEntry[], settings = {}): Promise<readonly GuideEvent[]> =>
    run(request(drawer as never, 'a red heart', { steps: 24, ...svgless, ...settings }, { script }));

  it('is at the end what it was, to the byte, and the rest is not', async () => {
    const [then, now] = [picture(await drawn([ended])), picture(await drawn([await lockOf(0), other]))];
    expect(Buffer.compare(await inLeft(now), await inLeft(then))).toBe(0);
    expect(Buffer.compare(await inRight(now), await inRight(then))).not.toBe(0);
  });
  it('is so from a checkpoint on as well', async () => {
    const script = [await lockOf(0), other];
    const whole = await drawn(script, { checkpointEvery: 12 });
    const kept = whole.flatMap((e) => (e.type === 'checkpoint' ? [e] : [])).find((e) => e.checkpoint.step === 12);
    if (!kept) throw new Error('there is no checkpoint');
    const rest = await run(
      request(
        drawer as never,
        'a red heart',
        { steps: 24, ...svgless },
        { resume: kept.checkpoint, script: [...kept.script] },
      ),
    );
    expect(Buffer.compare(picture(rest), picture(whole))).toBe(0);
  });
});

describe('locks that follow each other', () => {
  it('keep what the one before kept', async () => {
    const later: LogEntry = { step: 16, change: (await lockOf(0)).change };
    const script = [await lockOf(0), other, later];
    const r = (more: LogEntry[]) =>
      request(strokes as never, 'a red heart', { steps: 24, ...svgless }, { script: more });
    const [then, now] = [picture(await run(r([ended]))), picture(await run(r(script)))];
    expect(Buffer.compare(await inLeft(now), await inLeft(then))).toBe(0);
  });
  it('give way to what is painted over them', async () => {
    const blue = await sharp({ create: { width: SIDE, height: SIDE, channels: 4, background: '#00f' } })
      .png()
      .toBuffer();
    const paint: LogEntry = { step: LOCKED_AT, change: { paint: { bytes: new Uint8Array(blue), name: 'blue' } } };
    const r = (script: LogEntry[]) => request(pixels as never, 'a red heart', { steps: 24, ...svgless }, { script });
    const [then, now] = [picture(await run(r([ended]))), picture(await run(r([await lockOf(0), paint])))];
    expect(Buffer.compare(await inLeft(now), await inLeft(then))).not.toBe(0);
  });
});

describe('an SVG', () => {
  it('has what was locked in a layer of its own', async () => {
    const events = await run(
      request(strokes as never, 'a red heart', { steps: 12, ...svgless }, { script: [await lockOf(0)] }),
    );
    const end = events.find((e) => e.type === 'picture');
    const { data, info } = await sharp(end?.type === 'picture' ? end.locked : undefined)
      .raw()
      .toBuffer({ resolveWithObject: true });
    const alpha = (x: number): number | undefined => data[4 * (10 * info.width + x) + 3];
    expect([info.channels, alpha(2), alpha(info.width - 3)]).toEqual([4, 255, 0]);
  });
});

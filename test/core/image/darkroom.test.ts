import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../../core/clip/picture.ts';
import { plainError } from '../../../core/errors.ts';
import { Darkroom } from '../../../core/image/darkroom.ts';
import { ENDLESS, HEART, job } from '../../support/drawings.ts';
import { drawn } from '../../support/pictures.ts';

const opened: Darkroom[] = [];
afterAll(() => {
  for (const room of opened) room.close();
});
function darkroom(seconds?: number): Darkroom {
  const made = new Darkroom(seconds);
  opened.push(made);
  return made;
}

const ordinary = new Map<string, { readonly bytes: Uint8Array; readonly pixels: Buffer }>();
beforeAll(async () => {
  const photo = sharp(await drawn('heart', 'red', 'skyblue')).resize(61, 47);
  const made = {
    svg: HEART,
    png: await photo.png().toBuffer(),
    tiff: await photo.tiff({ compression: 'lzw' }).toBuffer(),
    avif: await photo.avif({ quality: 60 }).toBuffer(),
  };
  for (const [kind, bytes] of Object.entries(made))
    ordinary.set(kind, { bytes, pixels: await sharp(bytes).removeAlpha().raw().toBuffer() });
});

describe('a picture that takes too long to draw', () => {
  it('is refused with how long that is, and those that were asked for at the same time come out right', async () => {
    const room = darkroom(2);
    const endless = room.image(job(ENDLESS, 'endless.svg')).catch(plainError);
    const others = await Promise.all(
      [...ordinary].flatMap(([kind, { bytes, pixels }]) =>
        [1, 2].map(async () => ({ kind, pixels, made: await room.image(job(bytes, kind)) })),
      ),
    );
    expect(await endless).toMatchObject({
      code: 'PICTURE_UNREADABLE',
      message: expect.stringMatching(/endless\.svg .*more than 2 s/),
    });
    expect(others.length).toBe(8);
    for (const { kind, pixels, made } of others)
      expect(Buffer.from((made as { data: Uint8Array }).data).equals(pixels), kind).toBe(true);
  });
  it('twice beside an ordinary one leaves the ordinary one alone', async () => {
    const room = darkroom(1);
    const asked = [job(ENDLESS, 'one'), job(ENDLESS, 'other'), job(HEART, 'heart')].map((j) =>
      room.image(j).catch(plainError),
    );
    const [one, other, heart] = await Promise.all(asked);
    expect([one, other]).toMatchObject([{ code: 'PICTURE_UNREADABLE' }, { code: 'PICTURE_UNREADABLE' }]);
    expect(heart).toMatchObject({ width: 280, height: 160 });
  });
});

describe('a picture that cannot be read', () => {
  it('says what is wrong with it, and the next one is opened', async () => {
    const room = darkroom();
    const broken = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="10"><rect');
    await expect(room.image(job(broken, 'broken.svg'))).rejects.toMatchObject({
      code: 'PICTURE_UNREADABLE',
      message: expect.stringContaining('broken.svg'),
    });
    expect(await room.image(job(HEART, 'heart.svg'))).toMatchObject({ width: 280 });
  });
});

describe('a picture that is opened elsewhere', () => {
  it.each(['svg', 'png', 'tiff', 'avif'])('has the pixels that it has when it is opened here: %s', async (kind) => {
    const { bytes, pixels } = ordinary.get(kind) ?? { bytes: Buffer.of(), pixels: Buffer.of() };
    const { width, height } = await sharp(bytes).metadata();
    const raster = await decodePicture(bytes, kind);
    expect([raster.width, raster.height]).toEqual([width, height]);
    expect(Buffer.from(raster.data).equals(pixels)).toBe(true);
  });
});

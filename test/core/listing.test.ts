/** Pictures as people keep them: odd names, links, folders that are shut, kinds that nobody expected. */
import { chmod, link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture, decodeText, listPictures, passedInWords } from '../../core/index.ts';
import { gatherPictures } from '../../server/pictures.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';

const names = (paths: readonly string[]): string[] => paths.map((p) => basename(p));

describe('a folder of pictures', () => {
  it('has those that their content makes pictures, whatever they are called', async () => {
    const folder = await temporaryFolder();
    const png = await drawn('heart', 'red');
    const jpeg = await sharp(png).jpeg().toBuffer();
    for (const [name, bytes] of Object.entries({
      'a.png': png,
      'b.jfif': jpeg,
      'c.jpe': jpeg,
      d: png,
      'e.photo': jpeg,
      'f.bmp': Buffer.from('BM and more'),
      'g.heic': Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic'), Buffer.alloc(40)]),
      'h.txt': Buffer.from('words'),
      '.hidden.png': png,
    }))
      await writeFile(join(folder, name), bytes);
    const { paths, passed } = await listPictures(folder);
    expect(names(paths)).toEqual(['a.png', 'b.jfif', 'c.jpe', 'd', 'e.photo']);
    expect(Object.fromEntries(passed)).toEqual({
      'of a kind that is not opened (BMP)': 1,
      'of a kind that is not opened (HEIF)': 1,
      'no picture': 1,
    });
    expect(passedInWords(passed)).toMatch(/^3 were passed over: /);
  });
  it('is left by its links, each once, and never in circles', async () => {
    const [folder, other] = [await temporaryFolder(), await temporaryFolder()];
    const png = await drawn('star', 'gold');
    await writeFile(join(folder, 'a.png'), png);
    await writeFile(join(other, 'far.png'), png);
    await mkdir(join(folder, 'inner'));
    await symlink(join(other, 'far.png'), join(folder, 'b.png'));
    await symlink(other, join(folder, 'elsewhere'));
    await symlink(folder, join(folder, 'inner', 'round'));
    await symlink('/nowhere/at/all.png', join(folder, 'lost.png'));
    await link(join(folder, 'a.png'), join(folder, 'z.png'));
    const { paths, passed } = await listPictures(folder);
    expect(names(paths).sort()).toEqual(['a.png', 'b.png', 'far.png', 'z.png']);
    expect(Object.fromEntries(passed)).toEqual({
      'a link to what is there already': 1,
      'a link that leads nowhere': 1,
    });
    const inside = await listPictures(folder, (real) => real.startsWith(folder));
    expect(names(inside.paths)).toEqual(['a.png', 'z.png']);
    expect(inside.passed.get('a link that leads out of what may be read')).toBe(2);
  });
  it.runIf(process.getuid?.() !== 0)('tells of folders that cannot be entered', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'shut'));
    await chmod(join(folder, 'shut'), 0);
    const { passed } = await listPictures(folder);
    await chmod(join(folder, 'shut'), 0o700);
    expect(Object.fromEntries(passed)).toEqual({ 'a folder that cannot be entered': 1 });
  });
  it('whose name is in another encoding is told of, and the others are there', async () => {
    const folder = await temporaryFolder();
    const png = await drawn('star', 'gold');
    await writeFile(
      Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xfc, 0x72]), Buffer.from('.png')]),
      png,
    );
    await writeFile(join(folder, 'fine.png'), png);
    const said: string[] = [];
    expect(await gatherPictures([folder], {}, undefined, (text) => said.push(text))).toEqual([
      { path: join(folder, 'fine.png') },
    ]);
    expect(said).toEqual([expect.stringContaining('named in another encoding than UTF-8')]);
  });
});

describe('one of several that is not there', () => {
  it('is told of, and the others are taken', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.png'), await drawn('star', 'gold'));
    const said: string[] = [];
    const found = await gatherPictures([join(folder, 'gone.png'), folder], {}, undefined, (text) => said.push(text));
    expect(found).toEqual([{ path: join(folder, 'a.png') }]);
    expect(said).toEqual([expect.stringMatching(/gone\.png does not exist.*left out/)]);
    await expect(gatherPictures([join(folder, 'gone.png')], {})).rejects.toMatchObject({ code: 'FILE_MISSING' });
  });
});

describe('a picture that cannot be opened', () => {
  const png = drawn('star', 'gold');
  it.each([
    ['that is empty', async () => Buffer.alloc(0), /^it cannot be read as a picture: it is empty;/],
    [
      'that is none',
      async () => Buffer.from('once upon a time'),
      /^it cannot be read as a picture: it is no picture; use PNG/,
    ],
    ['of a strange kind', async () => Buffer.from('BM it is'), /pictures of the kind BMP are not opened/],
    [
      'that is cut',
      async () => (await png).subarray(0, 200),
      /^it cannot be read as a picture: it is damaged \(.+\); save/,
    ],
  ] as const)('%s has its true reason', async (_what, bytes, message) => {
    await expect(decodePicture(await bytes(), 'it')).rejects.toMatchObject({
      code: 'PICTURE_UNREADABLE',
      message: expect.stringMatching(message),
    });
  });
  it('that is not there, or is a folder, is out of reach', async () => {
    const folder = await temporaryFolder();
    await expect(decodePicture(join(folder, 'gone.png'), 'gone')).rejects.toMatchObject({
      code: 'PICTURE_OUT_OF_REACH',
      message: 'gone cannot be reached: it is not there; check the path.',
    });
    await expect(decodePicture(folder, 'it')).rejects.toMatchObject({
      code: 'PICTURE_OUT_OF_REACH',
      message: expect.stringContaining('it is a folder'),
    });
  });
});

describe('text in a file', () => {
  const words = 'röd katt\nsten\n';
  it.each([
    ['UTF-8', Buffer.from(words)],
    ['UTF-8 with a mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(words)])],
    ['UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(words, 'utf16le')])],
    ['UTF-16 the other way', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(words, 'utf16le')]).swap16()],
    ['UTF-16 without a mark', Buffer.from(words, 'utf16le')],
  ])('in %s is read', (_what, bytes) => {
    expect(decodeText(bytes, 'list.txt')).toBe(words);
  });
  it.each([
    ['bytes of a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13])],
    ['letters in Latin-1', Buffer.from([0x72, 0xf6, 0x64])],
  ])('is refused by name when it is %s', (_what, bytes) => {
    expect(() => decodeText(bytes, 'list.txt')).toThrowError(
      expect.objectContaining({ code: 'TEXT_UNREADABLE', message: expect.stringContaining('list.txt') }),
    );
  });
});

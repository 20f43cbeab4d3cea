import { describe, expect, it } from 'vitest';
import { Allowance } from '../../../core/plugin/allowance.ts';

const PROMPTS = new Set(['prompt', 'story']);
const allowance = (value: unknown): Allowance => {
  const made = new Allowance('curious', false);
  made.named(value, PROMPTS);
  return made;
};
const refused = expect.objectContaining({ code: 'PLUGIN_UNASKED' });

describe('what a plugin may ask for', () => {
  it.each([
    ['a file in a field', { pictures: ['/home/me/a.png'] }, '/home/me/a.png'],
    ['what lies in a folder', { pictures: ['/home/me/pictures'] }, '/home/me/pictures'],
    ['a picture in a prompt', { prompt: 'a cat | [picture:/home/me/a.png]:2' }, '/home/me/a.png'],
    ['a style, a mask', { prompt: '[style:ink.png]:5 @[mask:left.png]' }, 'left.png'],
    ['a path with signs of the grammar', { prompt: 'a | [picture:/home/a\\:b\\]c.png]' }, '/home/a:b]c.png'],
    ['files of pulls', { pulls: 'edges[sketch.png]:4 | picks[liked/, disliked/]' }, 'disliked/'],
    ['another model', { models: ['own', 'organisation/name'] }, 'organisation/name'],
  ])('is %s', (_what, value, path) => {
    expect(() => allowance(value).check([path])).not.toThrow();
  });

  it.each([
    ['the beginning of a path', { pictures: ['/home/me/a.png'] }, ['/', '/home', '/home/me']],
    ['a part of one', { pictures: ['/home/me/a.png'] }, ['a.png', 'me', '.png', '.']],
    ['a word of a prompt', { prompt: 'black/white. etc' }, ['/', '.', 'black/white', 'etc', 'black/white. etc']],
    ['a neighbour', { pictures: ['/home/me/a.png'] }, ['/home/me/b.png', '/home/me/a.png/../b.png']],
    [
      'a way out of a folder',
      { pictures: ['/home/me/pictures'] },
      ['/home/me/pictures/../.ssh/id_rsa', '/home/me/pictures2'],
    ],
    ['nothing at all', { pictures: [''] }, ['', '/home']],
  ])('is not %s', (_what, value, paths) => {
    for (const path of paths) {
      const made = allowance(value);
      expect(() => made.check([path]), path).toThrowError(refused);
      expect(() => made.check(['/etc/passwd'])).toThrowError(refused);
    }
  });

  it('is what lies in a folder only once the folder was named', () => {
    const made = allowance({ pictures: ['/home/me/pictures'] });
    expect(() => made.check(['/home/me/pictures/cat.png'])).toThrowError(refused);
    made.check(['/home/me/pictures']);
    expect(() => made.check(['/home/me/pictures/cat.png'])).not.toThrow();
  });

  it('is what the host has handed out, and everything where that was granted', () => {
    const made = allowance({});
    made.handedOut(['/tmp/made.png']);
    expect(() => made.check(['/tmp/made.png'])).not.toThrow();
    expect(made.unknown(['/tmp/made.png', '/tmp/other.png'])).toEqual(['/tmp/other.png']);
    expect(() => new Allowance('trusted', true).check(['/etc/passwd'])).not.toThrow();
  });
});

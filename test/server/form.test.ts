/** What a form asks while it is filled in. */
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { paletteSchema, readPromptSchema } from '../../server/wire.ts';
import { type TestServer, useServer } from '../support/server.ts';

describe('a form', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await useServer();
  });
  const read = async (prompt: string) => {
    const answer = await fetch(new URL('prompt', server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt }),
    });
    return readPromptSchema.parse(await answer.json());
  };

  it('is told how a prompt is read: its parts, with their places', async () => {
    expect(await read('a red heart:2 | the sun @top-left')).toEqual({
      parts: [
        { words: 'a red heart', rest: ':2' },
        { words: 'the sun', place: { left: 0, top: 0, right: 0.6, bottom: 0.6 }, rest: '' },
      ],
    });
  });
  it.each([
    ['a fox | a moon @nowhere', 16],
    ['a fox | ', 7],
    ['a fox:1000', 5],
  ])('is told what is wrong with "%s", and at which character', async (prompt, at) => {
    expect(await read(prompt)).toMatchObject({ problem: { code: 'PROMPT_INVALID', at } });
  });
  it('is told the colours of a picture, the most frequent first', async () => {
    const picture = await sharp({ create: { width: 60, height: 60, channels: 3, background: '#204080' } })
      .composite([
        {
          input: await sharp({ create: { width: 20, height: 60, channels: 3, background: '#ffcc00' } })
            .png()
            .toBuffer(),
          left: 0,
          top: 0,
        },
      ])
      .png()
      .toBuffer();
    const answer = await fetch(new URL('palette?colours=4', server.url), {
      method: 'POST',
      body: Uint8Array.from(picture),
    });
    const { colours } = paletteSchema.parse(await answer.json());
    expect(colours.slice(0, 2)).toEqual(['#204080', '#ffcc00']);
  });
  it.each([
    ['palette', 'no picture', 422],
    ['palette?colours=1', 'x', 400],
    ['prompt', '{"prompt": 3}', 400],
  ])('%s refuses %s with a code', async (path, body, status) => {
    const answer = await fetch(new URL(path, server.url), {
      method: 'POST',
      headers: { 'content-type': path === 'prompt' ? 'application/json' : 'application/octet-stream' },
      body,
    });
    expect([answer.status, await answer.json()]).toMatchObject([status, { error: { code: expect.any(String) } }]);
  });
});

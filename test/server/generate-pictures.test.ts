import { readdir } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HostServices, loadRegistry, parsePolicy, runPlugin } from '../../core/index.ts';
import { generatePictures } from '../../server/generate-pictures.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../support/services.ts';

const engine = useEngine();

/** A server on loopback that speaks the inference client's HTTP. */
async function service(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Paints a heart for the second seed and squares for the others, and keeps what it was asked. */
async function painter(asked: { prompt: string; seed: number; token: string | undefined }[]): Promise<string> {
  const [heart, square] = [await drawn('heart', 'red'), await drawn('square', 'blue')];
  return service(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { inputs: string; parameters: { seed: number } };
    asked.push({ prompt: body.inputs, seed: body.parameters.seed, token: request.headers.authorization });
    response.setHeader('content-type', 'image/png').end(body.parameters.seed === 6 ? heart : square);
  });
}

describe('pictures from a text-to-image service', () => {
  it('are asked for with the prompt, the token and seeds that count up, and are ranked', async () => {
    const asked: { prompt: string; seed: number; token: string | undefined }[] = [];
    const endpoint = await painter(asked);
    const folder = await temporaryFolder();
    const services = {
      ...servicesOf(engine, folder),
      generate: (request: Parameters<typeof generatePictures>[0]) =>
        generatePictures(request, { folder, endpoint, token: 'hf_test' }),
    };
    const rerank = (await loadRegistry()).find('rerank');
    const events = await eventsOf(rerank, { prompt: 'a red heart | blue:-0.2', generate: 3, seed: 5 }, services);
    expect(asked).toEqual([5, 6, 7].map((seed) => ({ prompt: 'a red heart', seed, token: 'Bearer hf_test' })));
    const ranking = events.find((e) => e.type === 'ranking');
    expect(basename(ranking?.items[0]?.picture ?? '')).toBe('generated-a-red-heart-6.png');
    expect(ranking?.items).toHaveLength(3);
  });

  it('are held back by a policy before the plugin has them, and are gone', async () => {
    const asked: { prompt: string; seed: number; token: string | undefined }[] = [];
    const endpoint = await painter(asked);
    const folder = await temporaryFolder();
    const services: HostServices = {
      ...servicesOf(engine, folder),
      generate: (request) => generatePictures(request, { folder, endpoint, token: 'hf_test' }),
    };
    const rule = { id: 'hearts', title: 'Hearts', prompts: ['a red heart'], threshold: 95, action: 'block' };
    const rules = { format: 'lodestone-policy', version: 1, name: 'No hearts', rules: [rule] };
    const policy = parsePolicy(JSON.stringify(rules), 'the test');
    const rerank = (await loadRegistry()).find('rerank');
    const events = await eventsOf(rerank, { prompt: 'a shape', generate: 3, seed: 5 }, services, { policy });
    expect(asked).toHaveLength(3);
    expect(events.find((e) => e.type === 'ranking')?.items).toHaveLength(2);
    expect(events.find((e) => e.type === 'note')?.text).toMatch(/^POLICY_BLOCKED/);
    expect((await readdir(folder)).sort()).toEqual(['generated-a-shape-5.png', 'generated-a-shape-7.png']);
  });
  it('say of a wait while it lasts, as notes of the run', async () => {
    const [heart, folder] = [await drawn('heart', 'red'), await temporaryFolder()];
    let asked = 0;
    const endpoint = await service((_q, r) => {
      asked += 1;
      if (asked === 1) r.writeHead(429, { 'retry-after': '2', 'content-type': 'application/json' }).end('{}');
      else r.writeHead(200, { 'content-type': 'image/png', 'x-compute-time': '1.5' }).end(heart);
    });
    const services: HostServices = {
      ...servicesOf(engine, folder),
      generate: (request, signal, say) =>
        generatePictures(request, { folder, endpoint, token: 'hf_test', signal, say }),
    };
    const rerank = (await loadRegistry()).find('rerank');
    const notes: string[] = [];
    for await (const event of runPlugin(rerank, { prompt: 'a red heart', generate: 1 }, services).events)
      if (event.type === 'note') notes.push(`after ${asked}: ${event.text}`);
    expect(notes).toEqual([
      expect.stringMatching(/^after 1: .* answered 429; asking again in 2\.0 s/),
      expect.stringMatching(/^after 2: 1 picture came from .*1\.5 s of computing/),
    ]);
  });

  it.each([
    [401, 'the token is wrong', 1],
    [429, 'too many requests', 4],
    [503, 'the model is loading', 4],
  ])('that keeps answering %i is a coded error with its words', async (status, words, tries) => {
    let asked = 0;
    const endpoint = await service((_q, r) => {
      asked += 1;
      r.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: words }));
    });
    const request = { prompt: 'a', count: 1, model: 'some/model', seed: 1 };
    const place = { folder: await temporaryFolder(), endpoint, token: 'hf_test', patience: 5 };
    const failing = generatePictures(request, place).finally(() => expect(asked).toBe(tries));
    await expect(failing).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      message: expect.stringContaining('some/model'),
    });
  });

  it('that is busy is asked again after the wait that it names, and says what is left', async () => {
    const heart = await drawn('heart', 'red');
    const times: number[] = [];
    const said: string[] = [];
    const endpoint = await service((_q, r) => {
      times.push(performance.now());
      if (times.length === 1) r.writeHead(429, { 'retry-after': '1', 'content-type': 'application/json' }).end('{}');
      else if (times.length === 2) r.writeHead(502).end('bad gateway');
      else r.writeHead(200, { 'content-type': 'image/png', 'x-ratelimit-remaining': '7' }).end(heart);
    });
    const request = { prompt: 'a', count: 1, model: 'some/model', seed: 1 };
    const place = { folder: await temporaryFolder(), endpoint, token: 'hf_test', patience: 5 };
    const found = await generatePictures(request, { ...place, say: (line) => void said.push(line) });
    expect(found).toHaveLength(1);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(950);
    expect(said.join('\n')).toMatch(/answered 429.*1\.0 s[\s\S]*answered 502[\s\S]*allows 7 more/);
  });
  it('that breaks off, or is slow when it is cancelled, leaves no file', async () => {
    const cut = await service((_q, r) => {
      r.writeHead(200, { 'content-type': 'image/png', 'content-length': '5000' }).write('half');
      setTimeout(() => r.destroy(), 20);
    });
    const folder = join(await temporaryFolder(), 'out');
    const request = { prompt: 'a', count: 1, model: 'some/model', seed: 1 };
    await expect(generatePictures(request, { folder, endpoint: cut, token: 'hf_test' })).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
    });
    const slow = await service(() => undefined);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    await expect(
      generatePictures(request, { folder, endpoint: slow, token: 'hf_test', signal: abort.signal }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    const { existsSync } = await import('node:fs');
    expect(existsSync(folder)).toBe(false);
  });
  it('that sends something else than a picture leaves no file', async () => {
    const endpoint = await service((_q, r) => r.setHeader('content-type', 'image/png').end('not a picture'));
    const folder = join(await temporaryFolder(), 'out');
    const request = { prompt: 'a', count: 1, model: 'some/model', seed: 1 };
    await expect(generatePictures(request, { folder, endpoint, token: 'hf_test' })).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
    });
    const { existsSync } = await import('node:fs');
    expect(existsSync(folder)).toBe(false);
  });
});

/** The port of the studio, and the proxies of who is behind one. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EMBEDDED } from '../../core/index.ts';
import { lodestone } from '../support/command-line.ts';
import { startHub } from '../support/hub.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { useServer } from '../support/server.ts';

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('a port that is taken', () => {
  it('gives way to the next one, and that is where the studio is', async () => {
    const port = await listening(createServer());
    const server = await useServer({ port });
    expect(server.port).toBeGreaterThan(port);
    expect(server.port).toBeLessThanOrEqual(port + 20);
    expect((await fetch(new URL('/health', server.url))).status).toBe(200);
  });
  it.each(['abc', '70000', '-1', '1.5'])(
    'that is none, %s of the environment, is refused before anything is begun',
    async (port) => {
      const env = { PORT: port, LODESTONE_DATA: join(await temporaryFolder(), 'data') };
      const { code, out } = await lodestone(['start', '--json'], '.', undefined, env);
      expect([code, JSON.parse(out).error.code]).toEqual([2, 'USAGE']);
    },
  );
});

describe('a proxy of the environment', () => {
  it('is what a model is fetched through, but for those that are left out', async () => {
    const hub = await startHub(EMBEDDED);
    onTestFinished(() => hub.close());
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', ({ url = '' }, socket) => {
      asked.push(url);
      const [host, port] = url.split(':');
      const there = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        there.pipe(socket).pipe(there);
      });
      for (const end of [there, socket]) end.on('error', () => undefined);
    });
    const env = {
      HTTP_PROXY: `http://127.0.0.1:${await listening(proxy)}`,
      HF_ENDPOINT: hub.url,
      HF_HOME: await temporaryFolder(),
      HF_HUB_CACHE: await temporaryFolder(),
    };
    const info = ['model', 'info', 'someone/clip', '--json'];
    const through = await lodestone(info, '.', undefined, env);
    expect(through, through.err).toMatchObject({ code: 0 });
    // Its files lie on another host of its own.
    expect(asked).toContain(new URL(hub.url).host);
    expect(asked.some((host) => host.startsWith('localhost:'))).toBe(true);
    const before = asked.length;
    const around = { ...env, NO_PROXY: '127.0.0.1,localhost', HF_HUB_CACHE: await temporaryFolder() };
    expect(await lodestone(info, '.', undefined, around)).toMatchObject({ code: 0 });
    expect(asked).toHaveLength(before);
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchPicture, isPublicAddress } from '../../server/fetch-picture.ts';
import { drawn } from '../support/pictures.ts';

async function served(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler as never).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
/** Lets the test reach its own server and nothing else. */
const here = (address: string): boolean => address === '127.0.0.1';

describe('an address that is fetched', () => {
  it.each([
    'http://127.0.0.1/',
    'http://localhost:80/',
    'http://10.1.2.3/',
    'http://192.168.0.1/',
    'http://172.16.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/',
    'http://[fd00::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://0.0.0.0/',
    'http://2130706433/',
    'http://0x7f.1/',
  ])('may not be private: %s', async (address) => {
    await expect(fetchPicture(address)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  });
  it.each(['file:///etc/passwd', 'ftp://example.com/a.png', 'http://user:pass@example.com/'])(
    'may not be %s',
    async (address) => {
      await expect(fetchPicture(address)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
    },
  );
  it('may not lead on to a private one', async () => {
    const address = await served((_q, r) => r.writeHead(302, { location: 'http://10.0.0.1/secret.png' }).end());
    await expect(fetchPicture(address, { permits: here })).rejects.toMatchObject({
      code: 'ADDRESS_REFUSED',
      message: expect.stringContaining('10.0.0.1'),
    });
  });
  it('gives its picture, over a redirect', async () => {
    const bytes = await drawn('star', 'gold');
    const address = await served((q, r) =>
      q.url === '/a' ? r.writeHead(302, { location: '/b' }).end() : r.end(bytes),
    );
    expect(Buffer.compare(await fetchPicture(`${address}/a`, { permits: here }), bytes)).toBe(0);
  });
  it('that answers with an error, or in circles, is a coded error', async () => {
    const missing = await served((_q, r) => r.writeHead(404).end());
    await expect(fetchPicture(missing, { permits: here })).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      message: expect.stringContaining('404'),
    });
    const circle = await served((_q, r) => r.writeHead(302, { location: '/' }).end());
    await expect(fetchPicture(circle, { permits: here })).rejects.toMatchObject({ code: 'SERVICE_FAILED' });
  });
});

it('addresses of the public internet are told from all others', () => {
  expect(['93.184.216.34', '2606:2800:220:1::1'].map(isPublicAddress)).toEqual([true, true]);
  expect(
    ['100.64.0.1', '198.18.0.1', '224.0.0.1', '64:ff9b::7f00:1', 'fe80::1', 'nonsense'].map(isPublicAddress),
  ).toEqual([false, false, false, false, false, false]);
});

/** Requests with headers and bodies that no browser would let a page choose. */
import { type IncomingHttpHeaders, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { text } from 'node:stream/consumers';
import pino, { type Logger } from 'pino';

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
type Asking = Pick<RequestOptions, 'method' | 'headers' | 'localAddress'> & { readonly body?: string | Uint8Array };

const got = async (response: IncomingMessage): Promise<Got> => ({
  status: response.statusCode ?? 0,
  headers: response.headers,
  body: await text(response),
});

/** The path goes out as it is written. */
export function ask(origin: string, path: string, { body, ...options }: Asking = {}): Promise<Got> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, agent: false, ...options }, (response) => got(response).then(resolve, reject))
      .once('error', reject)
      .end(body);
  });
}

/** Asks for a WebSocket; one that opens is closed again. */
export function upgrade(origin: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
  const { hostname, port } = new URL(origin);
  const wanted = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    ...headers,
  };
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, agent: false, headers: wanted }, (response) => got(response).then(resolve, reject))
      .once('upgrade', (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '' });
      })
      .once('error', reject)
      .end();
  });
}

/** The code of an error that was answered. */
export const codeIn = ({ body }: Got): string => (JSON.parse(body) as { error: { code: string } }).error.code;

const POLLING = '/socket.io/?EIO=4&transport=polling';

/** An honest session of socket.io by polling: the address that belongs to it. */
export async function pollingSession(origin: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const opened = await ask(origin, POLLING, { headers });
  const { sid } = JSON.parse(opened.body.slice(1)) as { sid: string };
  return `${POLLING}&sid=${sid}`;
}

/** A logger whose lines a test can look at. */
export function lines(): { readonly logger: Logger; readonly logged: string[] } {
  const logged: string[] = [];
  return { logged, logger: pino({ level: 'debug' }, { write: (line: string) => logged.push(line) }) };
}

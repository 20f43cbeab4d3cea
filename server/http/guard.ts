/** Who may talk to the server: pages of its own origin, by its own name, and off loopback only with the token. Every request and every upgrade passes here. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { failure, LodestoneError, plainError } from '../../core/index.ts';
import { cookieOf } from './cookies.ts';
import { Slowness } from './slowness.ts';
import { httpStatusOf } from './status.ts';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1', '[::1]']);
export const isLoopback = (host: string): boolean => LOOPBACK.has(host.toLowerCase());

export interface GuardOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** Wanted from everybody when set. */
  readonly token?: string;
  readonly logger: Logger;
}

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};
const HEADER_LINES = Object.entries(HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const SOCKETS = '/socket.io/';
const PAGE_PATHS = new Set(['/', '/index.html']);
const YEAR_S = 365 * 24 * 3600;

const nameOf = (hostHeader: string): string => hostHeader.replace(/:\d+$/, '');
const urlOf = (request: IncomingMessage): URL | undefined => {
  try {
    return new URL(request.url ?? '/', 'http://any');
  } catch {
    return undefined;
  }
};

/** As it was sent: socket.io looks at that, dots and all. */
const rawPath = (request: IncomingMessage): string => (request.url ?? '/').split('?')[0] ?? '/';

/** Cookies know no ports: two studios on one host have cookies of two names. */
const cookieName = (request: IncomingMessage): string => `lodestone-${request.socket.localPort ?? 0}`;

function sameToken(given: string | null | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Following a link to the studio is welcome; what a foreign page loads, runs or sends is not. */
function isForeign(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  const follows = request.headers['sec-fetch-mode'] === 'navigate' && request.headers['sec-fetch-dest'] === 'document';
  return !(follows && request.method === 'GET' && PAGE_PATHS.has(rawPath(request)));
}

/** Throws ORIGIN_REFUSED, MESSAGE_INVALID. */
function checkOrigin(request: IncomingMessage, host: string): void {
  const asked = request.headers.host ?? '';
  // A foreign name that resolves to loopback (DNS rebinding) arrives with that name.
  if (isLoopback(host) && !isLoopback(nameOf(asked))) throw failure('ORIGIN_REFUSED', { origin: `the name ${asked}` });
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${asked}` && origin !== `https://${asked}`)
    throw failure('ORIGIN_REFUSED', { origin });
  if (isForeign(request)) throw failure('ORIGIN_REFUSED', { origin: 'another page' });
  const url = urlOf(request);
  if (!url) throw failure('MESSAGE_INVALID', { event: 'request', what: 'its address cannot be read' });
  // A script tag sends no origin and runs what it is answered: there is no such transport here.
  if ((request.url ?? '').startsWith('/socket.io') && url.searchParams.has('j'))
    throw failure('MESSAGE_INVALID', { event: 'request', what: 'JSONP is not spoken here' });
}

/** What watches over processes asks these, and learns from them whether this one answers and nothing else. */
const PROBES = new Set(['/health/live', '/health/ready']);

/** Checks all requests and upgrades of a server before anybody else sees them; to be called when all listeners are there. */
export function guardServer(http: Server, { host, token, logger }: GuardOptions): void {
  const slowness = new Slowness();
  const admitted = async (request: IncomingMessage): Promise<void> => {
    checkOrigin(request, host);
    if (token === undefined || PROBES.has(urlOf(request)?.pathname ?? '')) return;
    const [cookie, query] = [cookieOf(request, cookieName(request)), urlOf(request)?.searchParams.get('token')];
    if (cookie === undefined && (query === undefined || query === null)) throw failure('TOKEN_REFUSED', {});
    const from = request.socket.remoteAddress ?? '';
    await slowness.turn(from);
    if (sameToken(cookie, token) || sameToken(query, token)) return;
    slowness.failed(from);
    throw failure('TOKEN_REFUSED', {});
  };
  const refused = (request: IncomingMessage, thrown: unknown): { status: number; body: string } => {
    const error = plainError(thrown);
    const path = urlOf(request)?.pathname ?? '';
    logger.warn({ code: error.code, from: request.socket.remoteAddress, path }, error.message);
    return { status: httpStatusOf(error.code), body: JSON.stringify({ error }) };
  };

  const answering = http.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]; // what node calls them with
  http.removeAllListeners('request');
  http.on('request', (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    void admitted(request).then(
      () => {
        if (token !== undefined && takesToken(request, response, token)) return;
        for (const listener of answering) listener.call(http, request, response);
      },
      (thrown: unknown) => {
        const { status, body } = refused(request, thrown);
        response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
      },
    );
  });

  const upgrading = http.listeners('upgrade') as ((r: IncomingMessage, socket: Duplex, head: Buffer) => void)[]; // as above
  http.removeAllListeners('upgrade');
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    void admitted(request).then(
      () => {
        if (upgrading.length === 0 || !request.url?.startsWith(SOCKETS)) socket.destroy();
        for (const listener of upgrading) listener.call(http, request, socket, head);
      },
      (thrown: unknown) => {
        const { status, body } = refused(request, thrown);
        socket.end(
          `HTTP/1.1 ${status} Refused\r\n${HEADER_LINES}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
        );
      },
    );
  });
}

/** A token in the address becomes a cookie, and a page is asked for again without it, so that it stays in no history. Returns whether that was the answer. */
function takesToken(request: IncomingMessage, response: ServerResponse, token: string): boolean {
  const url = urlOf(request);
  if (!url || !sameToken(url.searchParams.get('token'), token)) return false;
  response.setHeader(
    'set-cookie',
    `${cookieName(request)}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${YEAR_S}`,
  );
  const isPage = PAGE_PATHS.has(url.pathname) || (request.headers.accept ?? '').includes('text/html');
  if (request.method !== 'GET' || !isPage) return false;
  url.searchParams.delete('token');
  // One slash at its beginning: two would lead to another host.
  const location = `${url.pathname.replace(/^\/+/, '/')}${url.search}`;
  response.writeHead(303, { location, 'cache-control': 'no-store' }).end();
  return true;
}

/** Tokens go into a cookie and an address as they are. */
export function checkedToken(token: string): string {
  if (/^[\w.~+/=-]{4,200}$/.test(token)) return token;
  throw new LodestoneError(
    'USAGE',
    'The token must have 4 to 200 letters, digits or any of . _ ~ + / = -, since it goes into an address.',
  );
}

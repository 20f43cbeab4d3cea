/** Who may talk to the server: pages of its own origin, by its own name, and off loopback only with the token. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { failure } from '../../core/index.ts';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1', '[::1]']);
export const isLoopback = (host: string): boolean => LOOPBACK.has(host);

export interface GuardOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** Wanted from everybody when set. */
  readonly token?: string;
}

export const TOKEN_COOKIE = 'lodestone';

const nameOf = (hostHeader: string): string => hostHeader.replace(/:\d+$/, '');

function cookieOf(request: IncomingMessage): string | undefined {
  return request.headers.cookie
    ?.split(';')
    .map((c) => c.trim().split('='))
    .find(([name]) => name === TOKEN_COOKIE)?.[1];
}

export function sameToken(given: string | null | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Throws ORIGIN_REFUSED, TOKEN_REFUSED. */
export function guard(request: IncomingMessage, { host, token }: GuardOptions): void {
  const asked = request.headers.host ?? '';
  // A foreign name that resolves to loopback (DNS rebinding) arrives with that name.
  if (isLoopback(host) && !isLoopback(nameOf(asked))) throw failure('ORIGIN_REFUSED', { origin: `the name ${asked}` });
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${asked}` && origin !== `https://${asked}`)
    throw failure('ORIGIN_REFUSED', { origin });
  if (token === undefined) return;
  const query = new URL(request.url ?? '/', 'http://any').searchParams.get('token');
  if (!sameToken(cookieOf(request), token) && !sameToken(query, token)) throw failure('TOKEN_REFUSED', {});
}

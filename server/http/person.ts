/** People are told apart by a cookie with a number that says nothing of them: whose turn it is, and how much one has waiting, goes by it. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { cookieOf } from './cookies.ts';

const YEAR_S = 365 * 24 * 3600;
const PERSON = /^[0-9a-f-]{36}$/;
const nameAt = (request: IncomingMessage): string => `lodestone-person-${request.socket.localPort ?? 0}`;

/** Nothing for programs and pages that bring no such cookie: they are one person together. */
export function personOf(request: IncomingMessage): string {
  const found = cookieOf(request, nameAt(request)) ?? '';
  return PERSON.test(found) ? found : '';
}

/** Gives who comes for the first time a number. */
export const numbered: RequestHandler = (request, response, next) => {
  if (request.method === 'GET' && (request.path === '/' || request.path === '/index.html') && personOf(request) === '')
    response.append(
      'set-cookie',
      `${nameAt(request)}=${randomUUID()}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${YEAR_S}`,
    );
  next();
};

/** The cookies of a request. */
import type { IncomingMessage } from 'node:http';

export const cookieOf = (request: IncomingMessage, wanted: string): string | undefined =>
  request.headers.cookie
    ?.split(';')
    .map((c) => c.trim().split('='))
    .find(([name]) => name === wanted)?.[1];

/** Fetches a picture from an address that somebody typed: public addresses only, checked at the moment of connecting, bounded in size, time and redirects. */
import { lookup as resolve } from 'node:dns';
import { get as httpGet, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as httpsGet } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { deadline, failure, LodestoneError, messageOf } from '../core/index.ts';

const SIZE_LIMIT = 64 << 20;
const REDIRECTS = 5;
const TIMEOUT_MS = 20_000;

/** Whether an address belongs to the public internet: not loopback, private, link-local, multicast or reserved, nor one of those in IPv6 clothes. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  // Of IPv6, only what was given out as global (2000::/3, IANA); ::7f00:1, say, is an old way to write 127.0.0.1.
  return parsed.kind() === 'ipv4' || ((parsed.toByteArray()[0] ?? 0) & 0xe0) === 0x20;
}

export interface FetchOptions {
  readonly signal?: AbortSignal;
  /** Which addresses may be connected to; public ones unless told otherwise. */
  readonly permits?: (address: string) => boolean;
}

function once(url: URL, permits: (address: string) => boolean, signal: AbortSignal): Promise<IncomingMessage> {
  const refuse = (what: string): LodestoneError => failure('ADDRESS_REFUSED', { address: url.href, what });
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('only http and https addresses are');
  if (url.username || url.password) throw refuse('it carries a name or a password');
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) && !permits(literal)) throw refuse('it is not an address of the public internet');
  const lookup: LookupFunction = (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const bad = found.find((a) => !permits(a.address));
      if (bad)
        return callback(refuse(`it leads to ${bad.address}, which is not an address of the public internet`), []);
      const [first] = found;
      return options.all ? callback(null, found) : callback(null, first?.address ?? '', first?.family);
    });
  };
  const options: RequestOptions = { lookup, signal, headers: { accept: 'image/*' } };
  return new Promise((settle, reject) => {
    (url.protocol === 'https:' ? httpsGet : httpGet)(url, options, settle).once('error', reject);
  });
}

/** The picture's bytes. Throws ADDRESS_REFUSED, SERVICE_FAILED, PICTURE_TOO_LARGE. */
export async function fetchPicture(
  address: string,
  { signal, permits = isPublicAddress }: FetchOptions = {},
): Promise<Uint8Array> {
  const limit = deadline(TIMEOUT_MS, `it took more than ${TIMEOUT_MS / 1000} s`, signal);
  try {
    let url = new URL(address);
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      const response = await once(url, permits, limit.signal);
      const { statusCode = 0, headers } = response;
      if (statusCode >= 300 && statusCode < 400 && headers.location) {
        response.destroy();
        url = new URL(headers.location, url);
        continue;
      }
      if (statusCode !== 200) {
        response.destroy();
        throw new Error(`it answered ${statusCode}`);
      }
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > SIZE_LIMIT)
          throw failure('PICTURE_TOO_LARGE', { picture: address, limit: `${SIZE_LIMIT >> 20} MiB` });
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    }
    throw new Error(`it redirects more than ${REDIRECTS} times`);
  } catch (cause) {
    if (cause instanceof LodestoneError) throw cause;
    throw failure('SERVICE_FAILED', { service: address, what: messageOf(limit.signal.reason ?? cause) }, cause);
  } finally {
    limit.clear();
  }
}

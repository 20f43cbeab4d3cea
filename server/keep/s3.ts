/** A shelf in a store that speaks S3. Where it is and who may use it is said as to every program of that kind: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { RequestHandler } from 'express';
import { failure, messageOf } from '../../core/index.ts';
import { type Keep, type Kept, type Shelf, sha256Of } from './shelf.ts';

const NAME = /^[^/\\\0.][^/\\\0]{0,250}$/;
/** For a day: what has a name does not change, but for being drawn again to the same bytes. */
const CACHED = 'private, max-age=86400';

/** `s3://BUCKET/PREFIX`. Throws USAGE. */
export function s3Keep(address: string): Keep {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(address) ?? [];
  if (!bucket)
    throw failure('USAGE', { what: `"${address}" is no place for pictures: s3://BUCKET or s3://BUCKET/PREFIX` });
  const endpoint = process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  const client = new S3Client({
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    region: process.env['AWS_REGION'] ?? 'us-east-1',
    // Stores of other makers do not know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const base = prefix.replace(/\/+$/, '');
  const shelf = (kind: string): Shelf => new S3Shelf(client, bucket, `${base ? `${base}/` : ''}${kind}/`);
  return { gallery: shelf('gallery'), reports: shelf('reports') };
}

class S3Shelf implements Shelf {
  readonly place: string;
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;

  constructor(client: S3Client, bucket: string, prefix: string) {
    this.client = client;
    this.bucket = bucket;
    this.prefix = prefix;
    this.place = `s3://${bucket}/${prefix}`;
  }

  async put(name: string, bytes: Uint8Array, mime: string): Promise<void> {
    const sha256 = sha256Of(bytes);
    try {
      const known = await this.client.send(new HeadObjectCommand(this.at(name))).catch(() => undefined);
      if (known?.Metadata?.['sha256'] === sha256) return;
      const written = { Body: bytes, ContentType: mime, Metadata: { sha256 } };
      await this.client.send(new PutObjectCommand({ ...this.at(name), ...written }));
    } catch (cause) {
      throw failure('FILE_WRITE', { path: `${this.place}${name}`, what: messageOf(cause) }, cause);
    }
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return (await this.found(name))?.bytes;
  }

  async list(): Promise<Kept[]> {
    const all: Kept[] = [];
    let from: string | undefined;
    do {
      const page = await this.tried(this.place, () =>
        this.client.send(
          new ListObjectsV2Command({
            Bucket: this.bucket,
            Prefix: this.prefix,
            ...(from === undefined ? {} : { ContinuationToken: from }),
          }),
        ),
      );
      for (const { Key = '', LastModified, Size = 0 } of page.Contents ?? [])
        all.push({ name: Key.slice(this.prefix.length), at: LastModified?.getTime() ?? 0, size: Size });
      from = page.NextContinuationToken;
    } while (from !== undefined);
    return all.filter(({ name }) => NAME.test(name));
  }

  async remove(name: string): Promise<void> {
    await this.tried(`${this.place}${name}`, () => this.client.send(new DeleteObjectCommand(this.at(name))));
  }

  serve(headers: Readonly<Record<string, string>>): RequestHandler {
    return async (request, response, next) => {
      const name = decoded(request.path);
      const found = name === undefined || request.method !== 'GET' ? undefined : await this.found(name);
      if (!found) return next();
      response.set({ ...headers, 'cache-control': CACHED, etag: found.etag, 'content-type': found.mime });
      if (request.fresh) response.status(304).end();
      else response.send(Buffer.from(found.bytes));
    };
  }

  private async found(name: string): Promise<{ bytes: Uint8Array; mime: string; etag: string } | undefined> {
    return this.tried(`${this.place}${name}`, async () => {
      try {
        const { Body, ContentType, ETag } = await this.client.send(new GetObjectCommand(this.at(name)));
        const bytes = await Body?.transformToByteArray();
        return (
          bytes && { bytes, mime: ContentType ?? 'application/octet-stream', etag: ETag ?? `"${sha256Of(bytes)}"` }
        );
      } catch (thrown) {
        if (thrown instanceof Error && thrown.name === 'NoSuchKey') return undefined;
        throw thrown;
      }
    });
  }

  private at(name: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.bucket, Key: `${this.prefix}${name}` };
  }

  private async tried<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw failure('STORE_UNREACHABLE', { place: path, what: messageOf(cause) }, cause);
    }
  }
}

function decoded(path: string): string | undefined {
  try {
    const name = decodeURIComponent(path.slice(1));
    return NAME.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

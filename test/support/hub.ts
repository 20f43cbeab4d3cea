/** A local server that speaks the hub's protocol: model info, file trees, and files behind a redirect with ranges and ETags. It can be told to misbehave. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface Hub {
  readonly url: string;
  /** Paths that were asked for, in order, with the Range header where there was one. */
  readonly asked: {
    readonly path: string;
    readonly range: string | undefined;
    readonly authorization: string | undefined;
  }[];
  /** What goes wrong from now on; the answer that it gives is sent instead of the proper one. */
  misbehave: (path: string, response: ServerResponse) => boolean;
  /** Bytes of a file after which its connection is cut, once each. */
  readonly cuts: Map<string, number>;
  commit: string;
  readonly files: Map<string, Buffer>;
  close(): Promise<void>;
}

const sha256 = (b: Buffer): string => createHash('sha256').update(b).digest('hex');
const gitSha = (b: Buffer): string => createHash('sha1').update(`blob ${b.length}\0`).update(b).digest('hex');
/** The hub keeps large files apart and lists their SHA-256. */
const isLarge = (path: string): boolean => /\.onnx|\.data|\.bin/.test(path);

export async function startHub(
  folder: string,
  { repository = 'someone/clip', token }: { repository?: string; token?: string } = {},
): Promise<Hub> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((n) => n.replaceAll('\\', '/'));
  const files = new Map<string, Buffer>();
  for (const name of names) {
    try {
      files.set(name, readFileSync(join(folder, name)));
    } catch {
      // A folder.
    }
  }
  const hub: Partial<Hub> & Pick<Hub, 'asked' | 'cuts' | 'files'> = { asked: [], cuts: new Map(), files };
  const send = (request: IncomingMessage, response: ServerResponse, path: string): void => {
    const body = files.get(path);
    if (!body) {
      response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' }).end();
      return;
    }
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from >= body.length && from > 0) {
      response.writeHead(416).end();
      return;
    }
    const headers = {
      ETag: `"${isLarge(path) ? sha256(body) : gitSha(body)}"`,
      'Accept-Ranges': 'bytes',
      'Content-Length': body.length - from,
    };
    const cut = hub.cuts.get(path);
    response.writeHead(
      from > 0 ? 206 : 200,
      from > 0 ? { ...headers, 'Content-Range': `bytes ${from}-${body.length - 1}/${body.length}` } : headers,
    );
    if (cut === undefined) {
      response.end(body.subarray(from));
      return;
    }
    hub.cuts.delete(path);
    response.write(body.subarray(from, from + cut), () => setTimeout(() => response.destroy(), 50));
  };
  const json = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };
  // Contents live on another host, as on the hub: a token must not follow the redirect there.
  const content = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').slice(1));
    hub.asked.push({
      path: `content:${path}`,
      range: request.headers.range,
      authorization: request.headers.authorization,
    });
    send(request, response, path);
  });
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://hub');
    const path = decodeURIComponent(url.pathname);
    hub.asked.push({ path, range: request.headers.range, authorization: request.headers.authorization });
    if (hub.misbehave?.(path, response)) return;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return json(response, 401, { error: 'Invalid username or password.' });
    if (path.startsWith(`/api/models/${repository}/revision/`)) {
      const revision = path.split('/revision/')[1];
      if (revision !== 'main' && revision !== 'v2' && revision !== hub.commit)
        return json(response, 404, { error: 'Invalid rev id' });
      return json(response, 200, {
        _id: 'x',
        id: repository,
        sha: hub.commit,
        private: false,
        downloads: 0,
        likes: 0,
        gated: false,
        lastModified: '2026-01-01T00:00:00Z',
      });
    }
    if (path.startsWith(`/api/models/${repository}/tree/`)) {
      const entries = [...files].map(([name, body]) => ({
        type: 'file',
        path: name,
        size: body.length,
        oid: gitSha(body),
        ...(isLarge(name) ? { lfs: { oid: sha256(body), size: body.length, pointerSize: 134 } } : {}),
      }));
      return json(response, 200, entries);
    }
    const prefix = `/${repository}/resolve/${hub.commit}/`;
    if (!path.startsWith(prefix)) return json(response, 404, { error: 'Repository not found' });
    const name = path.slice(prefix.length);
    if (!isLarge(name)) return send(request, response, name);
    response
      .writeHead(302, {
        Location: `http://localhost:${(content.address() as AddressInfo).port}/${encodeURIComponent(name)}`,
      })
      .end();
  });
  await Promise.all(
    [server, content].map(
      (s) => new Promise<void>((done) => s.listen(0, s === content ? 'localhost' : '127.0.0.1', done)),
    ),
  );
  return Object.assign(hub, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    misbehave: () => false,
    commit: 'c'.repeat(40),
    close: async () => {
      for (const s of [server, content]) {
        s.closeAllConnections();
        await new Promise((done) => s.close(done));
      }
    },
  }) satisfies Hub;
}

/** Child processes with a message port: how they are started, watched and ended. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf } from '../errors.ts';
import { MIB } from '../schemas.ts';
import { encoded, FrameReader } from './frames.ts';
import { guard } from './guardian.ts';
import type { Port } from './rpc.ts';
import { yieldAs, yieldsToo } from './yielding.ts';

const LINGER_MS = 1000;
const PLAIN = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'LANG', 'SystemRoot'];
/** The descriptor that messages come and go through, beside the standard three. */
const CHANNEL = 3;
/** The largest message of our own processes; what a plugin may send is less. */
const MESSAGE_LIMIT = 1024 * MIB;

export interface ChildOptions {
  /** Limit on the JavaScript heap, in MiB. */
  readonly heap?: number;
  readonly args?: readonly string[];
  /** More flags for Node. */
  readonly flags?: readonly string[];
  /** Starts with an environment that holds no secrets: only what Node itself needs. */
  readonly bare?: boolean;
  /** The largest message that is taken from it, in bytes. */
  readonly messages?: number;
  /** Whether whatever else wants a core, people who watch say, gets it first. */
  readonly yields?: boolean;
  /** Told what it prints, line by line; it goes to standard error when absent. */
  readonly prints?: (line: string) => void;
}

export interface Child {
  readonly port: Port;
  readonly pid: number | undefined;
  /** Ends the process at once, whatever it is doing, and all that it has started. */
  kill(): void;
  /** Settles when the process has ended. */
  readonly ended: Promise<void>;
  /** Whether this process waits for it. */
  ref(): void;
  unref(): void;
}

const ROOT = new URL('../../', import.meta.url);

/**
 * The address of a module beside `from` that a child can run: always JavaScript. Where the sources run as they are, in the tests, it is what was
 * built of them, which starts in a third of the time.
 */
export function entryBeside(from: string, name: string): URL {
  if (!from.endsWith('.ts')) return new URL(`./${name}.js`, from);
  const source = new URL(`./${name}.ts`, from);
  const built = new URL(`dist/${source.href.slice(ROOT.href.length).replace(/\.ts$/, '.js')}`, ROOT);
  return existsSync(built) ? built : source;
}

/** Children lead groups of their own: what a terminal sends to its foreground does not reach them, and they are ended with what they started. */
const GROUPED = process.platform !== 'win32';

export function startChild(
  entry: URL,
  { heap, args = [], flags = [], bare = false, messages = MESSAGE_LIMIT, prints, yields = false }: ChildOptions = {},
): Child {
  const loader = entry.pathname.endsWith('.ts')
    ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
    : [];
  const options = [...loader, ...flags, ...(heap ? [`--max-old-space-size=${heap}`] : [])];
  const process_ = spawn(process.execPath, [...options, fileURLToPath(entry), ...args], {
    // Standard output belongs to the command: what a child prints goes to standard error.
    stdio: prints ? ['ignore', 'pipe', 'pipe', 'pipe'] : ['ignore', 2, 2, 'pipe'],
    detached: GROUPED,
    ...(bare ? { env: Object.fromEntries(PLAIN.map((name) => [name, process.env[name]])) } : {}),
  });
  const { pid } = process_;
  if (GROUPED && pid !== undefined) {
    if (yields) yieldAs(pid);
    else yieldsToo(pid);
  }
  if (prints) for (const stream of [process_.stdout, process_.stderr]) if (stream) tellLines(stream, prints);
  const release = GROUPED && pid !== undefined ? guard(pid) : () => undefined;
  const kill = (): void => {
    try {
      if (GROUPED && pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // The group has ended already.
    }
    process_.kill('SIGKILL');
  };
  const channel = process_.stdio[CHANNEL] as Duplex; // asked for as a pipe
  const closed: ((why: string) => void)[] = [];
  const tell = (why: string): void => {
    for (const listener of closed.splice(0)) listener(why);
  };
  const port = portOver(channel, messages, (why) => {
    tell(why);
    kill();
  });
  const ended = new Promise<void>((resolve) => {
    process_.once('exit', (code, signal) => {
      release();
      tell(signal ? `it was ended by ${signal}` : `it ended with code ${code}`);
      resolve();
    });
    process_.once('error', (error) => {
      tell(error.message);
      resolve();
    });
  });
  // The exit that closes a channel tells more, and comes a moment later.
  channel.once('close', () => setTimeout(tell, LINGER_MS, 'its channel closed').unref());
  const held = (waits: 'ref' | 'unref') => (): void => {
    process_[waits]();
    // A pipe to a child is a socket.
    (channel as Socket)[waits]();
  };
  return {
    port: { ...port, onClose: (listener) => closed.push(listener) },
    pid,
    kill,
    ended,
    ref: held('ref'),
    unref: held('unref'),
  };
}

/** Bytes that may wait for the other end to take them before heavy answers do. */
const UNSENT = 8 * MIB;
/** As much of a line as is told. */
const LINE_LIMIT = 2000;

/** Of a line that does not end, no more is kept than is told. */
function tellLines(stream: Readable, tell: (line: string) => void): void {
  stream.on('error', () => undefined);
  let line = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = text.split('\n');
    for (const [i, part] of parts.entries()) {
      if (line.length < LINE_LIMIT) line += part.slice(0, LINE_LIMIT - line.length);
      if (i === parts.length - 1) continue;
      tell(line.replace(/\r$/, ''));
      line = '';
    }
  });
  stream.on('end', () => {
    if (line !== '') tell(line);
  });
}

/** Messages over a stream of bytes; `fail` is called once when the other end breaks the rules. */
function portOver(channel: Duplex, limit: number, fail: (why: string) => void): Omit<Port, 'onClose'> {
  const reader = new FrameReader(limit);
  const listeners: ((message: unknown, size: number) => void)[] = [];
  let broken = false;
  const refuse = (why: string): void => {
    if (broken) return;
    broken = true;
    channel.destroy();
    fail(why);
  };
  channel.on('error', () => undefined);
  channel.on('data', (piece: Uint8Array) => {
    try {
      for (const { message, size } of reader.push(piece))
        for (const listener of listeners) if (!broken) listener(message, size);
    } catch (thrown) {
      refuse(`what it sent is no message: ${messageOf(thrown)}`);
    }
  });
  return {
    send: (message) => {
      if (!channel.writable) return;
      const pieces = encoded(message, MESSAGE_LIMIT);
      channel.cork();
      for (const piece of pieces) channel.write(piece);
      channel.uncork();
    },
    onMessage: (listener) => listeners.push(listener),
    fail: refuse,
    room: () =>
      channel.writable && channel.writableLength > UNSENT
        ? new Promise((resolve) => {
            channel.once('drain', resolve);
            channel.once('close', resolve);
          })
        : Promise.resolve(),
  };
}

/** The port of this process, when it is a child. It ends with its parent. */
export function parentPort(): Port {
  const channel = new Socket({ fd: CHANNEL, readable: true, writable: true });
  channel.once('close', () => process.exit(0));
  const broken = (why: string): never => {
    process.stderr.write(`A process of Lodestone's ends, since what started it broke the rules between them: ${why}\n`);
    process.exit(1);
  };
  return {
    ...portOver(channel, MESSAGE_LIMIT, broken),
    onClose: (listener) => channel.once('close', () => listener('its parent ended')),
  };
}

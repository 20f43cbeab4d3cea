/** Child processes with a message port: how they are started, watched and ended. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Port } from './rpc.ts';

/** Found from here, wherever the process is started; node's own resolver for it is in `import.meta` only where no bundler stands between. */
const TYPESCRIPT = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const LINGER_MS = 1000;
const PLAIN = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'LANG', 'SystemRoot'];

export interface ChildOptions {
  /** Limit on the JavaScript heap, in MiB. */
  readonly heap?: number;
  readonly args?: readonly string[];
  /** Whether the process must be able to import TypeScript, though its entry is JavaScript. */
  readonly typescript?: boolean;
  /** Starts with an environment that holds no secrets: only what Node itself needs. */
  readonly bare?: boolean;
}

export interface Child {
  readonly port: Port;
  /** Ends the process at once, whatever it is doing. */
  kill(): void;
  /** Settles when the process has ended. */
  readonly ended: Promise<void>;
}

/** The address of a module beside `from` that a child can run: TypeScript from the sources, JavaScript from the build. */
export function entryBeside(from: string, name: string): URL {
  return new URL(`./${name}.${from.endsWith('.ts') ? 'ts' : 'js'}`, from);
}

export function startChild(
  entry: URL,
  { heap, args = [], typescript = false, bare = false }: ChildOptions = {},
): Child {
  const loader = typescript || entry.pathname.endsWith('.ts') ? ['--import', TYPESCRIPT] : [];
  const process_ = fork(fileURLToPath(entry), [...args], {
    serialization: 'advanced',
    execArgv: [...loader, ...(heap ? [`--max-old-space-size=${heap}`] : [])],
    // Standard output belongs to the command: what a child prints goes to standard error.
    stdio: ['ignore', 2, 2, 'ipc'],
    ...(bare ? { env: Object.fromEntries(PLAIN.map((name) => [name, process.env[name]])) } : {}),
  });
  const ended = new Promise<void>((resolve) => {
    process_.once('exit', () => resolve());
    process_.once('error', () => resolve());
  });
  return { port: portOf(process_), kill: () => process_.kill('SIGKILL'), ended };
}

function portOf(child: ChildProcess): Port {
  return {
    send: (message) => {
      if (child.connected) child.send(message as object, () => undefined);
    },
    onMessage: (listener) => child.on('message', listener),
    onClose: (listener) => {
      child.once('exit', (code, signal) =>
        listener(signal ? `it was ended by ${signal}` : `it ended with code ${code}`),
      );
      child.once('error', (error) => listener(error.message));
      // The exit that closes a channel tells more, and comes a moment later.
      child.once('disconnect', () => setTimeout(listener, LINGER_MS, 'its channel closed').unref());
    },
  };
}

/** The port of this process, when it is a child. It ends with its parent. */
export function parentPort(): Port {
  process.once('disconnect', () => process.exit(0));
  return {
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
    },
    onMessage: (listener) => process.on('message', listener),
    onClose: (listener) => process.once('disconnect', () => listener('its parent ended')),
  };
}

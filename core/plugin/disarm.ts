/**
 * What Node's permissions leave open and a plugin has no use for, taken away by name before a plugin is imported: signals and priorities of other
 * processes, their debuggers, traces written to disk, and, unless the plugin was granted it, the network. By name means that it is no wall: where Node
 * can fence the network itself (25 and later), that is done beside it.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';

const require = createRequire(import.meta.url);

const ALWAYS: Readonly<Record<string, readonly string[]>> = {
  'node:os': ['setPriority'],
  'node:trace_events': ['createTracing'],
  'node:inspector': ['open', 'url', 'waitForDebugger'],
  'node:inspector/promises': ['open', 'url', 'waitForDebugger'],
  'node:cluster': ['fork', 'setupPrimary', 'setupMaster'],
};
const PROCESS = ['kill', '_kill', '_debugProcess', '_debugEnd', 'binding', '_linkedBinding'];
const NETWORK: Readonly<Record<string, readonly string[]>> = {
  'node:net': ['connect', 'createConnection', 'createServer', '_createServerHandle'],
  'node:tls': ['connect', 'createServer'],
  'node:dgram': ['createSocket', '_createSocketHandle'],
  'node:http': ['request', 'get', 'createServer'],
  'node:https': ['request', 'get', 'createServer'],
  'node:http2': ['connect', 'createServer', 'createSecureServer'],
};
const METHODS: readonly (readonly [string, string, readonly string[]])[] = [
  ['node:net', 'Socket', ['connect']],
  ['node:net', 'Server', ['listen', '_listen2']],
  ['node:dgram', 'Socket', ['bind', 'send', 'connect']],
  ['node:dns', 'Resolver', ['resolve']],
];
const GLOBALS = ['fetch', 'WebSocket', 'EventSource'];

function takeAway(holder: object, name: string, what: string): void {
  const refused = (): never => {
    throw Object.assign(new Error(`${what} is not for plugins`), { code: 'ERR_ACCESS_DENIED' });
  };
  Object.defineProperty(holder, name, { value: refused, configurable: false, writable: false });
}

const moduleOf = (name: string): object => require(name) as object;

const takeAwayAll = (holder: object, names: readonly string[], what = ''): void => {
  for (const name of names) if (name in holder) takeAway(holder, name, `${what}${name}`);
};
const functionsOf = (module: object): string[] =>
  Object.entries(module).flatMap(([name, value]) =>
    typeof value === 'function' && !/^[A-Z]/.test(name) ? [name] : [],
  );

function takeAwayNetwork(): void {
  for (const [module, names] of Object.entries(NETWORK)) takeAwayAll(moduleOf(module), names);
  for (const [module, kind, names] of METHODS) {
    const { prototype } = (moduleOf(module) as Record<string, { prototype: object }>)[kind] ?? { prototype: {} };
    takeAwayAll(prototype, names, `${kind}.`);
  }
  // A name that is asked for is a message, too.
  for (const dns of ['node:dns', 'node:dns/promises'].map(moduleOf)) takeAwayAll(dns, functionsOf(dns), 'dns.');
  takeAwayAll(globalThis, GLOBALS);
}

/** `network` leaves the network as it is. */
export function disarm({ network }: { readonly network: boolean }): void {
  takeAwayAll(process, PROCESS, 'process.');
  for (const [module, names] of Object.entries(ALWAYS)) takeAwayAll(moduleOf(module), names);
  if (!network) takeAwayNetwork();
  syncBuiltinESMExports();
}

/** CommonJS packages, loaded when they are first used: Node reads every word of one that is imported, and most processes need none of them. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const protobuf = (): typeof import('protobufjs/light.js') =>
  require('protobufjs/light.js') as typeof import('protobufjs/light.js');
export const opentype = (): typeof import('opentype.js') => require('opentype.js') as typeof import('opentype.js');
export const lockfile = (): typeof import('proper-lockfile') =>
  require('proper-lockfile') as typeof import('proper-lockfile');

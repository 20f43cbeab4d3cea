/** Packages with code of the machine's own, loaded when they are first used: a plugin's process may load none, and a command that needs none starts sooner. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const sharp = (): typeof import('sharp').default => require('sharp') as typeof import('sharp').default;
export const canvas = (): typeof import('@napi-rs/canvas') =>
  require('@napi-rs/canvas') as typeof import('@napi-rs/canvas');
export const onnxruntime = (): typeof import('onnxruntime-node') =>
  require('onnxruntime-node') as typeof import('onnxruntime-node');

/** As much of SQLite's binding as is used; its package has types of its own for another style of use. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): {
    get(...values: unknown[]): unknown;
    all(...values: unknown[]): unknown[];
    run(...values: unknown[]): unknown;
  };
  close(): void;
  readonly inTransaction: boolean;
}
export const libsql = (): (new (path: string) => Database) => require('libsql') as new (path: string) => Database;
export const usearch = (): typeof import('usearch').default => {
  const made = require('usearch') as typeof import('usearch');
  return made.default ?? (made as unknown as typeof import('usearch').default); // its CommonJS form is the object itself
};

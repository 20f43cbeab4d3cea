import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { errorCodes, failure, LodestoneError, plainError } from '../../core/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = ['core', 'server', 'plugins'].flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((n) => n.endsWith('.ts'))
    .map((n) => readFileSync(join(root, room, n), 'utf8')),
);

describe('the catalogue of errors', () => {
  it('has no code that nothing raises', () => {
    const all = sources.join('\n');
    expect(errorCodes.filter((code) => !all.includes(`failure('${code}'`))).toEqual([]);
  });
  it('is complete: every raised code is in it', () => {
    const raised = new Set(sources.flatMap((s) => [...s.matchAll(/failure\(\s*'([A-Z_]+)'/g)].map((m) => m[1])));
    expect([...raised].filter((code) => !errorCodes.some((c) => c === code))).toEqual([]);
  });
  it('gives messages that say where, and keeps the cause', () => {
    const cause = new Error('deep down');
    const error = failure('FILE_MISSING', { path: '/a/b' }, cause);
    expect(error).toBeInstanceOf(LodestoneError);
    expect([error.code, error.cause, error.message.includes('/a/b')]).toEqual(['FILE_MISSING', cause, true]);
  });
  it('makes any thrown value plain', () => {
    expect(plainError(new DOMException('x', 'AbortError')).code).toBe('CANCELLED');
    expect(plainError('odd')).toEqual({ code: 'INTERNAL', message: expect.stringContaining('odd') });
  });
});

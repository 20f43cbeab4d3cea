import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadRegistry, type Registry } from '../../../core/index.ts';
import { eventsOf, servicesOf, useEngine } from '../../support/services.ts';

const folder = fileURLToPath(new URL('../../fixtures/plugins', import.meta.url));
const engine = useEngine();
const services = servicesOf(engine);
let registry: Registry;
beforeAll(async () => {
  registry = await loadRegistry([folder]);
});

describe('the registry', () => {
  it('finds each file that is a plugin and says of the others why they are none', () => {
    expect(registry.plugins.map((p) => p.id)).toEqual(['hello', 'mischief']);
    expect(registry.broken.map((e) => e.code)).toEqual(['PLUGIN_INVALID']);
    expect(registry.broken[0]?.message).toContain('broken.ts');
  });
  it('knows what it has when asked for what it has not', () => {
    expect(() => registry.find('nothing')).toThrowError(
      expect.objectContaining({ code: 'PLUGIN_UNKNOWN', message: expect.stringContaining('hello, mischief') }),
    );
  });
  it('refuses a second plugin of the same name', async () => {
    const twice = await loadRegistry([folder, folder]);
    expect(twice.plugins).toHaveLength(2);
    expect(twice.broken.filter((e) => e.message.includes('belongs to'))).toHaveLength(2);
  });
});

describe('a plugin that', () => {
  const mischief = (how: string, options = {}) => eventsOf(registry.find('mischief'), { how }, services, options);
  const stillFine = async () =>
    expect((await eventsOf(registry.find('hello'), { name: 'you' }, services))[0]).toMatchObject({
      type: 'note',
      text: expect.stringContaining('hello you'),
    });

  it('throws ends only its own job, with its name in the error', async () => {
    await expect(mischief('throw')).rejects.toMatchObject({
      code: 'PLUGIN_FAILED',
      message: expect.stringMatching(/"mischief".*on purpose/),
    });
    await stillFine();
  });
  it('exits ends only its own job', async () => {
    await expect(mischief('exit')).rejects.toMatchObject({
      code: 'PLUGIN_FAILED',
      message: expect.stringContaining('code 3'),
    });
    await stillFine();
  });
  it('blocks its process is stopped after a while', async () => {
    await expect(mischief('hang', { silenceSeconds: 3 })).rejects.toMatchObject({ code: 'PLUGIN_SILENT' });
    await stillFine();
  });
  it('sends what the contract does not allow is stopped', async () => {
    await expect(mischief('lie')).rejects.toMatchObject({
      code: 'PLUGIN_FAILED',
      message: expect.stringContaining('not allowed'),
    });
  });
  it('reads past its folders gets an error, not the file', async () => {
    await expect(mischief('peek')).rejects.toMatchObject({ code: 'PATH_OUTSIDE' });
  });
  it('ignores cancelling is ended all the same', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 1500);
    await expect(mischief('ignore-cancel', { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
  it('draws random numbers gives the same ones for the same seed', async () => {
    const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => eventsOf(registry.find('hello'), { seed }, services)));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });
  it('is given wrong parameters names each of them', async () => {
    await expect(mischief('dance')).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
      message: expect.stringContaining('how'),
    });
  });
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errorCodes, plainError } from '../../../core/errors.ts';
import { loadRegistry } from '../../../core/index.ts';
import { encoded } from '../../../core/process/frames.ts';
import { seeded } from '../../../core/random.ts';
import { damagedBytes } from '../../support/damage.ts';
import { mutatedJson, oneOf } from '../../support/mutations.ts';
import { temporaryFolder } from '../../support/pictures.ts';
import { eventsOf, servicesOf, useEngine } from '../../support/services.ts';
import { Tally } from '../../support/tally.ts';

const RUNS = 60;
const AT_ONCE = 3;
const engine = useEngine({ threads: 1 });

/** Writes what it is told into the channel between its process and the host, and goes on as if nothing were. */
const ROGUE = `import { writeSync } from 'node:fs';
import { z } from 'zod';
import { definePlugin } from 'lodestone';

export default definePlugin({
  id: 'rogue',
  title: 'Rogue',
  description: 'Speaks past the contract.',
  version: '1.0.0',
  parameters: z.object({ bytes: z.string() }),
  async *run({ bytes }) {
    yield { type: 'note', text: 'begun' };
    writeSync(3, Buffer.from(bytes, 'base64'));
    await new Promise((done) => setTimeout(done, 150));
    yield { type: 'note', text: 'ended' };
  },
});
`;

type Random = () => number;
/** What a plugin's process may say honestly, with numbers of calls that its host knows and does not know. */
const templates = (r: Random): readonly object[] => {
  const id = Math.floor(r() * 4);
  return [
    { kind: 'item', id: 0, value: { type: 'note', text: 'x' } },
    {
      kind: 'item',
      id: 0,
      value: { type: 'frame', step: 1, width: 2, height: 2, mime: 'image/png', bytes: Uint8Array.of(1) },
    },
    { kind: 'done', id, value: null },
    { kind: 'failed', id, error: { code: 'INTERNAL', message: 'because' } },
    { kind: 'taken', id: 1000 + id },
    { kind: 'cancel', id: 1000 + id },
    { kind: 'call', id: 1000 + id, method: 'engine.embedTexts', args: { texts: ['a heart'] } },
    { kind: 'call', id: 1000 + id, method: 'read', args: { file: '/etc/hostname' } },
    { kind: 'call', id: 1000 + id, method: 'keep', args: { name: 'rows', entries: [['key', Uint8Array.of(1, 2)]] } },
    {
      kind: 'call',
      id: 1000 + id,
      method: 'image',
      args: { input: {}, options: {}, steps: [], end: 'buffer', label: 'x' },
    },
    { kind: 'call', id: 1000 + id, method: 'constructor', args: {} },
  ];
};
function bytesOf(r: Random): Buffer {
  const said = Array.from({ length: 1 + Math.floor(r() * 3) }, () => oneOf(r, templates(r)));
  const messages = said.map((message) => (r() < 0.6 ? mutatedJson(message, r) : message));
  const bytes = Buffer.concat(messages.flatMap((message) => encoded(message ?? null, 1 << 24)));
  return r() < 0.4 ? damagedBytes(bytes, r) : bytes;
}

it(`${RUNS} plugins that write past the contract fail with a code or are ignored, and the host goes on`, async () => {
  const tally = new Tally('rogue-plugins');
  const folder = join(await temporaryFolder(), 'plugins');
  await mkdir(folder);
  await writeFile(join(folder, 'rogue.ts'), ROGUE);
  const services = servicesOf(engine);
  const rogue = (await loadRegistry([folder])).find('rogue');
  const random = seeded(707);
  const run = async (bytes: Buffer): Promise<string> =>
    eventsOf(rogue, { bytes: bytes.toString('base64') }, services, { silenceSeconds: 10 }).then(
      (events) => (events.some((e) => e.type === 'note' && e.text === 'ended') ? 'went on' : 'ended early'),
      (thrown: unknown) => plainError(thrown).code,
    );
  expect(await run(Buffer.of())).toBe('went on');
  for (let from = 0; from < RUNS; from += AT_ONCE) {
    const messages = Array.from({ length: AT_ONCE }, () => bytesOf(random));
    for (const outcome of await Promise.all(messages.map(run))) tally.add(outcome);
  }
  tally.write();
  const summary = JSON.stringify(tally.outcomes);
  const allowed = new Set<string>([...errorCodes, 'went on', 'ended early']);
  allowed.delete('INTERNAL');
  expect(
    Object.keys(tally.outcomes).filter((o) => !allowed.has(o)),
    summary,
  ).toEqual([]);
  expect(tally.cases).toBe(RUNS);
  expect(tally.of('PLUGIN_FAILED'), summary).toBeGreaterThan(RUNS / 10);
  expect(await run(Buffer.of())).toBe('went on');
  expect((await engine.embedTexts(['a red heart'])).count).toBe(1);
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { errorCodes, plainError } from '../../../core/errors.ts';
import { encoded, FrameReader } from '../../../core/process/frames.ts';
import { Peer, type Port } from '../../../core/process/rpc.ts';
import { seeded } from '../../../core/random.ts';
import { damagedBytes } from '../../support/damage.ts';
import { mutatedJson, oneOf } from '../../support/mutations.ts';
import { Tally } from '../../support/tally.ts';

const MESSAGES = 3000;
const LIMIT = 1 << 20;
/** Numbers of calls that this end has made, and that the other has. */
const OWN = [0, 1, 2];
const THEIRS = [7, 8, 9];

type Random = () => number;
const templates = (r: Random): readonly object[] => [
  {
    kind: 'call',
    id: oneOf(r, THEIRS),
    method: 'echo',
    args: { text: 'hello', numbers: Float32Array.of(1, Number.NaN) },
  },
  { kind: 'call', id: oneOf(r, THEIRS), method: 'many', args: { count: 9 } },
  { kind: 'call', id: oneOf(r, THEIRS), method: oneOf(r, ['fails', 'nothing', 'constructor', '__proto__']), args: {} },
  { kind: 'cancel', id: oneOf(r, THEIRS) },
  { kind: 'taken', id: oneOf(r, THEIRS) },
  { kind: 'item', id: oneOf(r, OWN), value: { bytes: Uint8Array.of(1, 2, 3) } },
  { kind: 'done', id: oneOf(r, OWN), value: [Number.POSITIVE_INFINITY] },
  {
    kind: 'failed',
    id: oneOf(r, OWN),
    error: { code: oneOf(r, ['CANCELLED', 'NO_SUCH', 'INTERNAL']), message: 'because' },
  },
];
const SPECIAL: readonly (() => unknown)[] = [
  () => ({ '\0array': ['f32', 8, 1e9] }),
  () => ({ '\0array': ['u8', -8, 2 ** 53] }),
  () => ({ '\0array': ['u64', 0, 1] }),
  () => ({ '\0number': 'NaN' }),
  () => ({ '\0number': 'five' }),
  () => JSON.parse('{"__proto__":{"polluted":true}}'),
  () => new Float64Array(500),
  () => Number.NaN,
  () => 'x'.repeat(70_000),
];
const odd = (r: Random): unknown => (r() < 0.5 ? oneOf(r, SPECIAL)?.() : mutatedJson(null, r));

/** One to four messages as bytes, wrong in some place or other. */
function bytesOf(r: Random): Buffer {
  const count = 1 + Math.floor(r() * 4);
  const honest = Array.from({ length: count }, () => oneOf(r, templates(r)));
  const said = honest.map((message) => (r() < 0.6 ? mutatedJson(message, r, odd) : message));
  const bytes = Buffer.concat(said.flatMap((message) => encoded(message ?? null, 2 * LIMIT)));
  return r() < 0.5 ? damagedBytes(bytes, r) : bytes;
}

/** What a port between processes does, without the processes. */
class Wire implements Port {
  readonly sent: unknown[] = [];
  refused: string | undefined;
  private readonly reader = new FrameReader(LIMIT);
  private listener: (message: unknown, size: number) => void = () => undefined;
  private closed: (why: string) => void = () => undefined;

  send(message: unknown): void {
    encoded(message, LIMIT);
    this.sent.push(message);
  }
  onMessage(listener: (message: unknown, size: number) => void): void {
    this.listener = listener;
  }
  onClose(listener: (why: string) => void): void {
    this.closed = listener;
  }
  fail(why: string): void {
    this.refused ??= why;
  }
  arrives(piece: Buffer): void {
    try {
      for (const { message, size } of this.reader.push(piece))
        if (this.refused === undefined) this.listener(message, size);
    } catch (thrown) {
      this.fail(plainError(thrown).message);
      this.close('it sent what is no message');
    }
  }
  close(why: string): void {
    this.closed(why);
  }
}

const handlers = {
  echo: async (args: unknown) => args,
  many: async function* (args: unknown) {
    yield args;
    for (let i = 0; i < 8; i++) yield i;
  },
  fails: async () => {
    throw new Error('on purpose');
  },
};
const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'done',
    (thrown: unknown) => plainError(thrown).code,
  );
async function read(stream: AsyncGenerator<unknown, unknown>): Promise<void> {
  for await (const _ of stream) await Promise.resolve();
}

/** What becomes of an end that has calls under way while such bytes arrive, in pieces. */
async function outcomeOf(r: Random): Promise<string> {
  const wire = new Wire();
  const peer = new Peer(wire, handlers);
  const asked = [peer.call('one', {}), peer.call('two', {}), read(peer.stream('three', {}))].map(codeOf);
  const bytes = bytesOf(r);
  for (let at = 0; at < bytes.length && wire.refused === undefined; ) {
    const to = at + 1 + Math.floor(r() * (r() < 0.5 ? 20 : bytes.length));
    wire.arrives(bytes.subarray(at, to));
    at = to;
  }
  await new Promise((done) => setImmediate(done));
  const answers = wire.sent.length > 3;
  wire.close('the test is over');
  for (const code of await Promise.all(asked)) if (!allowed.has(code)) return `a call ended with ${code}`;
  if (peer.pending > 0) return 'a call never ended';
  if (wire.refused !== undefined) return 'refused';
  return answers ? 'answered' : 'ignored';
}
const allowed = new Set<string>(['done', ...errorCodes]);

const unhandled: unknown[] = [];
const note = (thrown: unknown): void => void unhandled.push(thrown);
beforeAll(() => {
  process.on('unhandledRejection', note);
});
afterAll(() => {
  process.off('unhandledRejection', note);
});

it(`${MESSAGES} messages between processes that are damaged are refused, answered or ignored`, async () => {
  const tally = new Tally('messages');
  const random = seeded(606);
  for (let i = 0; i < MESSAGES; i++) tally.add(await outcomeOf(random));
  await new Promise((done) => setTimeout(done, 100));
  tally.write();
  const summary = JSON.stringify(tally.outcomes);
  expect(Object.keys(tally.outcomes).sort(), summary).toEqual(['answered', 'ignored', 'refused']);
  expect(tally.cases).toBe(MESSAGES);
  expect(unhandled).toEqual([]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

import pino from 'pino';
import { beforeAll, expect, it } from 'vitest';
import { errorCodes } from '../../../core/errors.ts';
import { seeded } from '../../../core/random.ts';
import type { Answer, ClientEvents } from '../../../server/wire.ts';
import { mutatedJson, oneOf } from '../../support/mutations.ts';
import { useFolder, writePlugin } from '../../support/plugin-files.ts';
import { say, type TestServer, type TestSocket, useServer, Watcher } from '../../support/server.ts';
import { Tally } from '../../support/tally.ts';

const MESSAGES = 3000;
const BURST = 20;
/** Messages after which what waits is let run for a while, and another long run is begun. */
const ROUND = 600;
const ROUND_MS = 10_000;
const ANSWER_MS = 30_000;

type Random = () => number;
type Event = keyof ClientEvents;
const logged = new Map<string, string>();
const logger = pino(
  { level: 'info' },
  {
    write: (line: string) => {
      const { code, msg } = JSON.parse(line) as { code?: string; msg?: string };
      if (code !== undefined) logged.set(code, msg ?? '');
    },
  },
);
const folder = useFolder();
let server: TestServer;
beforeAll(async () => {
  await writePlugin(folder, 'fresh');
  server = await useServer({ logger, plugins: [folder] });
});

const templates = (job: string): readonly (readonly [Event, object])[] => [
  ['start', { plugin: 'fresh', parameters: { who: 'you' } }],
  ['start', { plugin: 'guide', parameters: { prompt: 'a red circle', steps: 3, size: 64, crops: 2, seed: 1 } }],
  ['start', { plugin: 'rank', parameters: { prompt: 'a heart', pictures: ['examples/twelve'] } }],
  ['cancel', { job }],
  ['move', { job, how: 'hold' }],
  ['steer', { job, prompt: 'a fish', settings: { rate: 1.2 }, weights: { palette: 2 } }],
  ['steer', { job, control: 'pause', rewind: 3, models: ['own'], paint: null, lock: 'upload:1.png' }],
  ['steer', { job, parameters: { strokes: 12 }, answer: { question: 'q', choice: 'c' } }],
  ['branch', { job, step: 5, prompt: 'a green tree' }],
  ['grant', { plugin: 'fresh' }],
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}
const SPECIAL: readonly (() => unknown)[] = [
  () => 'x'.repeat(300_000),
  () => nested(400),
  () => Buffer.from('binary'),
  () => ({ bytes: new Uint8Array(2000), and: [Buffer.alloc(3)] }),
  () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  () => '\0\ud800 \u202e"<script>',
  () => Array.from({ length: 5000 }, (_, i) => i),
  () => Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, i])),
  () => '__proto__',
  () => 'constructor',
  () => -0.5e-300,
];
const odd = (r: Random): unknown => (r() < 0.6 ? oneOf(r, SPECIAL)?.() : mutatedJson(null, r));

/** A message that is wrong somewhere; one in ten is honest. */
function messageOf(r: Random, job: string): { readonly event: Event; readonly message: unknown } {
  const [event, honest] = oneOf(r, templates(job)) ?? ['start', {}];
  if (r() < 0.1) return { event, message: honest };
  if (r() < 0.1) return { event, message: odd(r) };
  const widened = r() < 0.1 ? { ...honest, more: odd(r), ['__proto__']: { plugin: 'guide' } } : honest;
  return { event, message: mutatedJson(widened, r, odd) };
}

const within = <T>(ms: number, promise: Promise<T>, instead: T): Promise<T> =>
  Promise.race([promise, new Promise<T>((done) => setTimeout(done, ms, instead))]);
const outcomeOf = (answer: Answer<unknown> | undefined): string =>
  answer === undefined ? 'no answer' : answer.ok ? 'ok' : answer.error.code;

type Emits = { emit(event: string, ...rest: unknown[]): void };
/** Ways to say something that want no answer, or cannot have one. */
const WITHOUT_ANSWER: readonly ((socket: Emits, event: Event, message: unknown) => void)[] = [
  (socket, event, message) => socket.emit(event, message),
  (socket, event, message) => socket.emit(event, message, message, 3),
  (socket, event) => socket.emit(event),
  (socket, _, message) => socket.emit('constructor', message),
];

async function longRun(socket: TestSocket): Promise<string> {
  const answer = await say(socket, 'start', {
    plugin: 'guide',
    parameters: { prompt: 'a long run', steps: 5000, size: 64, crops: 2 },
  });
  return answer.ok ? (answer.value as { job: string }).job : '';
}
/** Lets what was started run for a while, and ends the rest. */
async function settle(): Promise<void> {
  const isActive = (): boolean => server.jobs.list().some((j) => j.state === 'waiting' || j.state === 'running');
  for (const job of server.jobs.list()) if (job.title === 'a long run') await server.jobs.cancel(job.id);
  for (let waited = 0; waited < ROUND_MS && isActive(); waited += 200) await new Promise((d) => setTimeout(d, 200));
  for (const job of server.jobs.list()) await server.jobs.cancel(job.id);
  while (isActive()) await new Promise((d) => setTimeout(d, 100));
}

it(`${MESSAGES} messages of every kind are answered with a code or done, and the server goes on`, async () => {
  const tally = new Tally('sockets');
  const random = seeded(505);
  const socket = server.connect();
  // Whoever takes no updates is given up.
  const seen = new Watcher(socket);
  expect(await say(socket, 'start', { plugin: 'fresh', parameters: {} })).toMatchObject({ ok: true });
  let job = await longRun(socket);
  for (let from = 0; from < MESSAGES; from += BURST) {
    if (from % ROUND === 0 && from > 0) {
      await settle();
      job = await longRun(socket);
    }
    const asked = Array.from({ length: BURST }, async () => {
      const { event, message } = messageOf(random, random() < 0.8 ? job : 'nobody');
      const silent = random() < 0.12 ? oneOf(random, WITHOUT_ANSWER) : undefined;
      if (!silent) return outcomeOf(await within(ANSWER_MS, say(socket, event, message), undefined as never));
      silent(socket as unknown as Emits, event, message);
      return 'none wanted';
    });
    for (const outcome of await Promise.all(asked)) tally.add(outcome);
  }
  await settle();
  tally.write();
  const summary = JSON.stringify(tally.outcomes);
  const allowed = new Set<string>([...errorCodes, 'ok', 'none wanted']);
  allowed.delete('INTERNAL');
  expect(
    Object.keys(tally.outcomes).filter((o) => !allowed.has(o)),
    summary,
  ).toEqual([]);
  expect(logged.get('INTERNAL')).toBeUndefined();
  expect(tally.cases).toBe(MESSAGES);
  expect(tally.of('ok'), summary).toBeGreaterThan(MESSAGES / 50);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect(socket.connected).toBe(true);
  expect(seen.updates.length).toBeGreaterThan(0);
  expect(await (await fetch(new URL('/health', new URL(server.url).origin))).json()).toMatchObject({ ok: true });
  const late = server.connect();
  const watcher = new Watcher(late);
  const answer = await say(late, 'start', { plugin: 'fresh', parameters: { who: 'whoever is left' } });
  const last = answer.ok ? (answer.value as { job: string }).job : '';
  const done = await watcher.until((u) => u.job === last && (u.state === 'done' || u.state === 'failed'));
  expect(done).toMatchObject({ state: 'done' });
});

/** What is said from one process to another by way of Redis and kept nowhere: steering and its answer, frames, progress. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { failure, LodestoneError, type PlainError, plainError, type Steer, steerSchema } from '../../core/index.ts';
import { plainErrorSchema } from '../wire.ts';
import { type Connection, PREFIX } from './connection.ts';

/** How long whoever steers waits for the run. */
const ANSWER_MS = 10_000;

const saidSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('steer'), number: z.string(), back: z.string(), steer: steerSchema }),
  z.object({ kind: z.literal('look') }),
]);
const answerSchema = z.object({ number: z.string(), taken: z.boolean(), error: plainErrorSchema.exactOptional() });
type Answer = z.output<typeof answerSchema>;

export interface Listening {
  steer(steer: Steer): Promise<boolean>;
  /** Something was asked of the run that stands in Redis. */
  look(): void;
}

const channelOf = (run: string): string => `${PREFIX}to:${run}`;
const PASSING = `${PREFIX}passing`;

export class Talk {
  private readonly connection: Connection;
  private readonly ears: Redis;
  private readonly back = `${PREFIX}answers:${randomUUID()}`;
  private readonly runs = new Map<string, Listening>();
  private readonly waiting = new Map<string, (answer: Answer) => void>();
  private passing: ((message: string) => void) | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    this.ears = connection.another();
    this.ears.on('message', (channel: string, message: string) => {
      if (channel === PASSING) this.passing?.(message);
      else if (channel === this.back) this.answered(message);
      else void this.heard(channel, message);
    });
  }

  async open(): Promise<void> {
    await this.ears.connect();
    await this.ears.subscribe(this.back);
  }

  /** Told of what is of the moment. */
  async follow(passing: (message: string) => void): Promise<void> {
    this.passing = passing;
    await this.ears.subscribe(PASSING);
  }
  pass(message: string): void {
    // The next takes its place: nobody waits for it, and nothing is lost with it.
    if (this.connection.patient.status === 'ready')
      void this.connection.patient.publish(PASSING, message).catch(() => undefined);
  }

  async listen(run: string, listening: Listening): Promise<void> {
    this.runs.set(channelOf(run), listening);
    await this.ears.subscribe(channelOf(run));
  }
  async deaf(run: string): Promise<void> {
    this.runs.delete(channelOf(run));
    await this.ears.unsubscribe(channelOf(run)).catch(() => undefined);
  }

  /** Whether somebody works on the run, and it took it. Throws what the run says of it, STORE_LOST. */
  async steer(run: string, steer: Steer): Promise<boolean> {
    const number = randomUUID();
    const answer = new Promise<Answer | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), ANSWER_MS);
      this.waiting.set(number, (given) => {
        clearTimeout(timer);
        resolve(given);
      });
    });
    try {
      if ((await this.say(run, { kind: 'steer', number, back: this.back, steer })) === 0) return false;
      const given = await answer;
      if (!given)
        throw failure('STEER_INVALID', { what: `whoever works on it did not answer within ${ANSWER_MS / 1000} s` });
      if (given.error) throw new LodestoneError(given.error.code as PlainError['code'], given.error.message);
      return given.taken;
    } finally {
      this.waiting.delete(number);
    }
  }

  /** How many heard it. */
  say(run: string, said: z.input<typeof saidSchema>): Promise<number> {
    return this.connection.asking((redis) => redis.publish(channelOf(run), JSON.stringify(said)));
  }

  private answered(message: string): void {
    const answer = answerSchema.safeParse(jsonOf(message)).data;
    if (answer) this.waiting.get(answer.number)?.(answer);
  }

  private async heard(channel: string, message: string): Promise<void> {
    const listening = this.runs.get(channel);
    const said = saidSchema.safeParse(jsonOf(message)).data;
    if (!(listening && said)) return;
    if (said.kind === 'look') {
      listening.look();
      return;
    }
    const answer = await listening.steer(said.steer).then(
      (taken): Answer => ({ number: said.number, taken }),
      (thrown: unknown): Answer => ({ number: said.number, taken: false, error: plainError(thrown) }),
    );
    await this.connection.patient.publish(said.back, JSON.stringify(answer)).catch(() => undefined);
  }
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A run that is steered at random, by the clock of its steps, and given again. */
import { expect } from 'vitest';
import { trace, writeOnnx } from '../../core/graph/index.ts';
import type { Change, Command, LogEntry } from '../../core/guidance/protocol.ts';
import {
  canvasExtent,
  type Drawer,
  type Engine,
  type GuideEvent,
  type GuideRequest,
  guidanceSettingsSchema,
  parsePrompt,
  readyDrawer,
} from '../../core/index.ts';
import { seeded } from '../../core/random.ts';
import { drawn } from './pictures.ts';

const SIZES = { preview: 64, output: 96 };
const STEPS = 48;
/** Steps at the end in which nobody steers: what is asked takes a while to arrive. */
const LAST = 16;
const WORDS = ['a fish', 'a house:2 | blurry:-1', 'the sun @left', 'a tree -> a flower @20%-60%', 'a cat + a dog'];

async function wishes(random: () => number, count: number): Promise<ReadonlyMap<number, Command>> {
  const painted = { bytes: new Uint8Array(await drawn('square', 'blue', 'transparent')), name: 'painted' };
  const kept = { bytes: new Uint8Array(await drawn('circle', 'white', 'black')), name: 'kept' };
  const changes: (() => Change)[] = [
    () => ({ prompts: parsePrompt(WORDS[Math.floor(random() * WORDS.length)] ?? 'a star') }),
    () => ({ settings: { rate: 0.5 + random(), contrast: 2 * random(), flip: 0.5 * random(), tint: 0.1 * random() } }),
    () => ({ paint: random() < 0.5 ? painted : null }),
    () => ({ lock: random() < 0.5 ? kept : null }),
    () => ({ weights: { darkness: 20 * random() } }),
  ];
  return new Map(
    Array.from({ length: count }, () => {
      const step = 1 + Math.floor(random() * (STEPS - LAST));
      const change = changes[Math.floor(random() * changes.length)]?.() ?? {};
      return [step, { kind: 'change', change }] as const;
    }),
  );
}

function darkness(drawer: Drawer<never>): NonNullable<GuideRequest['losses']>[number] {
  const { height, width } = canvasExtent(drawer, SIZES);
  const graph = trace('darkness', (t) => ({ loss: t.input('picture', [1, 3, height, width]).mean() }));
  return { name: 'darkness', graph: writeOnnx(graph), weight: 0 };
}

async function eventsOf(engine: Engine, request: GuideRequest, on: (e: GuideEvent) => void): Promise<Uint8Array> {
  let picture = new Uint8Array();
  for await (const event of engine.guide(request)) {
    on(event);
    if (event.type === 'picture') picture = Uint8Array.from(event.bytes);
  }
  return picture;
}

/** Steered twenty times and more, and given again from its log: the same bytes. */
export async function expectSameAgain(
  engine: Engine,
  drawer: Drawer<never>,
  optimiser: 'adam' | 'evolution',
): Promise<void> {
  const commands = await wishes(seeded(7), 48);
  expect(commands.size).toBeGreaterThanOrEqual(20);
  const log: LogEntry[] = [];
  const growth = { renewals: 4, awake: 0.5, tidy: 0.02, population: 4 };
  const request: GuideRequest = {
    run: 'wander',
    drawer: readyDrawer(drawer, {} as never, 1, SIZES),
    prompts: parsePrompt('a red heart'),
    settings: guidanceSettingsSchema.parse({
      steps: STEPS,
      crops: 2,
      frameEvery: 7,
      checkpointEvery: 1,
      optimiser,
      ...growth,
    }),
    losses: [darkness(drawer)],
  };
  const first = await eventsOf(engine, request, (e) => {
    if (e.type === 'checkpoint') log.splice(0, log.length, ...e.script);
    const command = e.type === 'step' ? commands.get(e.step) : undefined;
    if (command) void engine.steer({ run: 'wander', command });
  });
  expect(log.length).toBe(commands.size);
  const settings = guidanceSettingsSchema.parse({ ...request.settings, frameEvery: 0, checkpointEvery: 0 });
  const again = await eventsOf(engine, { ...request, settings, script: log }, () => undefined);
  expect(Buffer.compare(again, first)).toBe(0);
  expect(first.byteLength).toBeGreaterThan(100);
}

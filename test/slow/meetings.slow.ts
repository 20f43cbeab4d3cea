/** Whole runs in which parts meet that are mostly tried alone. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  loadRegistry,
  type PluginEvent,
  parsePolicy,
  type RunOptions,
  runPlugin,
  type Script,
  type Steer,
  scriptSchema,
} from '../../core/index.ts';
import { lodestone } from '../support/command-line.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { HEARTS } from '../support/policies.ts';
import { say, useServer, Watcher } from '../support/server.ts';
import { servicesOf, useEngine } from '../support/services.ts';
import { strangeModel } from '../support/with-models.ts';

const engine = useEngine();
const registry = await loadRegistry();

async function killedAndStraight(folder: string, command: readonly string[]): Promise<void> {
  expect(await lodestone([...command, '--run', 'straight'], folder)).toMatchObject({ code: 0 });
  expect((await lodestone([...command, '--run', 'killed'], folder, 200, {}, 'checkpoint.bin')).code).toBeNull();
  expect(await lodestone(['resume', 'killed'], folder)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/ goes on after step [1-9]/),
  });
  const [straight, killed] = await Promise.all(
    ['straight', 'killed'].map((name) => readFile(join(folder, name, 'picture.png'))),
  );
  expect(straight && killed && Buffer.compare(straight, killed)).toBe(0);
  expect((await lodestone(['verify', 'killed/picture.png'], folder)).code).toBe(0);
}

describe('a run that was killed goes on to the same bytes, and is verified', () => {
  it('where it changes a part of a picture', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'house.png'), await drawn('square', '#2358c8'));
    const circle = Buffer.from('<svg width="96" height="96"><circle cx="48" cy="48" r="30" fill="#fff"/></svg>');
    await sharp({ create: { width: 96, height: 96, channels: 3, background: '#000' } })
      .composite([{ input: circle }])
      .png()
      .toFile(join(folder, 'mask.png'));
    const how = ['--drawer', 'inpaint', '--start', 'house.png', '--mask', 'mask.png'];
    await killedAndStraight(folder, ['guide', 'a red heart', ...how, '--steps', '70', '--size', '96', '--tidy', '0']);
  });
  it('where other models guide beside its own', async () => {
    const folder = await temporaryFolder();
    const how = ['--models', 'own', strangeModel(), '--crops', '3', '--count', '20'];
    await killedAndStraight(folder, ['guide', 'a red heart', ...how, '--steps', '60', '--size', '96', '--tidy', '0']);
  });
});

const recordSchema = z.object({ script: scriptSchema });
/** A run whose progress is seen by `at`, which may say what is asked of it then. */
async function ran(
  plugin: string,
  parameters: object,
  at: (done: number) => Steer | undefined,
  options: RunOptions = {},
): Promise<{ readonly pictures: readonly Uint8Array[]; readonly script: Script }> {
  const run = runPlugin(registry.find(plugin), parameters, servicesOf(engine), options);
  const events: PluginEvent[] = [];
  const asked: Promise<boolean>[] = [];
  for await (const event of run.events) {
    events.push(event);
    const steer = event.type === 'progress' ? at(event.done) : undefined;
    // Taken between two steps, which wait for whoever reads the events: this loop.
    if (steer) asked.push(run.steer(steer));
  }
  expect(await Promise.all(asked)).not.toContain(false);
  const finished = events.flatMap((e) => (e.type === 'picture' && e.mime === 'image/png' ? [e] : []));
  const [told] = finished.flatMap((e) => recordSchema.safeParse(e.record).data ?? []).reverse();
  return { pictures: finished.map((e) => e.bytes), script: told?.script ?? [] };
}
/** Runs once with what somebody asks, and again with the log of it. */
async function twice(plugin: string, parameters: object, asks: ReadonlyMap<number, Steer>): Promise<Script> {
  const once = await ran(plugin, parameters, (done) => asks.get(done));
  const { script } = once;
  const again = await ran(plugin, parameters, () => undefined, { script });
  expect(again.pictures.map((bytes, i) => Buffer.compare(bytes, once.pictures[i] ?? Buffer.alloc(0)))).toEqual(
    again.pictures.map(() => 0),
  );
  expect(again.pictures).toHaveLength(once.pictures.length);
  return script;
}

describe('what was asked of a run while it went on is in its log, and gives the same bytes again', () => {
  it('wildcards in the prompt of a story, whose later scenes draw wildcards of their own', async () => {
    const story = 'a {red|blue} house\na {tall|small} tree\nthe {moon|sun}';
    const script = await twice(
      'storyboard',
      { story, steps: 30, size: 64, seed: 7 },
      new Map([[8, { prompt: 'a {cat|dog|fish} in a {green|yellow} garden' }]]),
    );
    expect(script).toMatchObject([
      { steer: { prompt: expect.stringMatching(/^a (cat|dog|fish) in a (green|yellow) garden$/) } },
    ]);
  });
  it('letters that become others and come back', async () => {
    const script = await twice(
      'guide',
      { prompt: 'a red heart', drawer: 'glyphs', text: 'LODE', count: 20, steps: 30, size: 64, crops: 3, tidy: 0 },
      new Map([
        [8, { parameters: { text: 'xyz' } }],
        [16, { parameters: { text: 'LODE' } }],
      ]),
    );
    expect(script).toMatchObject([
      { steer: { parameters: { text: 'xyz' } } },
      { steer: { parameters: { text: 'LODE' } } },
    ]);
  });
});

/** For hearts that are drawn quickly, and might be strawberries. */
const STRICT = { ...HEARTS, rules: HEARTS.rules.map((r) => ({ ...r, unless: [] })) };

describe('a policy', () => {
  it('keeps the pictures that it blocks out of the page of another judgement', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'pictures'));
    await writeFile(join(folder, 'pictures', 'heart.png'), await drawn('heart', 'red'));
    await writeFile(join(folder, 'pictures', 'star.png'), await drawn('star', 'gold'));
    await writeFile(join(folder, 'hearts.json'), JSON.stringify(HEARTS));
    const rule = (id: string, prompt: string) => ({ id, title: id, prompts: [prompt], threshold: 95, action: 'flag' });
    const flagged = { ...HEARTS, rules: [rule('hearts', 'a red heart'), rule('stars', 'a yellow star')] };
    await writeFile(join(folder, 'flagged.json'), JSON.stringify(flagged));
    const moderate = ['moderate', 'pictures', '--policy', 'flagged.json', '--run'];
    expect((await lodestone([...moderate, 'free'], folder)).code).toBe(0);
    expect((await lodestone([...moderate, 'gated', '--gate', 'hearts.json'], folder)).code).toBe(0);
    const shown = async (run: string): Promise<number> =>
      (await readFile(join(folder, run, 'moderation.html'), 'utf8')).split('<img').length - 1;
    expect([await shown('free'), await shown('gated')]).toEqual([2, 1]);
  });
  it('holds for what a server draws, from the beginning and from a step of it', async () => {
    const server = await useServer({ engine: { threads: 2 }, policy: parsePolicy(JSON.stringify(STRICT), 'the test') });
    const socket = server.connect();
    const watcher = new Watcher(socket);
    const started = await say(socket, 'start', {
      plugin: 'guide',
      parameters: { prompt: 'a red heart', steps: 100, size: 96, crops: 4, tries: 1 },
    });
    const { job } = z.object({ job: z.string() }).parse(started.ok && started.value);
    const ended = await watcher.until((u) => u.job === job && u.state === 'done');
    expect(ended.picture).toBeUndefined();
    const branched = await say(socket, 'branch', { job, step: 80 });
    const other = z.object({ job: z.string() }).parse(branched.ok && branched.value).job;
    await watcher.until((u) => u.job === other && u.state === 'done');
    for (const id of [job, other]) {
      const notes = watcher.of(id).flatMap((u) => u.notes);
      expect(watcher.of(id).some((u) => u.picture !== undefined)).toBe(false);
      expect(notes.some((text) => text.startsWith('POLICY_BLOCKED'))).toBe(true);
    }
    const allowed = await say(socket, 'branch', { job, step: 20, prompt: 'a green tree' });
    const third = z.object({ job: z.string() }).parse(allowed.ok && allowed.value).job;
    await watcher.until((u) => u.job === third && u.picture !== undefined);
  });
});

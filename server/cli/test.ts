/** `lodestone test`: whether plugins, drawers and pulls do what they must, and pictures of what they draw. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import sharp from 'sharp';
import { z } from 'zod';
import {
  BUILT_IN_PLUGINS,
  contactSheet,
  loadRegistry,
  plainError,
  type RegisteredPlugin,
  type Registry,
  writeWhole,
} from '../../core/index.ts';
import { type Check, checksOfDrawer, checksOfPlugin, checksOfPull, writtenWith } from '../conformance/checks.ts';
import { eventsOf, type Ground, picturesIn } from '../conformance/run.ts';
import { usable } from '../plugins.ts';
import { type Shared, withEngine } from './shared.ts';
import type { Terminal } from './terminal.ts';

const wordsSchema = z.tuple([z.string()]);
const PROMPT = 'a sunflower';
const [SEEDS, STEPS, SIZE] = [[1, 2, 3, 4], 96, 256];

/** A few pictures to rank, and to look at. */
async function simplePictures(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lodestone-pictures-'));
  const shapes = {
    circle: '<circle cx="48" cy="48" r="34" fill="red"/>',
    square: '<rect x="16" y="16" width="64" height="64" fill="blue"/>',
    triangle: '<path d="M48 12 84 80H12Z" fill="gold"/>',
  };
  for (const [name, shape] of Object.entries(shapes)) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="#fff"/>${shape}</svg>`;
    await writeFile(join(folder, `${name}.png`), await sharp(Buffer.from(svg)).png().toBuffer());
  }
  return folder;
}

interface Subject {
  readonly name: string;
  readonly checks: readonly Check[];
  /** What Guide draws pictures of it with, beside the seed. */
  readonly drawn?: (ground: Ground) => Readonly<Record<string, unknown>>;
  readonly guide: RegisteredPlugin;
}

/** All that the folder has. */
function subjectsIn({ plugins, extensions, find }: Registry): Subject[] {
  const guide = find('guide');
  return [
    ...plugins
      .filter(({ builtIn }) => !builtIn)
      .map((plugin) => ({ name: `plugin ${plugin.id}`, checks: checksOfPlugin(plugin), guide })),
    ...extensions.map((one): Subject => {
      const { kind, id } = one;
      const own = (ground: Ground) => (kind === 'drawer' ? { drawer: id } : { pulls: writtenWith(one, 3, ground) });
      return {
        name: `${kind} ${id}`,
        checks: kind === 'drawer' ? checksOfDrawer(one, guide) : checksOfPull(one, guide),
        drawn: (ground) => ({ prompt: PROMPT, steps: STEPS, size: SIZE, tries: 1, ...own(ground) }),
        guide,
      };
    }),
  ];
}

/** Gives how many failed. */
async function tested({ name, checks }: Subject, ground: Ground, terminal: Terminal): Promise<number> {
  let failed = 0;
  for (const { what, run } of checks) {
    const wrong = await run(ground).catch((thrown: unknown) => {
      ground.signal.throwIfAborted();
      const { code, message } = plainError(thrown);
      return `${code}: ${message}`;
    });
    if (wrong !== undefined) failed += 1;
    terminal.line(
      `${wrong === undefined ? 'ok     ' : 'NOT OK '} ${name} ${what}${wrong === undefined ? '' : `\n        ${wrong}`}`,
    );
  }
  return failed;
}

/** At four seeds, beside each other. */
async function sheetOf({ name, drawn, guide }: Subject, ground: Ground): Promise<string | undefined> {
  if (!drawn) return undefined;
  const pictures: Uint8Array[] = [];
  for (const seed of SEEDS) {
    const { png } = picturesIn(await eventsOf(guide, { ...drawn(ground), seed }, ground));
    pictures.push(...png);
  }
  const file = resolve(`${name.replace(' ', '-')}.png`);
  await writeWhole(file, (await contactSheet(pictures, { columns: SEEDS.length, tile: SIZE })).bytes);
  return file;
}

export function testCommand(shared: Shared): Command {
  const command = new Command('test')
    .description(
      'Tries plugins, drawers and pulls: their bounds, garbage, cancelling, the same seed; draws what they draw.',
    )
    .argument('<folder>', 'a folder with an index file, or a folder of such files');
  return shared.finish(command, async (context, words) => {
    const [folder] = wordsSchema.parse(words.slice(0, 1));
    const { terminal, signal } = context;
    const registry = usable(await loadRegistry([BUILT_IN_PLUGINS, resolve(folder)]));
    for (const { message } of registry.broken) terminal.warn(message);
    const subjects = subjectsIn(registry);
    if (subjects.length === 0 && registry.broken.length === 0)
      terminal.warn(`${folder} has nothing that can be tested.`);
    let failed = registry.broken.length + Number(subjects.length === 0);
    const sheets: string[] = [];
    const pictures = await simplePictures();
    try {
      await withEngine(context, async (engine) => {
        const ground = { engine, pictures, signal };
        for (const subject of subjects) {
          const wrong = await tested(subject, ground, terminal);
          failed += wrong;
          // What cannot draw is not drawn.
          const sheet = wrong === 0 ? await sheetOf(subject, ground) : undefined;
          if (sheet) sheets.push(sheet);
          if (sheet) terminal.line(sheet);
        }
      });
    } finally {
      await rm(pictures, { recursive: true, force: true });
    }
    terminal.document({ failed, pictures: sheets });
    if (failed > 0) context.ended(1);
  });
}

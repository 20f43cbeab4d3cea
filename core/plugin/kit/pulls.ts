/** Pulls as people write them: `symmetry:2 | smooth:0.5 | palette[#102030 #ffeedd]:3 | edges[sketch.png]:4 | picks[likes.json]`. */
import { z } from 'zod';
import { decodePicture } from '../../clip/picture.ts';
import { parsePreference } from '../../engine/preference.ts';
import { meanDirection } from '../../engine/scores.ts';
import { failure } from '../../errors.ts';
import type { Extent } from '../../guidance/plane.ts';
import type { Direction, GuideRequest } from '../../guidance/protocol.ts';
import { palette, readyLoss } from '../../guidance/pulls/index.ts';
import { picturePulls, plainPulls } from '../../guidance/pulls/known.ts';
import type { Loss } from '../../guidance/pulls/loss.ts';
import { issuesOf } from '../../schemas.ts';
import { decodeText } from '../../text-file.ts';
import type { PluginContext } from '../define.ts';

type Losses = NonNullable<GuideRequest['losses']>;
/** What a run is given of pulls. */
export interface Pulls {
  readonly losses: Losses;
  readonly directions: readonly Direction[];
}
type Helpers = Pick<PluginContext, 'pictures' | 'read' | 'engine' | 'signal'>;
const WRITTEN = /^([a-z][a-z0-9-]*)(?:\[([^\]]*)\])?(?::\s*([+-]?(?:\d+\.?\d*|\.\d+)))?$/su;
const LIMIT = 1000;

/** What every pull is called, for help. */
export const pullNames = (): string[] => [
  ...plainPulls().map((p) => p.id),
  `${palette.id}[#colours]`,
  ...picturePulls().map((p) => `${p.id}[file]`),
  'picks[file.json]',
  'picks[folder of liked, folder of disliked]',
];

/** The same without what stands in brackets. */
export const pullIds = (): string[] => pullNames().map((name) => name.replace(/\[.*/, ''));

interface Written {
  readonly id: string;
  /** What stands in brackets. */
  readonly inside: string;
  readonly weight: number;
  refuse(what: string): never;
}

function readPart(part: string): Written {
  const refuse = (what: string): never => {
    throw failure('PULL_INVALID', { part, what, known: pullNames().join(', ') });
  };
  const match = WRITTEN.exec(part) ?? refuse('it is not written as name:weight or name[what]:weight');
  const [, id = '', inside = '', written = '1'] = match;
  const weight = Number(written);
  if (Math.abs(weight) > LIMIT) refuse(`its weight is not between -${LIMIT} and ${LIMIT}`);
  return { id, inside: inside.trim(), weight, refuse };
}

/** `frequency=3 angle=20` as settings of a pull. */
function settingsIn(inside: string, { id, settings }: Loss, refuse: Written['refuse']): unknown {
  const pairs = inside.split(/[\s,]+/u).filter((pair) => pair !== '');
  const values = pairs.map((pair) => {
    const [name = '', value = ''] = pair.split('=');
    return [name, value.trim() === '' || Number.isNaN(Number(value)) ? value : Number(value)] as const;
  });
  const names = settings instanceof z.ZodObject ? Object.keys(settings.shape) : [];
  const unknown = values.find(([name]) => !names.includes(name));
  if (unknown)
    refuse(names.length > 0 ? `${id} has ${names.join(', ')}, and no "${unknown[0]}"` : `${id} has no settings`);
  const parsed = settings.safeParse(Object.fromEntries(values));
  return parsed.success ? parsed.data : refuse(issuesOf(parsed.error));
}

async function lossOf(
  { id, inside, weight, refuse }: Written,
  extent: Extent,
  { pictures }: Pick<Helpers, 'pictures'>,
): Promise<Losses[number]> {
  const plain = plainPulls().find((p) => p.id === id);
  if (plain) return readyLoss(plain, settingsIn(inside, plain, refuse), weight, extent);
  if (id === palette.id) {
    const parsed = palette.settings.safeParse({ colours: inside.split(/[\s,]+/u).filter((c) => c !== '') });
    return readyLoss(palette, parsed.data ?? refuse('write its colours like palette[#1a2b3c #ffeedd]'), weight, extent);
  }
  const pictured = picturePulls().find((p) => p.id === id) ?? refuse('there is no such pull');
  const [found] = inside === '' ? [] : await pictures([inside]);
  const picture = found ?? refuse(`name its picture like ${id}[sketch.png]`);
  const raster = await decodePicture('path' in picture ? picture.path : picture.bytes, inside);
  return readyLoss(pictured, { picture: raster }, weight, extent);
}

const PICKS = 'picks';

/** What a person likes, as a direction: learned by "curate" and read from its file, or the way from disliked pictures to liked ones. */
async function picksOf({ inside, weight, refuse }: Written, context: Helpers): Promise<Direction> {
  const { engine, signal, pictures, read } = context;
  if (inside === '') refuse('name a file of picks, or folders of liked and disliked pictures');
  if (inside.toLowerCase().endsWith('.json')) {
    const { model, weights } = parsePreference(decodeText(await read(inside), inside), inside);
    const { hash } = await engine.info({ signal });
    if (model !== hash) refuse('it was learned with another model');
    return { name: PICKS, row: unitOf(Float32Array.from(weights)), weight };
  }
  const folders = inside.split(',').map((folder) => folder.trim());
  if (folders.length > 2 || folders.includes('')) refuse('write it as picks[liked, disliked], or picks[liked]');
  const means = folders.map(async (folder) =>
    meanDirection(await engine.embedAll(await pictures([folder]), { signal })),
  );
  const [liked, disliked = meanDirection(await engine.everyday({ signal }))] = await Promise.all(means);
  const row = (liked ?? disliked).data.map((v, i) => v - (disliked.data[i] ?? 0));
  return { name: PICKS, row: unitOf(row), weight };
}

function unitOf(row: Float32Array): Float32Array {
  const length = Math.hypot(...row) || 1;
  return row.map((v) => v / length);
}

/** Throws PULL_INVALID with the part that cannot be read, and what reading its picture or file throws. */
export async function parsePulls(source: string, extent: Extent, context: Helpers): Promise<Pulls> {
  const parts = source.split('|').map((p) => p.trim());
  const written = parts.filter((p) => p !== '').map(readPart);
  for (const [i, { id, refuse }] of written.entries())
    if (written.findIndex((w) => w.id === id) < i) refuse('it is named twice');
  const [picks, others] = [written.filter((w) => w.id === PICKS), written.filter((w) => w.id !== PICKS)];
  return {
    losses: await Promise.all(others.map((w) => lossOf(w, extent, context))),
    directions: await Promise.all(picks.map((w) => picksOf(w, context))),
  };
}

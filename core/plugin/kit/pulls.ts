/** Pulls as people write them: `symmetry:2 | smooth:0.5 | palette[#102030 #ffeedd]:3 | edges[sketch.png]:4`. */
import { decodePicture } from '../../clip/picture.ts';
import { failure } from '../../errors.ts';
import type { GuideRequest } from '../../guidance/protocol.ts';
import { PICTURE_PULLS, PLAIN_PULLS, palette, readyLoss } from '../../guidance/pulls/index.ts';
import type { Extent } from '../../guidance/step.ts';
import type { PluginContext } from '../define.ts';

type Losses = NonNullable<GuideRequest['losses']>;
const WRITTEN = /^([a-z]+)(?:\[([^\]]*)\])?(?::\s*([+-]?(?:\d+\.?\d*|\.\d+)))?$/su;
const LIMIT = 1000;

/** What every pull is called, for help. */
export const PULL_NAMES = [
  ...PLAIN_PULLS.map((p) => p.id),
  `${palette.id}[#colours]`,
  ...PICTURE_PULLS.map((p) => `${p.id}[file]`),
];

interface Written {
  readonly id: string;
  /** What stands in brackets. */
  readonly inside: string;
  readonly weight: number;
  refuse(what: string): never;
}

function readPart(part: string): Written {
  const refuse = (what: string): never => {
    throw failure('PULL_INVALID', { part, what, known: PULL_NAMES.join(', ') });
  };
  const match = WRITTEN.exec(part) ?? refuse('it is not written as name:weight or name[what]:weight');
  const [, id = '', inside = '', written = '1'] = match;
  const weight = Number(written);
  if (Math.abs(weight) > LIMIT) refuse(`its weight is not between -${LIMIT} and ${LIMIT}`);
  return { id, inside: inside.trim(), weight, refuse };
}

async function lossOf(
  { id, inside, weight, refuse }: Written,
  extent: Extent,
  { pictures }: Pick<PluginContext, 'pictures'>,
): Promise<Losses[number]> {
  const plain = PLAIN_PULLS.find((p) => p.id === id);
  if (plain) return readyLoss(plain, {}, weight, extent);
  if (id === palette.id) {
    const parsed = palette.settings.safeParse({ colours: inside.split(/[\s,]+/u).filter((c) => c !== '') });
    return readyLoss(palette, parsed.data ?? refuse('write its colours like palette[#1a2b3c #ffeedd]'), weight, extent);
  }
  const pictured = PICTURE_PULLS.find((p) => p.id === id) ?? refuse('there is no such pull');
  const [found] = inside === '' ? [] : await pictures([inside]);
  const picture = found ?? refuse(`name its picture like ${id}[sketch.png]`);
  const raster = await decodePicture('path' in picture ? picture.path : picture.bytes, inside);
  return readyLoss(pictured, { picture: raster }, weight, extent);
}

/** Throws PULL_INVALID with the part that cannot be read, and what reading its picture throws. */
export async function parsePulls(
  source: string,
  extent: Extent,
  context: Pick<PluginContext, 'pictures'>,
): Promise<Losses> {
  const parts = source.split('|').map((p) => p.trim());
  const written = parts.filter((p) => p !== '').map(readPart);
  for (const [i, { id, refuse }] of written.entries())
    if (written.findIndex((w) => w.id === id) < i) refuse('it is named twice');
  return Promise.all(written.map((w) => lossOf(w, extent, context)));
}

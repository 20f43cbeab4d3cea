/** How well what the plugins see in composites agrees with what was put there. */
import sharp from 'sharp';
import { type HostServices, loadRegistry } from '../../core/index.ts';
import { areaOf, composites, type Placed } from './composites.ts';
import { eventsOf, tableOf } from './events.ts';

interface Agreement {
  /** Mean over all things, 0..1. */
  readonly found: number;
  /** What chance would give: the mean share of the picture that a thing takes. */
  readonly chance: number;
}
interface Looked {
  readonly services: HostServices;
  /** Where the composites are written. */
  readonly folder: string;
  /** How many things there are in each, and how many composites. */
  readonly things: 2 | 4;
  readonly many: number;
}

const within = ({ left, top, right, bottom }: Placed['box'], x: number, y: number): boolean =>
  x > left && x < right && y > top && y < bottom;

/** The share of things in whose box the centre of detect's best box lies. */
export async function detectedCentres({ services, folder, things, many }: Looked): Promise<Agreement> {
  const detect = (await loadRegistry()).find('detect');
  const [hits, areas]: [number[], number[]] = [[], []];
  for (const { path, things: placed } of await composites(things, many, folder)) {
    const parameters = { pictures: [path], phrases: placed.map((p) => p.concept), threshold: 0, most: 1 };
    const { rows } = tableOf(await eventsOf(detect, parameters, services), /found/);
    for (const { concept, box } of placed) {
      const [, , , left = 0, top = 0, right = 0, bottom = 0] = rows.find((r) => r[1] === concept) ?? [];
      hits.push(within(box, (Number(left) + Number(right)) / 2, (Number(top) + Number(bottom)) / 2) ? 1 : 0);
      areas.push(areaOf(box));
    }
  }
  return { found: mean(hits), chance: mean(areas) };
}

/** The share of explain's heat that lies in the box of the thing that is asked for, read off the overlay. */
export async function heatInside({ services, folder, things, many }: Looked): Promise<Agreement> {
  const explain = (await loadRegistry()).find('explain');
  const [shares, areas]: [number[], number[]] = [[], []];
  for (const { path, things: placed } of await composites(things, many, folder))
    for (const { concept, box } of placed) {
      const parameters = { prompt: concept, pictures: [path], check: false };
      const [overlay] = (await eventsOf(explain, parameters, services)).flatMap((e) =>
        e.type === 'picture' ? [e.bytes] : [],
      );
      shares.push(overlay ? await colourInside(overlay, box) : 0);
      areas.push(areaOf(box));
    }
  return { found: mean(shares), chance: mean(areas) };
}

/** Grey is what heat leaves alone; colour is heat. */
async function colourInside(png: Uint8Array, box: Placed['box']): Promise<number> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  let [inside, all] = [0, 0];
  for (let at = 0; at < data.length; at += 3) {
    const colour = Math.max(0, (data[at] ?? 0) - (data[at + 2] ?? 0));
    const [x, y] = [(at / 3) % info.width, Math.floor(at / 3 / info.width)];
    all += colour;
    if (within(box, x / info.width, y / info.height)) inside += colour;
  }
  return inside / (all || 1);
}

export const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);

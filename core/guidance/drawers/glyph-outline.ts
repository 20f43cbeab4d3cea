/** Letters and emoji as outlines and as distances to their edges, from two free fonts: Archivo Black for letters, Noto Emoji for signs. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Font } from 'opentype.js';
import { failure } from '../../errors.ts';
import { opentype } from '../../required.ts';
import { point } from '../svg.ts';

const FILES = [
  '@fontsource/archivo-black/files/archivo-black-latin-400-normal.woff',
  '@fontsource/noto-emoji/files/noto-emoji-emoji-700-normal.woff',
];
/** Cells along a side of a table of distances. */
export const CELLS = 96;
/** The table reaches so far from the middle of a glyph whose longer side is 1. */
export const REACH = 0.7;
/** Pieces that a curve is cut into. */
const PIECES = 6;

type Place = readonly [number, number];

export interface GlyphOutline {
  /** Closed outlines around the middle of the glyph, whose longer side is 1; y goes down. */
  readonly rings: readonly (readonly Place[])[];
  /** How deep inside the glyph the middle of each cell lies, negative outside: [CELLS, CELLS], in the same units. */
  readonly depth: Float32Array;
}

let fonts: readonly Font[] | undefined;
function loaded(): readonly Font[] {
  fonts ??= FILES.map((file) => {
    const bytes = readFileSync(createRequire(import.meta.url).resolve(file));
    return opentype().parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer); // a file's bytes are never shared
  });
  return fonts;
}

/** The signs of a text, one a glyph that is drawn; blanks and joiners are passed over. */
export function signsOf(text: string): string[] {
  const segments = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)];
  return segments
    .map(({ segment }) => String.fromCodePoint(segment.codePointAt(0) ?? 32))
    .filter((s) => s.trim() !== '');
}

/** Twice the area that a ring encloses. */
const areaOf = (ring: readonly Place[]): number =>
  Math.abs(
    ring.reduce((sum, a, i) => {
      const b = ring[(i + 1) % ring.length] ?? a;
      return sum + a[0] * b[1] - b[0] * a[1];
    }, 0),
  );
function encloses(ring: readonly Place[], [x, y]: Place): boolean {
  return ring.reduce((inside, a, i) => {
    const b = ring[(i + 1) % ring.length] ?? a;
    return a[1] <= y !== b[1] <= y && x < a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0]) ? !inside : inside;
  }, false);
}
/** The rings that lie in no other: what is drawn of an emoji is its silhouette, since the font draws its signs in lines. */
function silhouette(rings: readonly Place[][]): Place[][] {
  const largest = rings.toSorted((a, b) => areaOf(b) - areaOf(a));
  return largest.filter((ring, i) => !largest.slice(0, i).some((other) => ring[0] && encloses(other, ring[0])));
}

function ringsOf(sign: string): Place[][] {
  const fonts = loaded();
  const font = fonts.find((f) => f.charToGlyphIndex(sign) > 0);
  if (!font) throw failure('GLYPH_MISSING', { sign });
  const rings: Place[][] = [];
  let at: Place = [0, 0];
  const to = (place: (share: number) => Place, pieces: number): void => {
    for (let k = 1; k <= pieces; k++) rings.at(-1)?.push(place(k / pieces));
    at = place(1);
  };
  for (const c of font.charToGlyph(sign).getPath(0, 0, 1).commands) {
    const from = at;
    const mixed = (places: readonly Place[], shares: readonly number[]): Place => [
      places.reduce((sum, p, i) => sum + p[0] * (shares[i] ?? 0), 0),
      places.reduce((sum, p, i) => sum + p[1] * (shares[i] ?? 0), 0),
    ];
    if (c.type === 'M') {
      at = [c.x, c.y];
      rings.push([at]);
    } else if (c.type === 'L') to(() => [c.x, c.y], 1);
    else if (c.type === 'Q')
      to((t) => mixed([from, [c.x1, c.y1], [c.x, c.y]], [(1 - t) ** 2, 2 * t * (1 - t), t * t]), PIECES);
    else if (c.type === 'C')
      to(
        (t) =>
          mixed(
            [from, [c.x1, c.y1], [c.x2, c.y2], [c.x, c.y]],
            [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3],
          ),
        PIECES,
      );
  }
  const closed = rings.filter((r) => r.length > 2);
  return font === fonts[0] ? closed : silhouette(closed);
}

/** Square of the distance from a place to a segment. */
function apart(x: number, y: number, a: Place, b: Place): number {
  const [ux, uy] = [b[0] - a[0], b[1] - a[1]];
  const share = Math.min(1, Math.max(0, ((x - a[0]) * ux + (y - a[1]) * uy) / (ux * ux + uy * uy + 1e-12)));
  return (x - a[0] - share * ux) ** 2 + (y - a[1] - share * uy) ** 2;
}

/** Throws GLYPH_MISSING for a sign that neither font has. */
export function glyphOutline(sign: string): GlyphOutline {
  const raw = ringsOf(sign);
  const all = raw.flat();
  const [xs, ys] = [all.map((p) => p[0]), all.map((p) => p[1])];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = 1 / Math.max(right - left, bottom - top, 1e-6);
  const centred = (p: Place): Place => [(p[0] - (left + right) / 2) * scale, (p[1] - (top + bottom) / 2) * scale];
  const rings = raw.map((ring) => ring.map(centred));
  const depth = new Float32Array(CELLS * CELLS);
  for (let cell = 0; cell < depth.length; cell++) {
    const middle = (i: number): number => ((2 * (i + 0.5)) / CELLS - 1) * REACH;
    const [x, y] = [middle(cell % CELLS), middle(Math.floor(cell / CELLS))];
    let [nearest, winding] = [Number.POSITIVE_INFINITY, 0];
    for (const ring of rings)
      for (const [i, a] of ring.entries()) {
        const b = ring[(i + 1) % ring.length] ?? a;
        nearest = Math.min(nearest, apart(x, y, a, b));
        const crosses = a[1] <= y !== b[1] <= y && x < a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0]);
        if (crosses) winding += b[1] > a[1] ? 1 : -1;
      }
    depth[cell] = (winding === 0 ? -1 : 1) * Math.sqrt(nearest);
  }
  return { rings, depth };
}

/** SVG path data of a glyph at a place, its longer side `size`, turned by radians. */
export function glyphPath({ rings }: GlyphOutline, [x, y]: Place, size: number, turn: number): string {
  const [cosine, sine] = [Math.cos(turn) * size, Math.sin(turn) * size];
  return rings
    .map((ring) => `M${ring.map(([u, v]) => point(x + cosine * u - sine * v, y + sine * u + cosine * v)).join(' L')}Z`)
    .join('');
}

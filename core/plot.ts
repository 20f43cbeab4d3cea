/** Plots as SVG, for run folders and reports: scales and paths by d3. */
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';

/** Colours that are told apart by people who see few of them too (Okabe and Ito, 2008). */
const COLOURS = ['#d55e00', '#0072b2', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#444444', '#b8a000'];
const [WIDTH, HEIGHT] = [720, 360];
const EDGE = { left: 64, right: 24, top: 44, bottom: 48 };
const FONT = 'font-family="system-ui, DejaVu Sans, sans-serif"';
const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

export interface Series {
  readonly name: string;
  /** (x, y), in order of x. */
  readonly points: readonly (readonly [number, number])[];
}
export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
}

/** A line of more points than this is drawn through every so manieth. */
const MOST_POINTS = 2 * WIDTH;
function thinned(points: Series['points']): Series['points'] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return every > 1 ? points.filter((_, i) => i % every === 0 || i === points.length - 1) : points;
}

/** One line a series, with axes and a legend. */
export function linePlot({ title, x: xLabel, y: yLabel, series }: Plot): string {
  const all = series.flatMap((s) => s.points);
  const range = (axis: 0 | 1): [number, number] => {
    const values = all.map((p) => p[axis]).filter(Number.isFinite);
    const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    if (low > high) return [0, 1];
    return low === high ? [low - 0.5, high + 0.5] : [low, high];
  };
  const x = scaleLinear(range(0), [EDGE.left, WIDTH - EDGE.right]);
  const y = scaleLinear(range(1), [HEIGHT - EDGE.bottom, EDGE.top]).nice();
  const path = line<readonly [number, number]>(
    (p) => x(p[0]),
    (p) => y(p[1]),
  ).digits(1);
  const text = (at: string, what: string, more = ''): string =>
    `<text ${at} ${FONT} font-size="12" ${more}>${escaped(what)}</text>`;
  const shown = series.slice(0, COLOURS.length);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT + 20 * shown.length}" width="${WIDTH}" height="${HEIGHT + 20 * shown.length}">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(`x="${EDGE.left}" y="24"`, title, 'font-weight="600"'),
    ...y
      .ticks(6)
      .flatMap((tick) => [
        `<line x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${y(tick)}" y2="${y(tick)}" stroke="#ddd"/>`,
        text(`x="${EDGE.left - 8}" y="${y(tick) + 4}"`, y.tickFormat(6)(tick), 'text-anchor="end" fill="#555"'),
      ]),
    ...x
      .ticks(8)
      .map((tick) =>
        text(
          `x="${x(tick)}" y="${HEIGHT - EDGE.bottom + 20}"`,
          x.tickFormat(8)(tick),
          'text-anchor="middle" fill="#555"',
        ),
      ),
    text(`x="${(EDGE.left + WIDTH - EDGE.right) / 2}" y="${HEIGHT - 8}"`, xLabel, 'text-anchor="middle"'),
    text(`transform="translate(16 ${HEIGHT / 2}) rotate(-90)"`, yLabel, 'text-anchor="middle"'),
    ...shown.flatMap((s, i) => [
      `<path d="${path(thinned(s.points)) ?? ''}" fill="none" stroke="${COLOURS[i]}" stroke-width="1.8"/>`,
      `<rect x="${EDGE.left}" y="${HEIGHT + 20 * i - 4}" width="18" height="4" fill="${COLOURS[i]}"/>`,
      text(`x="${EDGE.left + 26}" y="${HEIGHT + 20 * i + 2}"`, s.name),
    ]),
    '</svg>\n',
  ].join('\n');
}

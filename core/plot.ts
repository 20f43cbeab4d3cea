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
  /** Places on the x axis that lines across the plot show. */
  readonly marks?: readonly { readonly name: string; readonly x: number }[];
}

/** A line of more points than this is drawn through every so manieth. */
const MOST_POINTS = 2 * WIDTH;
function thinned(points: Series['points']): Series['points'] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return every > 1 ? points.filter((_, i) => i % every === 0 || i === points.length - 1) : points;
}

/** One line a series, with axes and a legend. */
export function linePlot({ title, x: xLabel, y: yLabel, series, marks = [] }: Plot): string {
  const all = series.flatMap((s) => s.points);
  const range = (axis: 0 | 1): [number, number] => {
    const marked = axis === 0 ? marks.map((m) => m.x) : [];
    const values = [...all.map((p) => p[axis]), ...marked].filter(Number.isFinite);
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
  const marked = marks.slice(0, COLOURS.length - shown.length);
  const legend = [...shown, ...marked].map(({ name }) => name);
  const tall = HEIGHT + 20 * legend.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${tall}" width="${WIDTH}" height="${tall}">`,
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
    ...shown.map(
      (s, i) => `<path d="${path(thinned(s.points)) ?? ''}" fill="none" stroke="${COLOURS[i]}" stroke-width="1.8"/>`,
    ),
    ...marked.map(({ x: at }, i) => {
      const place = `x1="${x(at)}" x2="${x(at)}" y1="${EDGE.top}" y2="${HEIGHT - EDGE.bottom}"`;
      return `<line ${place} stroke="${COLOURS[shown.length + i]}" stroke-width="2.4"/>`;
    }),
    ...legend.flatMap((name, i) => [
      `<rect x="${EDGE.left}" y="${HEIGHT + 20 * i - 4}" width="18" height="4" fill="${COLOURS[i]}"/>`,
      text(`x="${EDGE.left + 26}" y="${HEIGHT + 20 * i + 2}"`, name),
    ]),
    '</svg>\n',
  ].join('\n');
}

/** Places at which a density is worked out. */
const DENSE = 160;

/** How values lie, as a smooth curve that encloses an area of 1: Gaussian kernels as wide as Silverman's rule has it (Density Estimation, 1986, equation 3.31). */
export function densityOf(values: readonly number[]): Series['points'] {
  const order = values.toSorted((a, b) => a - b);
  const at = (share: number): number => order[Math.round(share * (order.length - 1))] ?? 0;
  const mean = order.reduce((a, b) => a + b, 0) / order.length;
  const deviation = Math.sqrt(order.reduce((sum, v) => sum + (v - mean) ** 2, 0) / order.length);
  const spread = Math.min(deviation, (at(0.75) - at(0.25)) / 1.34) || deviation;
  const width = 0.9 * spread * order.length ** -0.2;
  if (!(width > 0)) return [];
  const [low, high] = [at(0) - 3 * width, at(1) + 3 * width];
  return Array.from({ length: DENSE }, (_, i) => {
    const x = low + ((high - low) * i) / (DENSE - 1);
    const sum = order.reduce((total, v) => total + Math.exp(-((x - v) ** 2) / (2 * width ** 2)), 0);
    return [x, sum / (order.length * width * Math.sqrt(2 * Math.PI))] as const;
  });
}

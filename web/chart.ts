/** The score chart: one line a prompt. */
import uPlot from 'uplot';
import type { Update } from '../server/wire.ts';
import { percentOf } from './run-words.ts';

const COLOURS = ['#e0563a', '#e9b44c', '#7fb3a6', '#9a8fd1', '#d98fb0', '#8fb7d9', '#b5c46a', '#c9bfae'];

const GUIDING = ' (guiding eye)';
const HEIGHT = 90;

export interface Chart {
  /** Puts points at their place; a new job's first points clear the chart. */
  add(from: number, points: Update['chart']): void;
  clear(): void;
}

export function createChart(place: HTMLElement): Chart {
  let plot: uPlot | undefined;
  let names: string[] = [];
  let points: Update['chart'] = [];
  const data = (): uPlot.AlignedData => [
    points.map((p) => p.x),
    ...names.map((n) => points.map((p) => p.series[n] ?? null)),
  ];
  const axis: uPlot.Axis = {
    stroke: '#8a8276',
    grid: { stroke: 'rgb(128 120 110 / 0.25)', width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
    size: 36,
  };
  /** The value under the cursor, or the last, with how it stands among everyday captions. */
  const said = (label: string, value: number | null, at: number | null): string => {
    const point = points[at ?? points.length - 1];
    const shown = value ?? point?.series[label];
    const standing = point?.percentiles?.[label];
    const percent = standing === undefined ? '' : `, fits better than ${percentOf(standing)}`;
    return shown === undefined ? '–' : `${shown.toFixed(3)}${percent}`;
  };
  /** What judges is looked at; what guides, and is pleased more easily, is a line that can be had. */
  const seen = (label: string): boolean => !label.endsWith(GUIDING) || !names.includes(label.slice(0, -GUIDING.length));
  const draw = (): void => {
    // Prompts that were changed, and scenes that are done, keep their lines.
    const now = [...new Set(points.flatMap((p) => Object.keys(p.series)))].slice(-COLOURS.length);
    if (!plot || now.join() !== names.join()) {
      plot?.destroy();
      names = now;
      plot = new uPlot(
        {
          width: Math.max(240, place.clientWidth),
          height: HEIGHT,
          cursor: { y: false },
          legend: { show: true, live: true },
          scales: { x: { time: false } },
          axes: [{ ...axis, size: 26 }, axis],
          series: [
            { label: 'step' },
            ...names.map((label, i) => ({
              label,
              stroke: COLOURS[i % COLOURS.length] ?? '#fff',
              width: 1.5,
              points: { show: false },
              show: seen(label),
              value: (_: uPlot, v: number | null, _s: number, at: number | null) => said(label, v, at),
            })),
          ],
        },
        data(),
        place,
      );
    } else plot.setData(data());
  };
  const sized = new ResizeObserver(() => plot?.setSize({ width: Math.max(240, place.clientWidth), height: HEIGHT }));
  sized.observe(place);
  return {
    add(from, more) {
      if (more.length === 0) return;
      points = [...points.slice(0, from), ...more];
      draw();
    },
    clear() {
      points = [];
      plot?.destroy();
      plot = undefined;
      names = [];
      sized.disconnect();
      place.replaceChildren();
    },
  };
}

/** States of runs as a folder keeps them, made by chance. */
import type { Resumable } from '../../core/plugin/run-folder.ts';
import type { Recipe } from '../../core/plugin/run-record.ts';
import { gaussian } from '../../core/random.ts';

/** A run of two parameters with their moments, a log of changes, and scores. */
export function resumableOf(random: () => number): Resumable {
  const step = 1 + Math.floor(random() * 200);
  const numbers = (length: number): Float32Array => Float32Array.from({ length }, () => gaussian(random));
  const names = ['places', 'places first', 'places second', 'ink'];
  return {
    checkpoint: {
      step,
      values: Object.fromEntries(names.map((name) => [name, numbers(8 + Math.floor(random() * 300))])),
      ...(random() < 0.5 ? { others: ['c'.repeat(64)] } : {}),
    },
    script: [{ step: 1, steer: { prompt: 'ein größerer Fuchs 🦊', settings: { rate: random() } } }],
    chart: Array.from({ length: Math.min(step, 40) }, (_, x) => ({
      type: 'chart',
      x,
      series: { 'a fox': random() },
      percentiles: { 'a fox': Math.round(random() * 100) },
    })),
  };
}

/** How a run was begun and what was changed. */
export function recipeOf(random: () => number): Recipe {
  const steps = 1 + Math.floor(random() * 200);
  const hash = (digit: string): string => digit.repeat(64);
  return {
    format: 1,
    plugin: { id: 'guide', version: '1.0.0' },
    parameters: { prompt: 'a red heart', steps, size: 64, crops: 2, rate: random(), palette: ['#f00', '#fff'] },
    model: { hash: hash('a'), name: 'someone/clip', variant: 'q4' },
    threads: 2,
    onnxruntime: '1.30.0',
    others: [hash('b')],
    inputs: [{ path: '/pictures/größer.png', sha256: '0123456789abcdef'.repeat(4) }],
    script: [{ step: 4, steer: { prompt: 'a blue heart', settings: { rate: 1.5 } } }],
    steps,
  };
}

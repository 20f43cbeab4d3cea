/** Runs the benchmarks: `npm run bench`, `npm run bench -- --json`. */
import { join } from 'node:path';
import { mustRun, prepare, root, tool } from './prepare.js';

prepare();
mustRun(
  process.execPath,
  ['--import', tool('tsx', 'dist', 'loader.mjs'), join(root, 'test', 'bench', 'main.ts'), ...process.argv.slice(2)],
  { output: 'inherit' },
);

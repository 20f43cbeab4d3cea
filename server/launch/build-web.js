/** Bundles the studio into dist/web. */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { english } from './english.js';
import { root } from './prepare.js';

const out = process.argv[2] ?? join(root, 'dist', 'web');
mkdirSync(out, { recursive: true });
await build({
  entryPoints: [join(root, 'web', 'studio.tsx'), join(root, 'web', 'studio.css')],
  bundle: true,
  minify: true,
  sourcemap: true,
  target: 'es2022',
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  outdir: out,
  logLevel: 'warning',
  plugins: [english],
});
for (const file of ['index.html', 'icon.svg', 'drawers'])
  cpSync(join(root, 'web', file), join(out, file), { recursive: true });

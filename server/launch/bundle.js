/**
 * Puts the program's modules together to few: Node takes about a millisecond for each that it loads, and Lodestone starts many processes. What is
 * shared between entries lies in chunks, dynamic imports stay so, and each module still finds its place in the build.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { english } from './english.js';
import { root } from './prepare.js';

/** What is started or imported by its place. */
const ENTRIES = [
  'core/index.ts',
  'core/author.ts',
  'core/image/main.ts',
  'core/plugin/describe.ts',
  'core/plugin/describe-built-in.ts',
  'core/plugin/runner.ts',
  'core/store/main.ts',
  'core/worker/main.ts',
  'server/cli/main.ts',
  // For the scripts beside this one.
  'core/autodiff/support-table.ts',
  'server/plugin-page.ts',
];
/** Packages of many small modules; all others stay where they are installed. */
const INSIDE = /^(?:zod|env-paths|is-safe-filename|internmap|d3-[a-z-]+|umap-js|ml-[a-z-]+|is-any-array)(?:\/|$)/;
/** Stands for the way from a file up to the build, until it is known which file a module is in. */
const UP = '__UP_TO_THE_BUILD__/';

const posix = (path) => path.split(sep).join('/');
const plugins = readdirSync(join(root, 'plugins')).map((name) =>
  name.endsWith('.ts') ? `plugins/${name}` : `plugins/${name}/index.ts`,
);

const placed = {
  name: 'placed',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || INSIDE.test(path) ? undefined : { path, external: true },
    );
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const place = posix(relative(root, path)).replace(/\.ts$/, '.js');
      const address = `new URL(${JSON.stringify(UP + place)}, import.meta.url).href`;
      return { loader: 'ts', contents: readFileSync(path, 'utf8').replace(/(?<!['"])import\.meta\.url/g, address) };
    });
  },
};

/** The licences of the packages that went in. */
function licences(inputs) {
  const packages = new Set(
    Object.keys(inputs).flatMap((path) => /(?:^|\/)(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  );
  return [...packages].sort().map((folder) => {
    const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(name));
    if (!file) throw new Error(`${folder} has no licence to hand on`);
    return `${folder.replace('node_modules/', '')}\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
  });
}

const out = process.argv[2] ?? join(root, 'dist');
const { outputFiles, metafile } = await build({
  entryPoints: [...ENTRIES, ...plugins].map((path) => join(root, path)),
  absWorkingDir: root,
  outbase: root,
  outdir: out,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  minifyWhitespace: true,
  logLevel: 'warning',
  plugins: [english, placed],
});
for (const { path, contents, text } of outputFiles) {
  const depth = relative(out, path).split(sep).length - 1;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, path.endsWith('.js') ? text.replaceAll(UP, '../'.repeat(depth) || './') : contents);
}
writeFileSync(join(out, 'THIRD-PARTY.txt'), licences(metafile.inputs).join('\n\n'));

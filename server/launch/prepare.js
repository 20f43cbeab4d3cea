/** Makes a clone ready to run: installs what is missing, builds what is stale. Plain JavaScript, since nothing else runs before it. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const SOURCES = ['core', 'plugins', 'server', 'web', 'package.json', 'tsconfig.json'];
const at = (...parts) => join(root, ...parts);
const OLDEST_NODE = [20, 19];

/** A clone has the sources' configuration; a package has only the build. */
export const isClone = existsSync(at('tsconfig.json'));

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  process.stderr.write(`Lodestone needs Node ${OLDEST_NODE.join('.')} or later; this is ${process.versions.node}.\n`);
  process.exit(1);
}

/** Runs a program with its output on standard error, so that standard output stays the command's own. Ends this process when it fails. */
export function mustRun(command, args, { output = 2 } = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    // On Windows npm is a script of the shell's.
    shell: process.platform === 'win32' && command === 'npm',
    stdio: ['ignore', output, 2],
    // onnxruntime-node's install script fetches GPU binaries that are not needed, from a host of its own.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (status === 0) return;
  process.stderr.write(`\n${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}.\n`);
  process.exit(1);
}

export const tool = (...parts) => at('node_modules', ...parts);

function install() {
  const mark = tool('.package-lock.json');
  if (existsSync(mark) && statSync(mark).mtimeMs >= statSync(at('package-lock.json')).mtimeMs) return;
  process.stderr.write('Installing what is missing…\n');
  // Not `npm ci`: it refuses a lockfile that lacks the optional builds for other platforms.
  mustRun('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  // npm leaves this mark as it was when nothing changed.
  const now = new Date();
  if (existsSync(mark)) utimesSync(mark, now, now);
}

function newest(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return readdirSync(path)
    .filter((name) => name !== 'embedded' && !name.startsWith('.'))
    .reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0);
}

export function build({ force = false } = {}) {
  const stamp = at('dist', '.built');
  const made = String(Math.max(...SOURCES.map((s) => newest(at(s)))));
  if (!force && existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return;
  process.stderr.write('Building…\n');
  // Aside, then renamed: a studio that runs goes on with what it has, and never finds half of it.
  const [aside, old] = [at('dist', '..', `.dist-${process.pid}`), at('dist', '..', `.dist-${process.pid}-old`)];
  try {
    mustRun(process.execPath, [
      tool('typescript', 'bin', 'tsc'),
      ...['-p', 'tsconfig.json', '--outDir', aside, '--emitDeclarationOnly', '--sourceMap', 'false'],
    ]);
    mustRun(process.execPath, [at('server', 'launch', 'bundle.js'), aside]);
    mustRun(process.execPath, [at('server', 'launch', 'build-web.js'), join(aside, 'web')]);
    writeFileSync(join(aside, '.built'), made);
    mustRun(process.execPath, [join(aside, 'core', 'plugin', 'describe-built-in.js')]);
    if (existsSync(at('dist'))) renameSync(at('dist'), old);
    renameSync(aside, at('dist'));
  } finally {
    for (const left of [aside, old]) rmSync(left, { recursive: true, force: true });
  }
}

/** Nothing to do in an installed package. */
export function prepare({ building = true } = {}) {
  checkNode();
  if (!isClone) return;
  install();
  if (building) build();
}

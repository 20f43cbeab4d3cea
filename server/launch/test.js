/**
 * The test command: formatter and linter, types, arrows, dead code, then every quick test; with --slow instead what is slow by nature. The same on
 * every machine and in CI.
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root, tool } from './prepare.js';

/** What tests want that npm does not install: where it usually is, and how it is named where it is not. */
const WANTED = {
  LODESTONE_CHROMIUM: ['Chromium', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  LODESTONE_REDIS: [
    'redis-server',
    '/usr/bin/redis-server',
    '/usr/local/bin/redis-server',
    '/opt/homebrew/bin/redis-server',
  ],
};

prepare();
const found = {};
for (const [variable, [what, ...places]] of Object.entries(WANTED)) {
  const path = [process.env[variable], ...places].find((place) => place && existsSync(place));
  if (path) found[variable] = path;
  else {
    process.stdout.write(`No ${what} was found: its tests are left out. Install it, or name it with ${variable}.\n`);
    if (process.env['CI']) process.exit(1);
  }
}
const given = process.argv.slice(2);
const slow = given.includes('--slow');
/** Settles with whether it found nothing; what it printed is shown when it has ended. It works while tests wait, and lets them go first. */
const check = (title, ...command) =>
  new Promise((resolve) => {
    const { pid } = execFile(process.execPath, command, { cwd: root, maxBuffer: 2 ** 26 }, (error, out, err) => {
      process.stdout.write(`\n${title}${error ? '' : ': nothing wrong'}\n${error ? `${out}${err}` : ''}`);
      resolve(!error);
    });
    if (pid) setPriority(pid, 10);
  });

/** Whether all of them found nothing. */
async function checks() {
  const passed = await Promise.all([
    check('Format and lint', tool('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '.'),
    ...['tsconfig.json', 'web/tsconfig.json', 'test/tsconfig.json'].map((project) =>
      check(`Types of ${project}`, tool('typescript', 'bin', 'tsc'), '-p', project, '--noEmit'),
    ),
    check(
      'Arrows between rooms',
      '--import',
      './server/launch/parse-jsx.js',
      tool('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      ...['core', 'plugins', 'server', 'web', 'examples'],
    ),
    check('Dead code', tool('knip', 'bin', 'knip.js')),
  ]);
  return passed.every(Boolean);
}

process.stdout.write(slow ? '\nSlow tests\n' : '\nTests\n');
const report = join(root, 'node_modules', '.vitest-report.json');
const table = mkdtempSync(join(tmpdir(), 'lodestone-table-'));
rmSync(report, { force: true });
const tests = spawn(
  process.execPath,
  [
    tool('vitest', 'vitest.mjs'),
    'run',
    '--config',
    slow ? 'test/vitest.slow.config.ts' : 'test/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
    ...given.filter((word) => word !== '--slow'),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, LODESTONE_FUZZ_TABLE: table, ...found },
  },
);
const ended = once(tests, 'exit');
const sound = slow || (await checks());
// Who has left a fault that is found in seconds waits for no tests.
if (!sound) tests.kill();
const [status] = await ended;
/** Tests that were ended leave what they made. */
for (const folder of ['/dev/shm', tmpdir()].filter((place) => existsSync(place)))
  for (const name of readdirSync(folder))
    if (name.startsWith(`lodestone-tests-${tests.pid}-`)) rmSync(join(folder, name), { recursive: true, force: true });
/** What fuzzing and kills have counted. */
for (const name of readdirSync(table).sort()) {
  const { name: what, cases, outcomes } = JSON.parse(readFileSync(join(table, name), 'utf8'));
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  process.stdout.write(`${String(cases).padStart(6)}  ${what}: ${counts.join(', ')}\n`);
}
rmSync(table, { recursive: true, force: true });
if (existsSync(report)) {
  const { numPassedTests = 0, numFailedTests = 0 } = JSON.parse(readFileSync(report, 'utf8'));
  process.stdout.write(`\n${numPassedTests} passed, ${numFailedTests} failed\n`);
}
process.exit(sound ? (status ?? 1) : 1);

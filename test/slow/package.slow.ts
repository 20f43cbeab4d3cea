import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { drawn, temporaryFolder } from '../support/pictures.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const environment = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', npm_config_loglevel: 'error' };

it('the package installs in an empty folder and runs there: the studio, a score, an import', async () => {
  const folder = await temporaryFolder();
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    env: environment,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await writeFile(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  await run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', join(folder, filename)], {
    cwd: folder,
    env: environment,
  });

  await writeFile(join(folder, 'heart.png'), await drawn('heart', 'red'));
  const scored = await run('npx', ['lodestone', 'score', 'heart.png', 'a heart', 'a boat', '--json'], { cwd: folder });
  expect(JSON.parse(scored.stdout).scores[0].text).toBe('a heart');

  const imported = await run(
    process.execPath,
    ['-e', "import('lodestone').then((m) => console.log(typeof m.Engine))"],
    { cwd: folder },
  );
  expect(imported.stdout.trim()).toBe('function');

  const studio = spawn('npx', ['lodestone', 'start', '--port', '0', '--data', join(folder, 'data'), '--json'], {
    cwd: folder,
    detached: true,
  });
  try {
    const line = await new Promise<string>((resolve) =>
      studio.stdout.once('data', (d: Buffer) => resolve(d.toString())),
    );
    const { url } = JSON.parse(line) as { url: string };
    expect(await (await fetch(url)).text()).toContain('studio.js');
    expect((await fetch(new URL('studio.js', url))).status).toBe(200);
  } finally {
    if (studio.pid) process.kill(-studio.pid, 'SIGTERM');
  }
}, 180_000);

/** Takes a picture of each example in the studio, for the plugins' pages: `npx tsx examples/jobs/pictures.ts`, or with the ids of some. Wants a Chromium (LODESTONE_CHROMIUM). */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { writeWhole } from '../../core/index.ts';
import { jobs, PICTURES } from './jobs.ts';

const here = dirname(fileURLToPath(import.meta.url));
const docs = join(here, '../../web/docs');
const data = await mkdtemp(join(tmpdir(), 'lodestone-docs-'));
const bin = join(here, '../../server/launch/bin.js');
const server = spawn(process.execPath, [bin, 'start', '--port', '0', '--data', data, '--allow', PICTURES, data], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise<string>((resolve) => {
  server.stdout.on('data', (chunk: Buffer) => {
    const found = /http:\S+/.exec(chunk.toString());
    if (found) resolve(found[0]);
  });
});
const browser = await chromium.launch({
  executablePath: process.env['LODESTONE_CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
const wanted = process.argv.slice(2);
try {
  for (const [id, parameters] of await jobs(data)) {
    if (wanted.length > 0 && !wanted.includes(id)) continue;
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 860 } })).newPage();
    // The studio opens with the plugin that was chosen last.
    await page.addInitScript((plugin) => localStorage.setItem('lodestone:plugin', JSON.stringify(plugin)), id);
    await page.goto(url);
    await page.locator('#go:enabled').waitFor();
    // The page's own connection starts it, with parameters that no hand need type.
    await page.evaluate(
      ([plugin, given]) =>
        window.dispatchEvent(new CustomEvent('lodestone:start', { detail: { plugin, parameters: given } })),
      [id, parameters] as const,
    );
    // A page that has just come still shows the last run.
    await page.locator('#state[data-state="running"]').waitFor({ timeout: 20_000 });
    if (id === 'curate') await page.locator('#question img').nth(1).waitFor({ timeout: 60_000 });
    else await page.locator('#state[data-state="done"]').waitFor({ timeout: 180_000 });
    await page.waitForTimeout(700);
    const shot = await page.locator('#stage').screenshot();
    await writeWhole(
      join(docs, `${id}.webp`),
      await sharp(shot).resize(900, 900, { fit: 'inside', withoutEnlargement: true }).webp({ quality: 80 }).toBuffer(),
    );
    process.stdout.write(`${id}\n`);
    if (id === 'curate') await page.locator('#cancel').click();
    await page.close();
  }
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await rm(data, { recursive: true, force: true });
}

/** What a person waits for in the studio, in a real Chromium: the first frame, each frame after its step, and a shelf of 10,000 pictures. In milliseconds. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import type { ClientEvents, ServerEvents } from '../../server/wire.ts';

export const CHROMIUM = process.env['LODESTONE_CHROMIUM'] ?? '/usr/bin/chromium';
const bin = fileURLToPath(new URL('../../server/launch/bin.js', import.meta.url));
const PICTURES = 10_000;
const FRAMES = 40;

const at = (share: number, sorted: readonly number[]): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;

interface Opened {
  readonly page: Page;
  readonly url: string;
  /** From the start of the server's process. */
  readonly began: number;
}

async function withStudio<T>(fill: (data: string) => Promise<void>, use: (opened: Opened) => Promise<T>): Promise<T> {
  const data = await mkdtemp(join(tmpdir(), 'lodestone-bench-'));
  await fill(data);
  const began = performance.now();
  const server = spawn(process.execPath, [bin, 'start', '--port', '0', '--data', data, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const url = await new Promise<string>((resolve) => {
      server.stdout.once('data', (line: Buffer) =>
        resolve(z.object({ url: z.string() }).parse(JSON.parse(line.toString())).url),
      );
    });
    const page = await (await browser.newContext({ viewport: { width: 1366, height: 860 } })).newPage();
    return await use({ page, url, began });
  } finally {
    await browser.close();
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true, force: true });
  }
}

const drawn = (page: Page, more: number): Promise<unknown> =>
  page.waitForFunction(
    (n) => Number(document.querySelector<HTMLElement>('#canvas')?.dataset['frames'] ?? 0) >= n,
    more,
    {
      polling: 'raf',
      timeout: 120_000,
    },
  );
const framesOf = (page: Page): Promise<number> =>
  page.locator('#canvas').evaluate((c) => Number(c.dataset['frames'] ?? 0));

/** The first frame after the program starts, after Go when all is warm, and how long after it was told each frame is on the canvas. */
async function drawing(): Promise<Record<string, number>> {
  return withStudio(
    async () => undefined,
    async ({ page, url, began }) => {
      await page.goto(url);
      await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('a red mushroom');
      // Long enough for all that is looked at.
      await page.locator('#field-steps').fill('2000');
      await page.locator('#field-steps').press('Enter');
      const go = page.locator('#go');
      await go.click();
      await drawn(page, 1);
      const fromStart = performance.now() - began;
      const warm: number[] = [];
      for (let round = 0; round < 5; round++) {
        await page.locator('#cancel').click();
        await page.locator('#state[data-state="cancelled"]').waitFor();
        const before = await framesOf(page);
        const clicked = performance.now();
        await go.click();
        await drawn(page, before + 1);
        warm.push(performance.now() - clicked);
      }
      // Of one beginning, whose steps have numbers of their own.
      await page.locator('#cancel').click();
      await page.locator('#state[data-state="cancelled"]').waitFor();
      await page.locator('#more > summary').click();
      await page.locator('#field-tries').fill('1');
      await page.locator('#field-tries').press('Enter');
      const before = await framesOf(page);
      await go.click();
      await drawn(page, before + 1);
      const socket: Socket<ServerEvents, ClientEvents> = io(url, { transports: ['websocket'] });
      const told: [step: number, at: number][] = [];
      socket.on('update', (update, ack) => {
        ack();
        if (update.frame && update.state === 'running') told.push([update.frame.step, Date.now()]);
      });
      await page.evaluate(() => {
        const painted: [step: number, at: number][] = [];
        Object.assign(window, { painted });
        const canvas = document.querySelector<HTMLElement>('#canvas') ?? document.body;
        new MutationObserver(() => painted.push([Number(canvas.dataset['step']), Date.now()])).observe(canvas, {
          attributeFilter: ['data-step'],
        });
      });
      await drawn(page, (await framesOf(page)) + FRAMES);
      const painted = new Map(await page.evaluate(() => (window as unknown as { painted: typeof told }).painted));
      socket.close();
      // The page may be told before this is.
      const late = told
        .flatMap(([step, at]) => (painted.has(step) ? [Math.max(0, (painted.get(step) ?? at) - at)] : []))
        .sort((a, b) => a - b);
      warm.sort((a, b) => a - b);
      return {
        'first frame after npm start': fromStart,
        'first frame after Go, median of 5': at(0.5, warm),
        'frames on the canvas, of 100 that were told': (100 * late.length) / Math.max(1, told.length),
        'frame on the canvas after it was told, p50': at(0.5, late),
        'frame on the canvas after it was told, p99': at(0.99, late),
      };
    },
  );
}

/** Milliseconds between frames while the shelf scrolls, the shortest first. As text: what a loader adds to functions is not there in the page. */
const SCROLLING = `new Promise((done) => {
  const box = document.querySelector('#shelf .inside');
  const found = [];
  let last = performance.now();
  requestAnimationFrame(function step() {
    const now = performance.now();
    found.push(now - last);
    last = now;
    box.scrollBy(0, 40);
    if (found.length < 600) requestAnimationFrame(step);
    else done(found.sort((a, b) => a - b));
  });
})`;

async function shelf(): Promise<Record<string, number>> {
  const picture = await sharp({ create: { width: 512, height: 512, channels: 3, background: '#c84' } })
    .png()
    .toBuffer();
  return withStudio(
    async (data) => {
      await mkdir(join(data, 'gallery'));
      for (let i = 0; i < PICTURES; i++)
        await writeFile(join(data, 'gallery', `picture-number-${i}-0badf00d.png`), picture);
    },
    async ({ page, url }) => {
      await (await fetch(new URL('shelf', url))).json();
      const asked = performance.now();
      await page.goto(url);
      await page.locator('#gallery .tiles button').nth(30).waitFor();
      const opened = performance.now() - asked;
      const gaps = z.array(z.number()).parse(await page.evaluate(SCROLLING));
      const typed = performance.now();
      await page.getByRole('searchbox').fill('number 9999');
      await page.waitForFunction(() => document.querySelectorAll('#gallery .tiles button').length === 1);
      return {
        'shelf of 10,000 opens': opened,
        'shelf scrolls, between frames, p50': at(0.5, gaps),
        'shelf scrolls, between frames, p95': at(0.95, gaps),
        'shelf is searched by words': performance.now() - typed,
      };
    },
  );
}

export async function benchStudio(): Promise<Record<string, number>> {
  return { ...(await drawing()), ...(await shelf()) };
}

/** The studio in a real Chromium: opening it, saying what is wanted, looking at what is drawn. */
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import type { TestServer } from './server.ts';

/** Where Chromium is; tests that want it do not run without. */
export const executablePath = process.env['LODESTONE_CHROMIUM'];

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** The studio as one person's window has it; what the page complains of is added to `complaints`. */
export async function openStudio(
  browser: Browser,
  url: string,
  complaints: string[],
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    acceptDownloads: true,
    viewport: { width: 1200, height: 840 },
    ...options,
  });
  return anotherPage(context, url, complaints);
}

/** All windows are closed, and nothing is drawn any more. */
export async function closeAll(browser: Browser, { jobs }: Pick<TestServer, 'jobs'>): Promise<void> {
  await Promise.all(browser.contexts().map((c) => c.close()));
  for (const job of jobs.list()) await jobs.cancel(job.id);
  await expect.poll(() => jobs.list().some(({ state }) => state === 'running'), { timeout: 20_000 }).toBe(false);
}

/** Another window of the same person. */
export async function anotherPage(
  context: Awaited<ReturnType<Browser['newContext']>>,
  url: string,
  complaints: string[],
): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  await page.getByRole('button', { name: 'Make' }).waitFor();
  return page;
}

export async function choosePlugin(
  page: Page,
  group: 'Make' | 'Find' | 'Check' | 'Learn',
  title: string,
): Promise<void> {
  await page.getByRole('button', { name: group, exact: true }).click();
  await page.getByRole('combobox', { name: `${group}: which` }).selectOption(title);
}

export const prompt = (page: Page) => page.getByRole('textbox', { name: 'Prompt', exact: true });
export const click = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();

/** Fills a field of numbers, which may lie under "More". */
export async function set(page: Page, name: string, value: string): Promise<void> {
  const field = page.locator(`#field-${name}`);
  if (!(await field.isVisible())) await page.locator('#more > summary').click();
  await field.fill(value);
  await field.press('Enter');
}

export async function begin(page: Page, words: string, steps: string, tries = '1'): Promise<void> {
  await prompt(page).fill(words);
  await set(page, 'steps', steps);
  await set(page, 'tries', tries);
  await click(page, 'Go');
}

export const frames = (page: Page): Promise<number> =>
  page.locator('#canvas').evaluate((c) => Number((c as HTMLCanvasElement).dataset['frames'] ?? 0));
export const pixels = (page: Page): Promise<string> =>
  page.locator('#canvas').evaluate((c) => (c as HTMLCanvasElement).toDataURL());
export const untilFrames = (page: Page, count: number) =>
  page.waitForFunction(
    (n) => Number((document.querySelector('#canvas') as HTMLCanvasElement | null)?.dataset['frames'] ?? 0) >= n,
    count,
    { timeout: 60_000 },
  );
/** Puts the hand on a step of the timeline. */
export const lookAt = (page: Page, step: number): Promise<void> =>
  page.locator('#back').evaluate((range, value) => {
    (range as HTMLInputElement).value = String(value);
    range.dispatchEvent(new Event('input', { bubbles: true }));
  }, step);
export const stateIs = (page: Page, hasText: string | RegExp) =>
  page.locator('#state', { hasText }).waitFor({ timeout: 60_000 });

const AXE = createRequire(import.meta.url).resolve('axe-core');
/** What axe-core finds wrong with the page, each with where. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page
    .addScriptTag({ path: AXE })
    .catch(async () => page.evaluate((await import('node:fs')).readFileSync(AXE, 'utf8')));
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { target: string[] }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(
      ({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map((n) => n.target.join(' ')).join(', ')}`,
    );
  });
}

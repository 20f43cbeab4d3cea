/** What was made is found again, put together, laid out, and looked at closely. */
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  anotherPage,
  axeViolations,
  choosePlugin,
  click,
  closeAll,
  executablePath,
  openBrowser,
  openStudio,
  stateIs,
} from '../support/browser.ts';
import { drawn } from '../support/pictures.ts';
import { type TestServer, useServer } from '../support/server.ts';

const DAY_S = 24 * 3600;

describe.runIf(executablePath)('the shelf', () => {
  let browser: Browser;
  let server: TestServer;
  const complaints: string[] = [];
  beforeAll(async () => {
    server = await useServer();
    const gallery = join(server.data, 'gallery');
    await mkdir(gallery, { recursive: true });
    const now = Date.now() / 1000;
    for (const [i, shape] of (['heart', 'star', 'circle', 'square', 'triangle'] as const).entries())
      for (const [k, colour] of ['red', 'blue'].entries()) {
        const path = join(gallery, `a-${colour}-${shape}-0badf00d.png`);
        await writeFile(path, await drawn(shape, colour));
        await utimes(path, now - 3 * i * DAY_S - k, now - 3 * i * DAY_S - k);
      }
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await closeAll(browser, server);
    expect(complaints).toEqual([]);
  });
  const studio = async (): Promise<Page> => {
    const page = await openStudio(browser, server.url, complaints);
    await page.locator('#gallery button').first().waitFor();
    return page;
  };
  const titles = (page: Page): Promise<string[]> =>
    page.locator('#gallery .tiles img').evaluateAll((all) => all.map((e) => e.getAttribute('alt') ?? ''));
  const folder = async (page: Page, path: string): Promise<void> => {
    const field = page.getByRole('combobox', { name: /a folder on the server, or an address/ });
    await field.fill(path);
    await field.press('Enter');
  };

  it('is in the order of days, and narrowed to some of them', async () => {
    const page = await studio();
    const days = await page.locator('#gallery h3').allTextContents();
    expect([days.length, days[0]]).toEqual([5, 'Today']);
    await page.getByRole('combobox', { name: 'When' }).selectOption('The last 7 days');
    await expect.poll(() => titles(page)).toHaveLength(6);
    await page.getByRole('searchbox', { name: 'Find a picture by its words' }).fill('blue star');
    await expect.poll(() => titles(page)).toEqual(['a blue star']);
    expect(await axeViolations(page)).toEqual([]);
  });

  it('lets several be picked, starred, put on a board that has an address, and put away and back', async () => {
    const page = await studio();
    await click(page, 'Pick several');
    const tile = (title: string) => page.getByRole('button', { name: new RegExp(`^${title}`) });
    await tile('a red heart').click();
    await tile('a red star').click({ modifiers: ['Shift'] });
    await page.locator('#picked', { hasText: '3 are picked.' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.locator('#picked').getByRole('button', { name: 'Favourites' }).click();
    await expect.poll(() => page.locator('#gallery .starred').count()).toBe(3);
    await page.getByRole('combobox', { name: 'Board', exact: true }).fill('Best of');
    await click(page, 'Put on it');
    await page.getByRole('combobox', { name: 'Board' }).selectOption('Best of (3)');
    await expect.poll(() => titles(page)).toEqual(['a red heart', 'a blue heart', 'a red star']);
    const other = await anotherPage(page.context(), page.url(), complaints);
    await expect.poll(() => titles(other)).toHaveLength(3);
    await click(page, 'Pick several');
    await tile('a blue heart').click();
    await tile('a red star').click();
    await page.locator('#picked').getByRole('button', { name: 'Compare' }).click();
    await page.locator('.two img').nth(1).waitFor();
    await page.keyboard.press('Escape');
    await click(page, 'Pick several');
    await tile('a blue heart').click();
    await page.locator('#picked').getByRole('button', { name: 'Put away' }).click();
    await expect.poll(() => titles(page)).toHaveLength(2);
    await page.locator('#notice').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => titles(page)).toHaveLength(3);
  });

  it('is searched by what pictures show, beside the canvas', async () => {
    const page = await studio();
    await page.getByRole('searchbox', { name: 'Find a picture by its words' }).fill('something round');
    await click(page, 'Find by what pictures show');
    await page.getByText('The closest first').waitFor({ timeout: 60_000 });
    await expect.poll(() => titles(page), { timeout: 60_000 }).toHaveLength(10);
    expect(await page.locator('#results').count()).toBe(0);
    await click(page, 'Find by what pictures show');
    await expect.poll(() => titles(page)).toEqual([]);
  });

  it('is laid out on a plane by what pictures mean, and any of them is opened from there', async () => {
    const page = await studio();
    await choosePlugin(page, 'Find', 'Atlas');
    await folder(page, 'shelf:');
    await click(page, 'Go');
    const tiles = page.locator('#atlas .area button');
    await tiles.first().waitFor({ timeout: 60_000 });
    await page.locator('#atlas b').first().waitFor();
    const seen = async (): Promise<number> => tiles.count();
    expect(await seen()).toBeGreaterThan(4);
    expect(await axeViolations(page)).toEqual([]);
    const place = (): Promise<string | null> => page.locator('#atlas b').first().getAttribute('style');
    const before = await place();
    await click(page, 'Closer');
    await expect.poll(place).not.toBe(before);
    await click(page, 'All of it');
    await expect.poll(place).toBe(before);
    await tiles.first().focus();
    await page.keyboard.press('Enter');
    await page.locator('#viewer img.large').waitFor();
    await expect
      .poll(() => page.locator('#viewer img.large').evaluate((e) => (e as HTMLImageElement).naturalWidth))
      .toBe(96);
  });

  it('shows how CLIP works on its pictures, and each number is asked why', async () => {
    const page = await studio();
    await choosePlugin(page, 'Learn', 'How CLIP works');
    await click(page, 'Go');
    expect(await page.locator('#error').textContent()).toBe('Fill in first: Pictures, Words.');
    await folder(page, 'board:Best of');
    await page.locator('#field-words').fill('a heart, a star');
    await page.locator('#field-words').press('Enter');
    await click(page, 'Go');
    await page.locator('#matrix').waitFor({ timeout: 60_000 });
    await stateIs(page, 'Done');
    expect(await page.locator('#matrix tbody tr').count()).toBe(3);
    await expect.poll(() => page.locator('#shown img').count(), { timeout: 60_000 }).toBe(3);
    expect(await axeViolations(page)).toEqual([]);
    // What shows more of an answer is no picture of the shelf.
    expect(await titles(page)).toHaveLength(10);
    await page
      .getByRole('button', { name: /and a star: .* Why\?/ })
      .first()
      .click();
    await page.locator('#tables', { hasText: 'What the score is made of' }).waitFor({ timeout: 60_000 });
  });
});

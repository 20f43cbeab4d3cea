/** Saying what is wanted: errors at the character, places, pulls, colours of a picture, settings that are kept and handed on, and all of it taken back. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  anotherPage,
  axeViolations,
  begin,
  click,
  closeAll,
  executablePath,
  openBrowser,
  openStudio,
  prompt,
  set,
  stateIs,
  untilFrames,
} from '../support/browser.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { type TestServer, useServer } from '../support/server.ts';

describe.runIf(executablePath)('the form', () => {
  let browser: Browser;
  let server: TestServer;
  const complaints: string[] = [];
  beforeAll(async () => {
    server = await useServer();
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await closeAll(browser, server);
    expect(complaints).toEqual([]);
  });
  const studio = (): Promise<Page> => openStudio(browser, server.url, complaints);

  it('says what of the words cannot be read, and marks where it is, before anything is begun', async () => {
    const page = await studio();
    await prompt(page).fill('a red heart | a moon @nowhere:2 | fog');
    await page.locator('.wrong-words', { hasText: '"nowhere" is no region' }).waitFor();
    expect((await page.locator('.colours .wrong').allTextContents()).join('').trim()).toBe('nowhere:2');
    expect(await prompt(page).getAttribute('aria-invalid')).toBe('true');
    expect(await axeViolations(page)).toEqual([]);
    await click(page, 'Go');
    await page.locator('#error[data-code="PROMPT_INVALID"]').waitFor();
    await prompt(page).fill('a red heart | a moon @left:2');
    await expect.poll(() => page.locator('.wrong-words').count()).toBe(0);
    expect(server.jobs.list()).toEqual([]);
  });

  it('gives a part of the words a place on the canvas, which is moved by hand and by keys, and taken away', async () => {
    const page = await studio();
    await prompt(page).fill('a red heart:2 | a moon');
    await click(page, 'A place on the canvas: a moon');
    expect(await prompt(page).inputValue()).toBe('a red heart:2 | a moon @(0.25,0.25,0.75,0.75)');
    const box = page.getByRole('button', { name: /^a moon: arrow keys/ });
    await box.focus();
    for (let i = 0; i < 3; i++) {
      const before = await prompt(page).inputValue();
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => prompt(page).inputValue()).not.toBe(before);
    }
    expect(await prompt(page).inputValue()).toContain('a moon @(0.19,0.25,0.69,0.75)');
    // Or it is drawn: a box from one corner to the other, for what is chosen.
    await page.keyboard.press('w');
    const canvas = await page.locator('#canvas').boundingBox();
    if (!canvas) throw new Error('no canvas to draw on');
    await page.mouse.move(canvas.x + canvas.width * 0.9, canvas.y + canvas.height * 0.5);
    await page.mouse.down();
    await page.mouse.move(canvas.x + canvas.width * 0.5, canvas.y + canvas.height * 0.1, { steps: 3 });
    await page.mouse.up();
    await page.getByRole('dialog', { name: 'What goes there' }).getByRole('button', { name: 'a moon' }).click();
    await expect.poll(() => prompt(page).inputValue()).toContain('a moon @(0.5,0.1,0.9,0.5)');
    expect(await page.locator('#placing').count()).toBe(0);
    // Something that no words name yet becomes a part of them, though the hand began beside the paper.
    await page.keyboard.press('w');
    await page.mouse.move(canvas.x - 6, canvas.y + canvas.height * 0.6);
    await page.mouse.down();
    await page.mouse.move(canvas.x + canvas.width * 0.4, canvas.y + canvas.height + 5, { steps: 3 });
    await page.mouse.up();
    await page.getByRole('textbox', { name: 'Something else' }).fill('a tree');
    await page.keyboard.press('Enter');
    await expect.poll(() => prompt(page).inputValue()).toMatch(/a tree @\(0,0\.6,0\.4,1\)$/);
    expect(await page.locator('#canvas').boundingBox()).toEqual(canvas);
    await prompt(page).fill('a red heart:2 | a moon @(0.5,0.1,0.9,0.5)');
    await click(page, 'Anywhere: a moon');
    expect(await prompt(page).inputValue()).toBe('a red heart:2 | a moon');
  });

  it('has a dial for each pull, which steers the run that goes on and is marked under it', async () => {
    const page = await studio();
    await page.getByRole('combobox', { name: 'Add a pull' }).selectOption('symmetry');
    await begin(page, 'a red heart', '4000');
    await untilFrames(page, 2);
    const dial = page.getByRole('slider', { name: 'Weight of symmetry' });
    await dial.fill('3');
    await dial.dispatchEvent('change');
    const mark = page.locator('.marks button');
    await mark.first().waitFor({ timeout: 20_000 });
    expect(await mark.first().getAttribute('aria-label')).toMatch(/^Step \d+: symmetry 3$/);
    await mark.last().click();
    await stateIs(page, /looking at step \d+/);
    expect(await axeViolations(page)).toEqual([]);
  });

  it('takes the colours of a picture', async () => {
    const page = await studio();
    const path = join(await temporaryFolder(), 'blue.png');
    await writeFile(path, await drawn('circle', '#2050e0', '#ffffff'));
    await page.locator('.pulls input[type="file"]').setInputFiles(path);
    await page.getByRole('slider', { name: 'Weight of palette' }).waitFor();
    const colours = await page.locator('.pulls .swatch').evaluateAll((all) => all.map((e) => e.getAttribute('title')));
    expect(colours.slice(0, 2)).toEqual(['#ffffff', '#2050e0']);
    await begin(page, 'a red heart', '10');
    await page.getByRole('link', { name: 'PNG' }).waitFor({ timeout: 60_000 });
  });

  it('keeps settings under a name over a reload, and hands them on by a link', async () => {
    const page = await studio();
    await prompt(page).fill('a blue whale');
    await set(page, 'steps', '77');
    await page.locator('#presets > summary').click();
    await page.getByRole('textbox', { name: 'A name for these settings' }).fill('whales');
    await click(page, 'Keep these');
    await click(page, 'A link to these settings');
    await page.locator('#notice', { hasText: 'http' }).waitFor();
    const link = /http\S+/.exec((await page.locator('#notice').textContent()) ?? '')?.[0] ?? '';
    await prompt(page).fill('something else');
    await page.reload();
    await page.locator('#presets > summary').click();
    await page.getByRole('button', { name: /^whales/ }).click();
    expect([await prompt(page).inputValue(), await page.locator('#field-steps').inputValue()]).toEqual([
      'a blue whale',
      '77',
    ]);
    const other = await anotherPage(await browser.newContext(), link, complaints);
    await expect.poll(() => prompt(other).inputValue()).toBe('a blue whale');
    expect(await other.locator('#field-steps').inputValue()).toBe('77');
    await other.locator('#notice').getByRole('button', { name: 'Undo' }).click();
    expect(await prompt(other).inputValue()).toBe('');
  });

  it('takes back what was chosen, and does it again', async () => {
    const page = await studio();
    const drawer = (name: string) => page.getByRole('radio', { name });
    await drawer('blobs').check({ force: true });
    await page.waitForTimeout(800);
    await drawer('plotter').check({ force: true });
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press('Control+z');
    await expect.poll(() => drawer('blobs').isChecked()).toBe(true);
    await page.keyboard.press('Control+z');
    await expect.poll(() => drawer('strokes').isChecked()).toBe(true);
    await page.keyboard.press('Control+Shift+Z');
    await expect.poll(() => drawer('blobs').isChecked()).toBe(true);
  });
});

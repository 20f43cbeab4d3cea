/** What an instrument owes who plays it all day: nothing is lost, nothing lies out of reach, everybody can use it. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  anotherPage,
  axeViolations,
  begin,
  choosePlugin,
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
import { type TestServer, useServer } from '../support/server.ts';

describe.runIf(executablePath)('the studio as an instrument', () => {
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
  const studio = (options: Parameters<typeof openStudio>[3] = {}): Promise<Page> =>
    openStudio(browser, server.url, complaints, options);

  it('begins nothing when "More" is opened, nor when a number is entered', async () => {
    const page = await studio();
    const before = server.jobs.list().length;
    await prompt(page).fill('a red heart');
    await page.locator('#more > summary').click();
    await set(page, 'steps', '77');
    await page.waitForTimeout(400);
    expect(server.jobs.list().length).toBe(before);
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('keeps words and settings over a reload, in another window, and while others plugins are looked at', async () => {
    const page = await studio();
    await prompt(page).fill('a blue whale | fog:-0.5');
    await set(page, 'steps', '99');
    await page.getByRole('radio', { name: 'blobs' }).check({ force: true });
    await choosePlugin(page, 'Check', 'Classify');
    await choosePlugin(page, 'Make', 'Guide');
    await page.reload();
    const other = await anotherPage(page.context(), server.url, complaints);
    for (const one of [page, other]) {
      expect(await prompt(one).inputValue()).toBe('a blue whale | fog:-0.5');
      expect(await one.locator('#field-steps').inputValue()).toBe('99');
      expect(await one.getByRole('radio', { name: 'blobs' }).isChecked()).toBe(true);
    }
  });

  it('shows of a drawer only what it takes', async () => {
    const page = await studio();
    expect(await page.locator('#field-text').count()).toBe(0);
    await page.getByRole('radio', { name: 'glyphs' }).check({ force: true });
    expect(await page.locator('#field-text').isVisible()).toBe(true);
    expect(await page.locator('#field-count').isVisible()).toBe(true);
    await page.getByRole('radio', { name: 'fourier' }).check({ force: true });
    expect(await page.locator('#field-count').count()).toBe(0);
  });

  it('weighs each part of the words by a slider, and steers with it', async () => {
    const page = await studio();
    await begin(page, 'a red heart | a green leaf @right', '4000');
    await untilFrames(page, 2);
    const slider = page.getByRole('slider', { name: 'Weight of a green leaf' });
    await slider.fill('2.5');
    await slider.dispatchEvent('change');
    expect(await prompt(page).inputValue()).toBe('a red heart | a green leaf:2.5 @right');
    await expect
      .poll(() => server.jobs.list()[0]?.layout?.parts.map(({ rest }) => rest), { timeout: 20_000 })
      .toContain(':2.5');
  });

  it('gives a window that opens late all that holds and looks back at a run', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '300');
    await click(page, 'Pause');
    await stateIs(page, 'Paused');
    const other = await anotherPage(page.context(), page.url(), complaints);
    await stateIs(other, 'Paused');
    await click(other, 'Go on');
    const [job] = server.jobs.list();
    await expect.poll(() => job?.progress?.done ?? 0, { timeout: 60_000, interval: 5 }).toBeGreaterThan(262);
    await server.jobs.steer(job?.id ?? '', { control: 'pause' });
    await stateIs(page, 'Paused');
    await other.reload();
    await stateIs(other, 'Paused');
    for (const name of ['Go on', 'One step', 'Finish now', 'Paint', 'Branch here'])
      await other.getByRole('button', { name, exact: true }).waitFor();
    await other.locator('.thumbnails button').nth(3).click();
    await stateIs(other, /looking at step \d+/);
    await click(other, 'Back to now');
    await click(other, 'Finish now');
    await stateIs(page, 'Done');
  });

  it('takes a picture that is dropped anywhere, and offers how it was made', async () => {
    const page = await studio();
    await begin(page, 'a yellow star', '12');
    const link = page.getByRole('link', { name: 'PNG' });
    await link.waitFor({ timeout: 60_000 });
    const address = (await link.getAttribute('href')) ?? '';
    await prompt(page).fill('something else');
    const drop = await page.evaluateHandle(async (from) => {
      const transfer = new DataTransfer();
      const blob = await (await fetch(from)).blob();
      transfer.items.add(new File([blob], 'mine.png', { type: 'image/png' }));
      return transfer;
    }, address);
    await page.dispatchEvent('#stage', 'drop', { dataTransfer: drop });
    await page.locator('#dropped', { hasText: 'says how it was made' }).waitFor();
    await page.locator('#dropped').getByRole('button', { name: 'Use its settings' }).click();
    expect(await prompt(page).inputValue()).toBe('a yellow star');
    await page.dispatchEvent('#stage', 'drop', { dataTransfer: drop });
    await page.locator('#dropped').getByRole('button', { name: 'Begin from it' }).click();
    await page.locator('.chosen li', { hasText: 'mine.png' }).first().waitFor({ state: 'attached' });
  });

  it('compares two pictures of the shelf', async () => {
    const page = await studio();
    for (const words of ['a first thing', 'a second thing']) {
      await begin(page, words, '8');
      await page.getByAltText(words).waitFor({ timeout: 60_000 });
    }
    await page.getByAltText('a first thing').click();
    await page.getByRole('button', { name: 'Compare with…' }).click();
    await page.getByAltText('a second thing').click();
    await page.getByRole('slider', { name: 'Where one picture ends and the other begins' }).fill('20');
    expect(await page.locator('.two img').nth(1).getAttribute('style')).toContain('20%');
    await page.getByRole('radio', { name: 'Side by side' }).check();
    const boxes = await Promise.all([0, 1].map((i) => page.locator('.side-by-side img').nth(i).boundingBox()));
    // As wide as each other, none over the other.
    expect(boxes[1]?.width).toBeCloseTo(boxes[0]?.width ?? 0, 0);
    expect(boxes[1]?.x).toBeGreaterThanOrEqual((boxes[0]?.x ?? 0) + (boxes[0]?.width ?? 0));
    await page.getByRole('radio', { name: 'Difference' }).check();
    expect(await page.locator('.two img.difference').count()).toBe(1);
  });

  it('draws a wall, grows the next from what is liked, and draws one out', async () => {
    const page = await studio();
    const onShelf = page.locator('#gallery button');
    await page.locator('#gallery button, #shelf-pictures p').first().waitFor();
    const before = await onShelf.count();
    await set(page, 'steps', '12');
    await prompt(page).fill('a red heart');
    await click(page, 'Explore');
    await page.getByRole('combobox', { name: 'Pictures' }).selectOption('4');
    await click(page, 'Draw a wall');
    await page.locator('#wall li').nth(3).waitFor();
    const likes = page.getByRole('button', { name: /^Like: a red heart/ });
    const first = (await likes.first().getAttribute('aria-label')) ?? '';
    await likes.first().click();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('checkbox', { name: 'By my taste' }).check();
    // What was passed by teaches as well: all of them are to be there.
    await expect.poll(() => page.locator('#wall progress').count(), { timeout: 60_000 }).toBe(0);
    await click(page, 'Grow from the 1 you like');
    await page.locator('#wall h2', { hasText: 'Wall 2' }).waitFor();
    await page.locator('#wall li').nth(3).waitFor();
    // The first of the next wall is the one that was liked, with its seed.
    expect(await likes.first().getAttribute('aria-label')).toBe(first);
    const labels = await likes.evaluateAll((all) => all.map((e) => e.getAttribute('aria-label')));
    expect(new Set(labels).size).toBe(4);
    expect(
      server.jobs.list().some(({ parameters }) => String(parameters['pulls']).startsWith('picks[board:Liked')),
    ).toBe(true);
    await click(page, 'Stop');
    await page
      .getByRole('button', { name: /^Draw it out/ })
      .first()
      .click();
    await page.getByRole('link', { name: 'PNG' }).waitFor({ timeout: 60_000 });
    expect(`Like: a red heart, seed ${await page.locator('#field-seed').inputValue()}`).toBe(first);
    // The shelf has what was drawn out; what was only tried out is shown where somebody asks for it.
    await expect.poll(() => onShelf.count()).toBe(before + 1);
    await page.getByRole('checkbox', { name: /^Sketches of walls/ }).check();
    await expect.poll(() => onShelf.count()).toBeGreaterThan(before + 4);
  });

  it('is played by keys alone, which it lists', async () => {
    const page = await studio();
    await page.keyboard.press('/');
    await page.keyboard.type('a red heart');
    await page.keyboard.press('Enter');
    await untilFrames(page, 3);
    await page.locator('body').press('Tab');
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press('p');
    await stateIs(page, 'Paused');
    await page.locator('.thumbnails button').nth(1).waitFor();
    await page.keyboard.press('[');
    await page.keyboard.press('[');
    await stateIs(page, /looking at step \d+/);
    await page.keyboard.press('b');
    expect(await page.getByRole('button', { name: 'Paint', exact: true }).getAttribute('aria-pressed')).toBe('true');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys and help' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('p');
    await stateIs(page, /Drawing|beginning/i);
  });

  it('has all in reach and nothing over another at five widths', async () => {
    const page = await studio({ viewport: { width: 390, height: 844 }, hasTouch: true });
    await click(page, 'Words');
    await begin(page, 'a red heart | a green leaf', '4000');
    await untilFrames(page, 2);
    await click(page, 'Pause');
    await stateIs(page, 'Paused');
    await page.locator('.thumbnails button').first().waitFor();
    const faults = (): string[] => {
      const shown = [
        ...document.querySelectorAll<HTMLElement>(
          '#top button, #top select, #stage button, #stage a, #stage progress, #controls .actions button, #places button',
        ),
      ].filter((e) => e.checkVisibility() && !e.closest('#layout, .thumbnails'));
      const faults: string[] = [];
      if (document.documentElement.scrollWidth > innerWidth) faults.push('the page is wider than the window');
      for (const element of shown) {
        const box = element.getBoundingClientRect();
        const name = element.getAttribute('aria-label') ?? element.textContent ?? element.tagName;
        if (box.right > innerWidth + 1 || box.left < -1 || box.bottom > innerHeight + 1)
          faults.push(`${name} lies outside`);
        const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        if (top && !element.contains(top) && !top.contains(element)) faults.push(`${name} lies under ${top.tagName}`);
      }
      return faults;
    };
    for (const width of [390, 768, 1024, 1366, 1920]) {
      await page.setViewportSize({ width, height: width < 500 ? 844 : 800 });
      // What is laid out anew is on the screen.
      await page.evaluate(() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown))));
      expect(await page.evaluate(faults), `at ${width} pixels`).toEqual([]);
      expect(await page.locator('#progress').isVisible(), `at ${width} pixels`).toBe(true);
    }
  });

  it.each(['light', 'dark'] as const)('has nothing that axe finds wrong, in the %s', async (colorScheme) => {
    const page = await studio({ colorScheme });
    expect(await axeViolations(page)).toEqual([]);
    await page.locator('#more > summary').click();
    await begin(page, 'a cat under the moon | fog:-0.5', '4000');
    await untilFrames(page, 2);
    await click(page, 'Pause');
    await page.locator('.thumbnails button').first().waitFor({ timeout: 30_000 });
    expect(await axeViolations(page)).toEqual([]);
    await click(page, 'Keys and help');
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    for (const [group, title] of [
      ['Find', 'Search'],
      ['Check', 'Moderate'],
      ['Learn', 'Explain'],
    ] as const) {
      await choosePlugin(page, group, title);
      expect(await axeViolations(page)).toEqual([]);
    }
    await page.locator('#gallery button').first().click();
    await page.locator('#viewer dd').first().waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 390, height: 844 });
    for (const name of ['Words', 'Canvas', 'Shelf']) {
      await click(page, name);
      expect(await axeViolations(page)).toEqual([]);
    }
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  begin,
  choosePlugin,
  click,
  closeAll,
  executablePath,
  frames,
  lookAt,
  openBrowser,
  openStudio,
  pixels,
  prompt,
  set,
  stateIs,
  untilFrames,
} from '../support/browser.ts';
import { freshPlugin } from '../support/fresh-plugin.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { type TestServer, useServer } from '../support/server.ts';

describe.runIf(executablePath)('the studio in a real browser', () => {
  let browser: Browser;
  let server: TestServer;
  const complaints: string[] = [];
  beforeAll(async () => {
    server = await useServer({ plugins: [await freshPlugin()] });
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await closeAll(browser, server);
  });

  const studio = (): Promise<Page> => openStudio(browser, server.url, complaints);
  const far = (page: Page): Promise<number> =>
    page.locator('#back').evaluate((range) => Number((range as HTMLInputElement).value));

  it('holds a run, takes a single step, looks back, goes back, goes on and ends it with a picture', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '600');
    await untilFrames(page, 4);
    await click(page, 'Pause');
    await stateIs(page, 'Paused');
    await page.waitForTimeout(500);
    const held = await far(page);
    await page.waitForTimeout(700);
    expect(await far(page)).toBe(held);
    await click(page, 'One step');
    await expect.poll(() => far(page)).toBe(held + 1);
    await page.locator('.thumbnails button').nth(1).waitFor();
    const now = await pixels(page);
    await lookAt(page, 1);
    await stateIs(page, /looking at step 1\b/);
    await expect.poll(() => pixels(page)).not.toBe(now);
    await click(page, 'Back to now');
    await expect.poll(() => pixels(page), { timeout: 10_000 }).toBe(now);
    await lookAt(page, 10);
    await click(page, 'Go back here');
    await expect.poll(() => far(page)).toBeLessThanOrEqual(10);
    await click(page, 'Go on');
    await expect.poll(() => far(page), { timeout: 20_000 }).toBeGreaterThan(14);
    await click(page, 'Finish now');
    await stateIs(page, 'Done');
    expect(await page.locator('#hold').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('asks which of two is liked, learns, and shows what it says as a ranking', async () => {
    const folder = await temporaryFolder();
    const page = await studio();
    await choosePlugin(page, 'Learn', 'Curate');
    for (const [name, colour] of [
      ['one', 'red'],
      ['two', 'blue'],
      ['three', 'gold'],
      ['four', 'green'],
    ] as const) {
      await writeFile(join(folder, `${name}.png`), await drawn('circle', colour));
      await page
        .locator('input[type=file]')
        .first()
        .setInputFiles(join(folder, `${name}.png`));
      await page.locator('.chosen li', { hasText: name }).waitFor();
    }
    await set(page, 'questions', '2');
    await click(page, 'Go');
    for (const which of ['1 of 2', '2 of 2']) {
      await page.locator('#question', { hasText: which }).waitFor({ timeout: 60_000 });
      expect(await page.locator('#question img').count()).toBe(2);
      await click(page, 'the first');
    }
    await stateIs(page, 'Done');
    expect(await page.locator('#ranking li').count()).toBe(4);
    expect(await page.locator('#question').count()).toBe(0);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('#files a', { hasText: 'picks.json' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('picks.json');
    expect(complaints).toEqual([]);
  });

  it('shows a plugin that was added as a file, and what it says as a table', async () => {
    const page = await studio();
    await choosePlugin(page, 'Make', 'Fresh');
    await click(page, 'Go');
    await page.locator('#tables', { hasText: 'hello world' }).waitFor({ timeout: 60_000 });
    expect(await page.locator('#easel').isHidden()).toBe(true);
  });

  it('is painted on, takes a stroke back and again, and branches from an earlier step', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '900');
    await untilFrames(page, 2);
    await page.getByRole('button', { name: 'Paint', exact: true }).click();
    await page.locator('#brush-colour').fill('#2050e0');
    const box = await page.locator('#overlay').boundingBox();
    if (!box) throw new Error('no canvas to paint on');
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.5);
    await page.mouse.down();
    for (const share of [0.4, 0.5, 0.6, 0.7])
      await page.mouse.move(box.x + box.width * share, box.y + box.height * 0.5);
    await page.mouse.up();
    const blueOf = (selector: string): Promise<number> =>
      page.locator(selector).evaluate((c) => {
        const canvas = c as HTMLCanvasElement;
        const [red = 0, , blueness = 0] =
          canvas.getContext('2d')?.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data ?? [];
        return blueness - red;
      });
    await expect.poll(() => blueOf('#canvas'), { timeout: 30_000 }).toBeGreaterThan(60);
    expect(await blueOf('#overlay')).toBeGreaterThan(60);
    const words = await prompt(page).inputValue();
    await page.keyboard.press('Control+z');
    await expect.poll(() => blueOf('#overlay')).toBe(0);
    expect(await prompt(page).inputValue()).toBe(words);
    await page.keyboard.press('Control+Shift+Z');
    await expect.poll(() => blueOf('#overlay')).toBeGreaterThan(60);
    // What is told meanwhile moves nothing under the hand.
    expect(await page.locator('#overlay').boundingBox()).toEqual(box);
    await page.keyboard.press('Shift+K');
    await page.mouse.move(box.x + box.width * 0.1, box.y + box.height * 0.1);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.2);
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.3);
    await page.mouse.up();
    const marks = (): readonly string[] => server.jobs.list()[0]?.marks.map(({ text }) => text) ?? [];
    await expect.poll(marks, { timeout: 30_000 }).toContain('a part kept');
    const covered = (x: number, y: number): Promise<number> =>
      page.locator('#overlay').evaluate(
        (c, at) => {
          const canvas = c as HTMLCanvasElement;
          return canvas.getContext('2d')?.getImageData(canvas.width * at.x, canvas.height * at.y, 1, 1).data[3] ?? -1;
        },
        { x, y },
      );
    expect(await Promise.all([covered(0.12, 0.28), covered(0.38, 0.12)])).toEqual([115, 115]);
    expect(await Promise.all([covered(0.05, 0.2), covered(0.45, 0.2)])).toEqual([0, 0]);
    await click(page, 'Clear');
    await click(page, 'Pause');
    await stateIs(page, 'Paused');
    await prompt(page).fill('a green tree');
    await click(page, 'Branch here');
    await click(page, 'Finish that one');
    await stateIs(page, /Drawing: a green tree, from step \d+/);
    await click(page, 'Cancel');
    await stateIs(page, 'Cancelled');
    expect(await page.locator('#error').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('says of a branch that waits behind a paused drawing what holds it, and lets that one be finished', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '900');
    await untilFrames(page, 4);
    await click(page, 'Pause');
    await stateIs(page, 'Paused');
    await click(page, 'Branch here');
    await stateIs(
      page,
      /Waiting for its turn: a red heart, from step \d+ · “a red heart” is paused and holds its place/,
    );
    await click(page, 'Finish that one');
    await stateIs(page, /Drawing: a red heart, from step/);
    await click(page, 'Cancel');
    await stateIs(page, 'Cancelled');
  });

  it('shows under each form what that plugin did last, not what another answered', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '20');
    await stateIs(page, 'Done: a red heart');
    await choosePlugin(page, 'Find', 'Search');
    await page.locator('#field-query').fill('a heart');
    await click(page, 'All of my shelf');
    await click(page, 'Go');
    await page.locator('#ranking li').first().waitFor({ timeout: 60_000 });
    await choosePlugin(page, 'Make', 'Guide');
    await stateIs(page, 'Done: a red heart');
    expect(await page.locator('#ranking').count()).toBe(0);
    await choosePlugin(page, 'Find', 'Search');
    await page.locator('#ranking li').first().waitFor();
  });

  it('shows where the things of a scene are wanted, and lets them be moved', async () => {
    const page = await studio();
    // One that is drawn as a whole from its first step.
    await page.getByRole('radio', { name: 'fourier' }).check({ force: true });
    await begin(page, 'a cat under the moon', '4000');
    await untilFrames(page, 2);
    const boxes = page.locator('#layout button');
    expect(await boxes.allTextContents()).toEqual(['a cat', 'the moon']);
    const canvas = await page.locator('#canvas').boundingBox();
    const before = await boxes.first().boundingBox();
    if (!canvas || !before) throw new Error('no box to move');
    await page.mouse.move(before.x + before.width / 2, before.y + before.height / 2);
    await page.mouse.down();
    await page.mouse.move(before.x + before.width / 2 - canvas.width, before.y + before.height / 2, { steps: 4 });
    await page.mouse.up();
    // What the run says of itself, not what the hand left: it is told again when the page is loaded anew.
    const left = async (): Promise<string> => {
      await page.reload();
      await boxes.first().waitFor();
      return /left: (\d+)%/.exec((await boxes.first().getAttribute('style')) ?? '')?.[1] ?? '';
    };
    await expect.poll(left, { timeout: 30_000 }).toBe('0');
    await boxes.first().focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForTimeout(300);
    await expect.poll(left, { timeout: 30_000 }).toBe('2');
    await click(page, 'Cancel');
    await stateIs(page, 'Cancelled');
    expect(await page.locator('#layout').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('holds a run whose things are drawn one by one', async () => {
    const page = await studio();
    await begin(page, 'a cat under the moon', '400');
    await stateIs(page, /drawing a cat, 1 of 2/i);
    expect(await page.getByRole('button', { name: 'Go back here' }).count()).toBe(0);
    await click(page, 'Pause');
    await stateIs(page, 'Paused');
    await click(page, 'Go on');
    await stateIs(page, /drawing a cat/i);
    await click(page, 'Cancel');
    await stateIs(page, 'Cancelled');
  });

  it('draws a prompt live, shows it to another person who may only watch, and to whom it is given by a link', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '5000');
    await untilFrames(page, 2);
    const first = await pixels(page);
    await untilFrames(page, 5);
    expect(await pixels(page)).not.toBe(first);

    const late = await studio();
    await untilFrames(late, 1);
    await stateIs(late, /Drawing: a red heart.*begun by somebody else/);
    for (const name of ['Pause', 'Cancel', 'Finish now', 'Paint', 'Steer'])
      expect(await late.getByRole('button', { name, exact: true }).count()).toBe(0);

    await click(page, 'Invite');
    await page.locator('#notice', { hasText: 'http' }).waitFor();
    const link = /http\S+/.exec((await page.locator('#notice').textContent()) ?? '')?.[0] ?? '';
    const invited = await openStudio(browser, link, complaints);
    await click(invited, 'Pause');
    await stateIs(page, 'Paused');
    await click(invited, 'Cancel');
    for (const one of [page, late, invited]) await stateIs(one, 'Cancelled');
    await page.waitForTimeout(500);
    expect(await pixels(late)).toBe(await pixels(page));
    const stopped = await frames(page);
    await page.waitForTimeout(1500);
    expect(await frames(page)).toBe(stopped);
    // What was drawn of it by then is still to be seen.
    await page.reload();
    await untilFrames(page, 1);
  });

  it('finishes a picture that can be downloaded, looked at with how it was made, used again, and put away and back', async () => {
    const page = await studio();
    await begin(page, 'a yellow star', '20', '2');
    const link = page.getByRole('link', { name: 'PNG' });
    await link.waitFor({ timeout: 60_000 });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    expect(download.suggestedFilename()).toMatch(/^a-yellow-star-.*\.png$/);
    expect(await sharp(await download.path()).metadata()).toMatchObject({ format: 'png', width: 512 });

    await prompt(page).fill('something else');
    await page.getByRole('searchbox').fill('yellow star');
    const tile = page.locator('#gallery button', { has: page.getByAltText('a yellow star') });
    await tile.waitFor();
    await tile.click();
    await page.locator('#viewer dd', { hasText: 'a yellow star' }).waitFor();
    await click(page, 'Use its settings');
    expect(await prompt(page).inputValue()).toBe('a yellow star');
    await click(page, 'Undo');
    expect(await prompt(page).inputValue()).toBe('something else');

    await tile.click();
    await click(page, 'Put away');
    await tile.waitFor({ state: 'detached' });
    await click(page, 'Undo');
    await tile.waitFor();
    expect(complaints).toEqual([]);
  });

  it('steers a running picture to another prompt, and leaves the words of whoever writes alone', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '5000');
    await untilFrames(page, 2);
    await prompt(page).fill('a green tree');
    await click(page, 'Steer');
    await page.locator('.fit > summary', { hasText: 'a green tree' }).waitFor({ timeout: 30_000 });
    await page.reload();
    expect(await prompt(page).inputValue()).toBe('a green tree');
    // It is called by what it goes on with.
    await stateIs(page, 'a green tree');
    expect(await page.locator('#run-list .title').allTextContents()).toEqual(['a green tree']);
    await click(page, 'Cancel');
    await stateIs(page, 'Cancelled');
  });

  it('ranks pictures that are chosen', async () => {
    const folder = await temporaryFolder();
    const files = await Promise.all(
      (['square', 'heart'] as const).map(async (shape) => {
        const path = join(folder, `${shape}.png`);
        await writeFile(path, await drawn(shape, shape === 'heart' ? 'red' : 'blue'));
        return path;
      }),
    );
    const page = await studio();
    await choosePlugin(page, 'Find', 'Rerank');
    await prompt(page).fill('a red heart');
    await page.locator('input[type=file]').first().setInputFiles(files);
    await page.locator('.chosen li').nth(1).waitFor();
    await click(page, 'Go');
    await page.locator('#ranking li').nth(1).waitFor({ timeout: 30_000 });
    const scores = await page.locator('#ranking b').allTextContents();
    expect(Number(scores[0])).toBeGreaterThan(Number(scores[1]));
  });

  it('lists runs that are at work and that wait, moves them, and shows a short one beside a long one', async () => {
    const page = await studio();
    const row = (title: string) => page.locator('#runs li', { hasText: title }).first();
    await begin(page, 'a long river', '3000');
    await untilFrames(page, 2);
    for (const title of ['a first tree', 'a second tree']) {
      await prompt(page).fill(title);
      await click(page, 'New run');
      await row(title).waitFor();
    }
    await row('a first tree').getByText(/^next/).waitFor();
    await row('a second tree').getByRole('button', { name: /^Up/ }).click();
    await row('a second tree').getByText(/^next/).waitFor();
    await row('a second tree').getByRole('button', { name: /^Hold/ }).click();
    await row('a second tree').getByText('held: others go by').waitFor();
    await row('a first tree').getByText(/^next/).waitFor();
    await row('a first tree')
      .getByRole('button', { name: /^Cancel/ })
      .click();
    await page.locator('#ended > summary').click();
    await row('a first tree').getByText('cancelled').waitFor();

    await choosePlugin(page, 'Find', 'Rerank');
    const picture = { name: 'red.png', mimeType: 'image/png', buffer: await drawn('heart', 'red') };
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([picture, { ...picture, name: 'again.png' }]);
    await page.locator('.chosen li').nth(1).waitFor();
    await prompt(page).fill('a red heart');
    await click(page, 'New run');
    await page.locator('#ranking li').nth(1).waitFor();
    await row('a long river')
      .getByText(/^at work/)
      .waitFor();
    const drawnBefore = await frames(page);
    await row('a long river').locator('.run').click();
    await stateIs(page, 'Drawing: a long river');
    await untilFrames(page, drawnBefore + 2);

    await click(page, 'Cancel');
    await row('a long river').getByText('cancelled').waitFor();
    await row('a second tree')
      .getByRole('button', { name: /^Let it go/ })
      .click();
    await stateIs(page, /Drawing: a second tree|beginning/i);
    await click(page, 'Cancel');
    await row('a second tree').getByText('cancelled').waitFor();
  });

  it('shows one clear error for an empty prompt and for a picture that is none', async () => {
    const page = await studio();
    await click(page, 'Go');
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(/prompt/i);
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'notes.png'), 'not a picture');
    await choosePlugin(page, 'Find', 'Rerank');
    await page.locator('input[type=file]').first().setInputFiles(join(folder, 'notes.png'));
    await page.locator('#error[data-code=PICTURE_UNREADABLE]').waitFor();
  });

  it('and no page complained', () => {
    expect(complaints).toEqual([]);
  });
});

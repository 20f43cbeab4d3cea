import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freshPlugin } from '../support/fresh-plugin.ts';
import { drawn, temporaryFolder } from '../support/pictures.ts';
import { type TestServer, useServer } from '../support/server.ts';

const executablePath = process.env['LODESTONE_CHROMIUM'];

describe.runIf(executablePath)('the studio in a real browser', () => {
  let browser: Browser;
  let server: TestServer;
  const complaints: string[] = [];
  beforeAll(async () => {
    server = await useServer({ plugins: [await freshPlugin()] });
    browser = await chromium.launch({
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
  });
  afterAll(() => browser?.close());
  afterEach(() => Promise.all(browser.contexts().map((c) => c.close())));

  async function studio(): Promise<Page> {
    const page = await (
      await browser.newContext({ acceptDownloads: true, viewport: { width: 1200, height: 840 } })
    ).newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Guide' }).waitFor();
    return page;
  }
  const frames = (page: Page): Promise<number> =>
    page.locator('#canvas').evaluate((c) => Number((c as HTMLCanvasElement).dataset['frames'] ?? 0));
  const pixels = (page: Page): Promise<string> =>
    page.locator('#canvas').evaluate((c) => (c as HTMLCanvasElement).toDataURL());
  const untilFrames = (page: Page, count: number) =>
    page.waitForFunction((n) => Number(document.querySelector('canvas')?.dataset['frames'] ?? 0) >= n, count, {
      timeout: 60_000,
    });
  async function set(page: Page, name: string, value: string): Promise<void> {
    const field = page.locator('.tp-lblv', { hasText: name }).locator('input').last();
    await field.fill(value);
    await field.press('Enter');
  }
  async function begin(page: Page, prompt: string, steps: string, tries = '1'): Promise<void> {
    await page.getByRole('textbox', { name: /^Prompt/ }).fill(prompt);
    await set(page, 'Steps', steps);
    // It lies in a folder that is closed.
    await page
      .locator('.tp-lblv', { hasText: 'Tries' })
      .locator('input')
      .last()
      .evaluate((input, value) => {
        (input as HTMLInputElement).value = value;
        input.dispatchEvent(new Event('change', { bubbles: true }));
      }, tries);
    await page.getByRole('button', { name: 'Go', exact: true }).click();
  }

  it('holds a run, takes a single step, goes back, goes on and ends it with a picture', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '600');
    await untilFrames(page, 4);
    const far = (): Promise<number> =>
      page.locator('#back').evaluate((range) => Number((range as HTMLInputElement).value));
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('#state', { hasText: 'Paused' }).waitFor();
    await page.waitForTimeout(500);
    const held = await far();
    await page.waitForTimeout(700);
    expect(await far()).toBe(held);
    await page.getByRole('button', { name: 'One step' }).click();
    await page.waitForFunction(
      (n) => Number((document.querySelector('#back') as HTMLInputElement).value) === n,
      held + 1,
    );
    const shown = await pixels(page);
    await page.locator('#back').evaluate((range) => {
      (range as HTMLInputElement).value = '10';
      range.dispatchEvent(new Event('change'));
    });
    await page.waitForFunction((before) => document.querySelector('canvas')?.toDataURL() !== before, shown);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.waitForFunction(() => Number((document.querySelector('#back') as HTMLInputElement).value) > 14);
    await page.getByRole('button', { name: 'Finish now' }).click();
    await page.locator('#state', { hasText: 'Done' }).waitFor();
    expect(await page.locator('#hold').isHidden()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('asks which of two is liked, learns, and shows what it says as a ranking', async () => {
    const folder = await temporaryFolder();
    const page = await studio();
    await page.getByRole('button', { name: 'Curate' }).click();
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
    await set(page, 'Questions', '2');
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    for (const which of ['1 of 2', '2 of 2']) {
      await page.locator('#question', { hasText: which }).waitFor({ timeout: 60_000 });
      expect(await page.locator('#question img').count()).toBe(2);
      await page.getByRole('button', { name: 'the first' }).click();
    }
    await page.locator('#state', { hasText: 'Done' }).waitFor();
    expect(await page.locator('#ranking li').count()).toBe(4);
    expect(await page.locator('#question').isHidden()).toBe(true);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('#files a', { hasText: 'picks.json' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('picks.json');
    expect(complaints).toEqual([]);
  });

  it('shows a plugin that was added as a file, and what it says as a table', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Fresh' }).click();
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await page.locator('#tables', { hasText: 'hello world' }).waitFor({ timeout: 60_000 });
    expect(await page.locator('#easel').isHidden()).toBe(true);
  });

  it('is painted on, and branches from an earlier step', async () => {
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
    const blue = (): Promise<number> =>
      page.locator('#canvas').evaluate((c) => {
        const canvas = c as HTMLCanvasElement;
        const [red = 0, , blueness = 0] =
          canvas.getContext('2d')?.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data ?? [];
        return blueness - red;
      });
    await expect.poll(blue, { timeout: 30_000 }).toBeGreaterThan(60);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('#state', { hasText: 'Paused' }).waitFor();
    await page.getByRole('textbox', { name: /^Prompt/ }).fill('a green tree');
    await page.getByRole('button', { name: 'Branch here' }).click();
    await page.getByRole('button', { name: 'Finish now' }).click();
    await page.locator('#state', { hasText: /a green tree, from step \d+/ }).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.locator('#state', { hasText: 'Cancelled' }).waitFor();
    expect(await page.locator('#error').isHidden()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('shows where the things of a scene are wanted, and lets them be moved', async () => {
    const page = await studio();
    // One that is drawn as a whole from its first step.
    await page.locator('.tp-lblv', { hasText: 'Drawer' }).locator('select').selectOption('fourier');
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
    const late = await studio();
    const left = async (): Promise<string> => {
      await late.reload();
      await late.locator('#layout button').first().waitFor();
      const style = await late.locator('#layout button').first().getAttribute('style');
      return /left: (\d+)%/.exec(style ?? '')?.[1] ?? '';
    };
    await expect.poll(left, { timeout: 30_000 }).toBe('0');
    await boxes.first().focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(left, { timeout: 30_000 }).toBe('2');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.locator('#state', { hasText: 'Cancelled' }).waitFor();
    expect(await page.locator('#layout').isHidden()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('holds a run whose things are drawn one by one', async () => {
    const page = await studio();
    await begin(page, 'a cat under the moon', '400');
    const state = page.locator('#state');
    await state.filter({ hasText: /drawing a cat, 1 of 2/ }).waitFor();
    expect(await page.getByRole('slider', { name: 'Go back' }).isHidden()).toBe(true);
    await page.getByRole('button', { name: 'Pause' }).click();
    await state.filter({ hasText: 'Paused' }).waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    await state.filter({ hasText: 'Working' }).waitFor();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await state.filter({ hasText: 'Cancelled' }).waitFor();
  });

  it('draws a prompt live, shows a late page the same canvas, and cancels', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '5000');
    await untilFrames(page, 2);
    const first = await pixels(page);
    await untilFrames(page, 5);
    expect(await pixels(page)).not.toBe(first);

    const late = await studio();
    await untilFrames(late, 1);
    expect(await late.locator('#state').textContent()).toContain('Working: a red heart');
    await late.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.locator('#state', { hasText: 'Cancelled' }).waitFor();
    await late.locator('#state', { hasText: 'Cancelled' }).waitFor();
    await page.waitForTimeout(500);
    expect(await pixels(late)).toBe(await pixels(page));
    const stopped = await frames(page);
    await page.waitForTimeout(1500);
    expect(await frames(page)).toBe(stopped);
  });

  it('finishes a picture that can be downloaded as PNG', async () => {
    const page = await studio();
    await begin(page, 'a yellow star', '20', '2');
    const link = page.getByRole('link', { name: 'Download PNG' });
    await link.waitFor({ timeout: 60_000 });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    expect(download.suggestedFilename()).toMatch(/^a-yellow-star-.*\.png$/);
    expect(await sharp(await download.path()).metadata()).toMatchObject({ format: 'png', width: 512 });
    await page.locator('#gallery img').first().waitFor();
  });

  it('steers a running picture to another prompt', async () => {
    const page = await studio();
    await begin(page, 'a red heart', '5000');
    await untilFrames(page, 2);
    await page.getByRole('textbox', { name: /^Prompt/ }).fill('a green tree');
    await page.getByRole('button', { name: 'Steer to this prompt' }).click();
    await page.locator('.u-legend', { hasText: 'a green tree' }).waitFor({ timeout: 30_000 });
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.locator('#state', { hasText: 'Cancelled' }).waitFor();
  });

  it('ranks pictures that are dropped on it', async () => {
    const folder = await temporaryFolder();
    const files = await Promise.all(
      (['square', 'heart'] as const).map(async (shape) => {
        const path = join(folder, `${shape}.png`);
        await writeFile(path, await drawn(shape, shape === 'heart' ? 'red' : 'blue'));
        return path;
      }),
    );
    const page = await studio();
    await page.getByRole('button', { name: 'Rerank' }).click();
    await page.getByRole('textbox', { name: /^Prompt/ }).fill('a red heart');
    await page.locator('input[type=file]').setInputFiles(files);
    await page.locator('.chosen li').nth(1).waitFor();
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await page.locator('#ranking li').nth(1).waitFor({ timeout: 30_000 });
    const scores = await page.locator('#ranking b').allTextContents();
    expect(Number(scores[0])).toBeGreaterThan(Number(scores[1]));
  });

  it('lists runs that are at work and that wait, moves them, and shows a short one beside a long one', async () => {
    const page = await studio();
    const row = (title: string) => page.locator('#run-list li', { hasText: title }).first();
    await begin(page, 'a long river', '3000');
    await untilFrames(page, 2);
    const prompt = page.getByRole('textbox', { name: /^Prompt/ });
    for (const title of ['a first tree', 'a second tree']) {
      await prompt.fill(title);
      await page.getByRole('button', { name: 'New run' }).click();
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
    await row('a first tree').getByText('cancelled').waitFor();

    await page.getByRole('button', { name: 'Rerank' }).click();
    const picture = { name: 'red.png', mimeType: 'image/png', buffer: await drawn('heart', 'red') };
    await page.locator('input[type=file]').setInputFiles([picture, { ...picture, name: 'again.png' }]);
    await page.locator('.chosen li').nth(1).waitFor();
    await page.getByRole('textbox', { name: /^Prompt/ }).fill('a red heart');
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await page.locator('#ranking li').nth(1).waitFor();
    await row('a long river')
      .getByText(/^at work/)
      .waitFor();
    const drawnBefore = await frames(page);
    await row('a long river').locator('.open').click();
    await page.locator('#state', { hasText: 'Working: a long river' }).waitFor();
    await untilFrames(page, drawnBefore + 2);

    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await row('a long river').getByText('cancelled').waitFor();
    await row('a second tree')
      .getByRole('button', { name: /^Let it go/ })
      .click();
    await page.locator('#state', { hasText: 'Working: a second tree' }).waitFor();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await row('a second tree').getByText('cancelled').waitFor();
  });

  it('shows one clear error for an empty prompt and for a picture that is none', async () => {
    const page = await studio();
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(/prompt/i);
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'notes.png'), 'not a picture');
    await page.getByRole('button', { name: 'Rerank' }).click();
    await page.locator('input[type=file]').setInputFiles(join(folder, 'notes.png'));
    await page.locator('#error[data-code=PICTURE_UNREADABLE]').waitFor();
  });

  it('and no page complained', () => {
    expect(complaints).toEqual([]);
  });
});

/** The examples do what their pages say. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/pictures.ts';
import { lodestoneOnStrange } from '../support/with-models.ts';

it('the engine from code ranks, names and follows a gradient', { timeout: 120_000 }, async () => {
  const args = ['--import', 'tsx', 'examples/engine/score.ts'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/A fruit, best first:\n.*apple/);
  expect(stdout).toMatch(/heart\.png: a heart 9\d/);
  expect(stdout).toContain('The pixel that matters most');
});

it('plugins, drawers and pulls of others pass the tests that those of ours do', { timeout: 900_000 }, async () => {
  const folder = await temporaryFolder();
  const { code, out } = await lodestoneOnStrange(['test', `${process.cwd()}/examples/plugins`], folder);
  expect([code, out.match(/NOT OK.*\n.*/g)]).toEqual([0, null]);
  expect(out.match(/\.png$/gm)?.length).toBeGreaterThan(4);
});

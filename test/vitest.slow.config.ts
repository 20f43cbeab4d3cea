/** What is slow by nature: kills, fuzzing, every drawer steered at random, an installation from the registry. `npm run test:slow`. */
import { defineConfig } from 'vitest/config';
import quick from './vitest.config.ts';

const MINUTE_MS = 60_000;

export default defineConfig({
  ...quick,
  test: {
    ...quick.test,
    isolate: true,
    globalSetup: 'test/support/run-wide-on-disk.ts',
    include: ['test/**/*.slow.ts'],
    testTimeout: 20 * MINUTE_MS,
    hookTimeout: 5 * MINUTE_MS,
  },
});

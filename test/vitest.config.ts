import { defineConfig } from 'vitest/config';
import { LongestFirst } from './support/longest-first.ts';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // onnxruntime in worker threads aborts Node when a thread is ended: tests run in processes.
    pool: 'forks',
    maxWorkers: 2,
    // One import of the engine for all files of a worker takes a minute off the run.
    isolate: false,
    setupFiles: ['test/support/each-file.ts'],
    sequence: { sequencer: LongestFirst },
    // Far more than any test takes: machines may be slow and busy.
    testTimeout: 300_000,
    globalSetup: 'test/support/run-wide.ts',
    hookTimeout: 120_000,
    onConsoleLog: (log) => {
      throw new Error(`a test wrote to the console: ${log}`);
    },
  },
});

/** What every command has: --model, --threads, --json, cancelling, errors with exit codes. */
import type { Command } from 'commander';
import { Engine, plainError } from '../../core/index.ts';
import { createTerminal, type Terminal } from './terminal.ts';

export interface Context {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly model?: string;
  readonly threads?: number;
}
type Work = (context: Context, words: readonly unknown[], options: Readonly<Record<string, unknown>>) => Promise<void>;

export interface Shared {
  /** Adds the shared options and runs `work` when the command is called. */
  finish(command: Command, work: Work): Command;
}

export function createShared(wholeNumber: (text: string) => number): Shared {
  return {
    finish: (command, work) =>
      command
        .option('--model <folder>', 'a CLIP model folder; the embedded model when left out')
        .option('--threads <count>', 'threads that the model may use', wholeNumber)
        .option('--json', 'one JSON document on standard output and nothing else')
        .action(async (...given: unknown[]) => {
          const options = command.opts<Record<string, unknown>>();
          const terminal = createTerminal(options['json'] === true);
          const abort = new AbortController();
          const interrupt = (): void => abort.abort();
          process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
          try {
            const { model, threads } = options;
            await work(
              {
                terminal,
                signal: abort.signal,
                ...(typeof model === 'string' ? { model } : {}),
                ...(typeof threads === 'number' ? { threads } : {}),
              },
              given.slice(0, -2),
              options,
            );
          } catch (thrown) {
            const error = plainError(thrown);
            terminal.document({ error });
            terminal.failed(error);
          } finally {
            terminal.close();
            process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
          }
        }),
  };
}

export async function withEngine<T>({ model, threads }: Context, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = new Engine({ ...(model ? { model } : {}), ...(threads ? { threads } : {}) });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

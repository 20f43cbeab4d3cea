/** What every command has: --model and how it is opened, --threads, --json, cancelling, errors with exit codes. */
import os from 'node:os';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { Engine, type EngineOptions, locateModel, plainError } from '../../core/index.ts';
import { createTerminal, type Terminal } from './terminal.ts';

export interface Context {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** What the engine is opened with; a model of a hub has been fetched, and is a folder here. */
  readonly engine: EngineOptions;
  /** Whether only models that were fetched before may be used. */
  readonly offline: boolean;
  /** The same for other options: another model, say. */
  open(options: Readonly<Record<string, unknown>>): Promise<EngineOptions>;
  /** What the command ends with, though it was interrupted. */
  ended(code: number): void;
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
        .option(
          '--model <name>',
          'a CLIP model: its folder, or organisation/name[@revision] on the hub; the embedded one when left out',
        )
        .option('--variant <kind>', 'a precision that the model offers: fp16, quantized, q4')
        .addOption(
          new Option('--dequantise <when>', 'when quantised weights become real numbers for gradients').choices([
            'once',
            'each-run',
          ]),
        )
        .option('--offline', 'use only models that were fetched before')
        .option('--threads <count>', 'threads that the model may use', wholeNumber)
        .option('--json', 'one JSON document on standard output and nothing else')
        .action(async (...given: unknown[]) => {
          const options = command.opts<Record<string, unknown>>();
          const terminal = createTerminal(options['json'] === true);
          const abort = new AbortController();
          // A shell's loop goes on after a command that ended with 1, and stops after one that says it was interrupted.
          let code: number | undefined;
          const interrupt = (name: 'SIGINT' | 'SIGTERM'): void => {
            code ??= 128 + os.constants.signals[name];
            abort.abort();
          };
          process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
          const ended = (wanted: number): void => {
            code = wanted;
          };
          try {
            const open = (o: Readonly<Record<string, unknown>>): Promise<EngineOptions> =>
              engineOptions(optionsSchema.parse(o), terminal, abort.signal);
            const engine = await open(options);
            const offline = options['offline'] === true;
            await work({ terminal, signal: abort.signal, engine, offline, open, ended }, given.slice(0, -2), options);
          } catch (thrown) {
            const error = plainError(thrown);
            terminal.document({ error });
            terminal.failed(error);
          } finally {
            terminal.close();
            if (code !== undefined) process.exitCode = code;
            process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
          }
        }),
  };
}

const MB = 1e6;
const optionsSchema = z.object({
  model: z.string().optional(),
  threads: z.number().optional(),
  variant: z.string().optional(),
  dequantise: z.enum(['once', 'each-run']).optional(),
  offline: z.boolean().optional(),
});

/** Fetches a model of a hub when it is not here yet, showing how far it is. */
async function engineOptions(
  o: z.infer<typeof optionsSchema>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<EngineOptions> {
  const given = {
    ...(o.threads === undefined ? {} : { threads: o.threads }),
    ...(o.variant === undefined ? {} : { variant: o.variant }),
    ...(o.dequantise === undefined ? {} : { dequantise: o.dequantise }),
  };
  if (o.model === undefined) return given;
  const model = await locateModel(o.model, {
    signal,
    ...(o.offline ? { offline: true } : {}),
    ...(o.variant === undefined ? {} : { variant: o.variant }),
    onProgress: ({ done, total }) => terminal.progress(Math.round(done / MB), Math.max(1, Math.round(total / MB))),
  });
  return { ...given, model };
}

export async function withEngine<T>(context: Context, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = new Engine(context.engine);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

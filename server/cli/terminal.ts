/** What a command says, and where: results on standard output, progress and errors on standard error; with --json one document and nothing else. */
import { SingleBar } from 'cli-progress';
import type { PlainError } from '../../core/index.ts';

export interface Terminal {
  readonly json: boolean;
  /** A line for a person; silent with --json. */
  line(text: string): void;
  /** The one document of --json; silent without. */
  document(value: unknown): void;
  progress(done: number, total: number): void;
  /** What else can be done, for a person; silent with --json. */
  hint(text: string): void;
  /** A warning that does not stop the work. */
  warn(text: string): void;
  /** Says what failed, and sets the exit code. */
  failed(error: PlainError): void;
  close(): void;
}

/** Who reads may leave early, as `head` does: what is said after that is lost, and the work goes on. */
function outlivesItsReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EPIPE') throw thrown;
  });
}

export function createTerminal(json: boolean): Terminal {
  if (process.stdout.listenerCount('error') === 0) [process.stdout, process.stderr].forEach(outlivesItsReader);
  let bar: SingleBar | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    json,
    line(text) {
      stop();
      if (!json) process.stdout.write(`${text}\n`);
    },
    document(value) {
      stop();
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
    progress(done, total) {
      if (!process.stderr.isTTY) return;
      if (!bar) {
        bar = new SingleBar({
          stream: process.stderr,
          format: '  {bar} {value}/{total}  {eta_formatted} left',
          barCompleteChar: '━',
          barIncompleteChar: '─',
          hideCursor: true,
          clearOnComplete: true,
        });
        bar.start(total, done);
      }
      bar.setTotal(total);
      bar.update(done);
    },
    hint(text) {
      stop();
      if (!json) process.stderr.write(`${text}\n`);
    },
    warn(text) {
      stop();
      process.stderr.write(`${text}\n`);
    },
    failed(error) {
      stop();
      process.stderr.write(`${error.code}: ${error.message}\n`);
      process.exitCode = exitCodeOf(error);
    },
    close: stop,
  };
}

const USAGE_CODES: ReadonlySet<PlainError['code']> = new Set([
  'USAGE',
  'PARAMETER_INVALID',
  'PROMPT_EMPTY',
  'PROMPT_INVALID',
  'PLUGIN_UNKNOWN',
]);

/** 2 for wrong usage, 1 for everything else that failed. */
export const exitCodeOf = (error: PlainError): 1 | 2 => (USAGE_CODES.has(error.code) ? 2 : 1);

/** The command line. Called by server/launch/bin.js. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { loadRegistry, plainError } from '../../core/index.ts';
import { version } from '../about.ts';
import { pluginFolders, usable } from '../plugins.ts';
import { replayCommand, resumeCommand, verifyCommand } from './again.ts';
import { dataCommand } from './data.ts';
import { devCommand } from './dev.ts';
import { pluginsCommand } from './grants.ts';
import { modelCommand } from './model-check.ts';
import { newCommand } from './new.ts';
import { pluginCommand } from './run-plugin.ts';
import { scoreCommand } from './score.ts';
import { createShared } from './shared.ts';
import { startCommand } from './start.ts';
import { exitCodeOf } from './terminal.ts';
import { testCommand } from './test.ts';
import { workerCommand } from './worker.ts';

const BUILT_IN = new Set([
  'start',
  'dev',
  'new',
  'test',
  'data',
  'worker',
  'score',
  'model',
  'plugins',
  'replay',
  'verify',
  'resume',
  '--version',
  '-V',
]);
const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1024)
    throw new InvalidArgumentError('It must be a whole number from 1 to 1024.');
  return value;
};

/** Runs one command; sets the exit code: 0, 1 when it failed, 2 when it was used wrongly. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await run(argv);
  } catch (thrown) {
    const { code, message } = plainError(thrown);
    process.stderr.write(`${code}: ${message}\n`);
    process.exitCode = exitCodeOf({ code, message });
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const shared = createShared(wholeNumber);
  const program = new Command('lodestone')
    .description('CLIP guidance for generative art.')
    .version(await version())
    .showHelpAfterError()
    .exitOverride();
  const commands = [
    startCommand,
    devCommand,
    newCommand,
    testCommand,
    workerCommand,
    dataCommand,
    scoreCommand,
    modelCommand,
    pluginsCommand,
    replayCommand,
    verifyCommand,
    resumeCommand,
  ].map((made) => made(shared));
  // The plugins' schemas are read only when a command could be one of theirs.
  if (!BUILT_IN.has(argv[0] ?? '')) {
    const registry = usable(await loadRegistry(pluginFolders()));
    for (const { code, message } of registry.broken) process.stderr.write(`${code}: ${message}\n`);
    commands.push(...registry.plugins.map((plugin) => pluginCommand(plugin, shared)));
  }
  for (const command of commands) program.addCommand(overridden(command));
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    process.exitCode = thrown.exitCode === 0 ? 0 : 2;
  }
}

/** An option that takes a list takes all words that follow, those that were meant for a place too. */
function outputErrorOf(command: Command): (text: string, write: (text: string) => void) => void {
  return (text, write) => {
    const lists = command.options.filter((o) => o.variadic).map((o) => o.long);
    const hint =
      lists.length > 0 ? `(lists take all words that follow: end ${lists.join(', ')} with -- before the rest)\n` : '';
    write(text.includes('missing required argument') ? `${text}${hint}` : text);
  };
}

function overridden(command: Command): Command {
  command.exitOverride().showHelpAfterError('(add --help to see how it is used)');
  command.configureOutput({ outputError: outputErrorOf(command) });
  command.commands.forEach(overridden);
  return command;
}

/**
 * Ends the children of a process that was killed: a small shell reads the numbers of their groups from a pipe, and when the pipe closes, because
 * whoever held it is gone, ends the groups that are left. It works whatever the children are doing. Windows does the same by itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';

const SCRIPT = `
trap '' INT TERM HUP QUIT
kept=
while read -r sign group; do
  case $sign in
    +) kept="$kept $group" ;;
    -) left=; for one in $kept; do [ "$one" = "$group" ] || left="$left $one"; done; kept=$left ;;
  esac
done
for one in $kept; do kill -9 "-$one" 2>/dev/null; done
`;

const guarded = new Set<number>();
let guardian: ChildProcess | undefined;

function tell(line: string): void {
  if (process.platform === 'win32') return;
  if (guardian) {
    guardian.stdin?.write(line);
    return;
  }
  // A session of its own: what ends this process and its group does not end it.
  const started = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: {} });
  guardian = started;
  const gone = (): void => {
    if (guardian !== started) return;
    guardian = undefined;
    // Somebody ended the guardian alone: those that are left get another.
    if (guarded.size > 0) tell('');
  };
  started.once('exit', gone);
  started.once('error', gone);
  started.stdin?.on('error', () => undefined);
  started.unref();
  // A pipe is a socket, which holds the process open unless told otherwise.
  (started.stdin as { unref?(): void } | null)?.unref?.();
  started.stdin?.write([...guarded].map((group) => `+ ${group}\n`).join(''));
}

/** From now on the process group ends with this process, however that ends. Returns what says that the group has ended by itself. */
export function guard(group: number): () => void {
  guarded.add(group);
  if (guardian) tell(`+ ${group}\n`);
  else tell('');
  return () => {
    guarded.delete(group);
    if (guardian) tell(`- ${group}\n`);
  };
}

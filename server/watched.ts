/** Watches folders of plugins, and has them read again when something in them was saved. */
import { relative } from 'node:path';
import { watch } from 'chokidar';

/** Editors write a file in several steps; what is half-written is not worth reading. */
const SETTLED_MS = 80;
/** Below a folder: packages, and what is hidden. */
const PASSED_OVER = /(?:^|[\\/])(?:node_modules|\.[^\\/.][^\\/]*)(?:[\\/]|$)/;

/** Gives what ends it. */
export function watched(folders: readonly string[], changed: () => void): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLED_MS);
  };
  const isPassedOver = (path: string): boolean => folders.every((folder) => PASSED_OVER.test(relative(folder, path)));
  const watcher = watch([...folders], { ignoreInitial: true, ignored: isPassedOver });
  watcher.on('all', soon);
  // A folder that is gone is told by reading it.
  watcher.on('error', soon);
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}

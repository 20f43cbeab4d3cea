/** The plugins that there are now: read again when somebody says that their files have changed. Runs that have begun go on with what they began with. */
import { EventEmitter } from 'node:events';
import {
  type LodestoneError,
  loadRegistry,
  type RegisteredExtension,
  type RegisteredPlugin,
  type Registry,
} from '../core/index.ts';
import { usable } from './plugins.ts';

export class LiveRegistry extends EventEmitter<{ changed: [] }> implements Registry {
  private readonly folders: readonly string[];
  private now: Registry;
  private reading: Promise<void> | undefined;
  /** Whether files have changed since they began to be read. */
  private stale = false;

  private constructor(folders: readonly string[], now: Registry) {
    super();
    this.folders = folders;
    this.now = now;
  }

  static async open(folders: readonly string[]): Promise<LiveRegistry> {
    return new LiveRegistry(folders, usable(await loadRegistry(folders)));
  }

  get plugins(): readonly RegisteredPlugin[] {
    return this.now.plugins;
  }
  get extensions(): readonly RegisteredExtension[] {
    return this.now.extensions;
  }
  get broken(): readonly LodestoneError[] {
    return this.now.broken;
  }
  find(id: string): RegisteredPlugin {
    return this.now.find(id);
  }

  /** Settles when what the files say now is known; of many calls meanwhile one more reading comes. */
  reload(): Promise<void> {
    this.stale = true;
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async read(): Promise<void> {
    while (this.stale) {
      this.stale = false;
      this.now = usable(await loadRegistry(this.folders));
      this.emit('changed');
    }
  }
}

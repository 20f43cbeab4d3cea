/** What people have granted to plugins, remembered in one file of the data folder: by the plugin's file and by what it wants, so that a plugin that wants more asks again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { failure, type RegisteredPlugin, type Want, wantsSchema, writeWhole } from '../core/index.ts';

const fileSchema = z.object({ format: z.literal(1), granted: z.record(z.string(), wantsSchema) });
type Granted = z.output<typeof fileSchema>['granted'];

export class Grants {
  private readonly path: string;

  constructor(data: string) {
    this.path = join(data, 'grants.json');
  }

  /** Throws FILE_WRITE. */
  async grant({ file, wants }: RegisteredPlugin): Promise<void> {
    const granted = { ...(await this.read()), [file]: [...wants] };
    await writeWhole(this.path, `${JSON.stringify({ format: 1, granted }, null, 2)}\n`);
  }

  async revoke({ file }: RegisteredPlugin): Promise<void> {
    const { [file]: _gone, ...granted } = await this.read();
    await writeWhole(this.path, `${JSON.stringify({ format: 1, granted }, null, 2)}\n`);
  }

  async of({ file, builtIn, wants }: RegisteredPlugin): Promise<readonly Want[]> {
    if (builtIn) return wants;
    return wants.length > 0 ? ((await this.read())[file] ?? []) : [];
  }

  /** A file that is damaged grants nothing, and says so. */
  private async read(): Promise<Granted> {
    const text = await readFile(this.path, 'utf8').catch(() => undefined);
    if (text === undefined) return {};
    try {
      return fileSchema.parse(JSON.parse(text)).granted;
    } catch {
      throw failure('FILE_WRITE', {
        path: this.path,
        what: 'it is damaged; remove it, and grant again what you trust',
      });
    }
  }
}

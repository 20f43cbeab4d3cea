/** Plugins written on the spot, in a folder that is gone when the tests of the file end. */
import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export function useFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lodestone-plugins-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface Written {
  readonly title?: string;
  readonly wants?: readonly string[];
  /** Code that runs when the plugin is imported. */
  readonly atImport?: string;
}

/** The file of a plugin that says its title. */
export async function writePlugin(
  folder: string,
  id: string,
  { title = 'Plain', wants = [], atImport = '' }: Written = {},
): Promise<string> {
  const file = join(folder, `${id}.ts`);
  await writeFile(
    file,
    `import { definePlugin } from 'lodestone';
import { z } from 'zod';

${atImport}
export default definePlugin({
  id: '${id}',
  title: '${title}',
  description: 'Says its title.',
  version: '1.0.0',
  wants: ${JSON.stringify(wants)},
  parameters: z.object({}),
  async *run() {
    yield { type: 'note', text: 'this is ${title}' };
  },
});
`,
  );
  return file;
}

/** A plugin's file in a folder of its own, as somebody would save it. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const core = new URL('../../core/index.ts', import.meta.url).pathname;
const zod = new URL('../../node_modules/zod/index.js', import.meta.url).pathname;

/** The folder that holds it. */
export async function freshPlugin(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lodestone-fresh-'));
  await writeFile(
    join(folder, 'fresh.ts'),
    `import { z } from '${zod}';
import { definePlugin } from '${core}';

export default definePlugin({
  id: 'fresh',
  title: 'Fresh',
  description: 'Says hello in a table.',
  version: '1.0.0',
  parameters: z.object({ who: z.string().default('world').meta({ title: 'Who', description: 'Who is greeted' }) }),
  async *run({ who }) {
    yield { type: 'table', title: 'Greetings', columns: ['words'], rows: [[\`hello \${who}\`]] };
  },
});
`,
  );
  return folder;
}

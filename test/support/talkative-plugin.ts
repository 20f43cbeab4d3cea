/** A plugin's file that says far more than anybody wants to see, and asks questions. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder that holds it. */
export async function talkativePlugin(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lodestone-talkative-'));
  await writeFile(
    join(folder, 'talkative.ts'),
    `import { z } from 'zod';
import { definePlugin } from 'lodestone';

const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>');
const png = Uint8Array.from(Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'));
const long = (letter, count) => letter.repeat(count);

export default definePlugin({
  id: 'talkative',
  title: 'Talkative',
  description: 'Says a lot.',
  version: '1.0.0',
  steerable: true,
  parameters: z.object({ prompt: z.string().default(''), how: z.enum(['flood', 'rank', 'ask', 'draw']).meta({ title: 'How' }) }),
  async *run({ how }, { onSteer }) {
    let heard;
    onSteer(({ answer }) => {
      if (answer?.choice === 'refuse me') throw new Error('this is no answer');
      if (answer) heard?.(answer.choice);
    });
    async function* asked(id) {
      const said = new Promise((resolve) => { heard = resolve; });
      yield { type: 'question', id, text: 'Go on?', pictures: [], choices: ['yes', 'no'] };
      yield { type: 'note', text: 'heard ' + await said };
    }
    const picture = (title, mime, bytes) => ({ type: 'picture', title, width: 1, height: 1, mime, bytes });
    if (how === 'flood') {
      for (let i = 0; i < 200; i++) yield { type: 'note', text: long('n', 15_000) + i };
      for (let i = 0; i < 30; i++)
        yield { type: 'table', title: long('t', 4000) + i, columns: ['words', 'number'], rows: Array.from({ length: 100 }, (_, k) => [long('w', 4000) + k, k]) };
      yield { type: 'progress', done: 1, total: 2, label: long('l', 4000) };
      yield picture(long('p', 4000), 'image/png', png);
    }
    if (how === 'rank')
        yield { type: 'ranking', title: long('r', 4000), columns: [long('c', 4000)], items: Array.from({ length: 2000 }, (_, i) => ({ picture: long('p', 4000), score: i, values: [i] })) };
    if (how === 'ask') {
      yield* asked('first');
      yield* asked('second');
      const more = new Promise((resolve) => { heard = resolve; });
      yield { type: 'note', text: 'nothing more to ask' };
      await more;
    }
    if (how === 'draw') {
      yield picture('one', 'image/svg+xml', svg);
      yield picture('one', 'image/png', png);
      yield* asked('first');
      yield picture('two', 'image/png', png);
    }
  },
});
`,
  );
  return folder;
}

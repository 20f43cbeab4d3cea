import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addFlags, parametersFrom } from '../../server/cli/flags.ts';

const schema = z.toJSONSchema(
  z.object({
    wellKnown: z.boolean().default(false),
    onByItself: z.boolean().default(true).describe('Looks twice'),
    count: z.int().default(3),
  }),
  { io: 'input' },
);
/** What is given to a plugin when so much is typed. */
function given(...words: string[]): Record<string, unknown> {
  const command = new Command();
  const flags = addFlags(command, schema);
  command.parse(words, { from: 'user' });
  return parametersFrom(flags, [], command.opts());
}

describe('a switch', () => {
  it('is turned on by its name', () => {
    expect(given('--well-known')).toMatchObject({ wellKnown: true });
    expect(given()).not.toHaveProperty('wellKnown');
  });
  it('that is on by itself is turned off', () => {
    expect(given('--no-on-by-itself')).toMatchObject({ onByItself: false });
    expect(given()).toMatchObject({ onByItself: true });
  });
  it('says so in the help', () => {
    const command = new Command();
    addFlags(command, schema);
    expect(command.helpInformation()).toMatch(/--no-on-by-itself\s+without: Looks twice/);
  });
});

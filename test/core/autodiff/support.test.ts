import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { operatorSupport, supportTable } from '../../../core/autodiff/support-table.ts';

it('the table of operators in the docs is the one that the code gives', () => {
  const written = readFileSync(new URL('../../../core/graph/OPERATORS.md', import.meta.url), 'utf8');
  expect(written, 'run `npm run operators`').toBe(supportTable());
  expect(operatorSupport().size).toBeGreaterThan(160);
});

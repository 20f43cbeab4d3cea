/** The order of test files: those that are known to be long begin first, so that nobody waits at the end for one alone. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LONG = [
  'e2e/studio',
  'server/cli',
  'core/guidance/guidance',
  'core/guidance/drawers',
  'server/again',
  'server/server',
  'core/guidance/meetings',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return found < 0 ? LONG.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

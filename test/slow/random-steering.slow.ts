import { describe, it } from 'vitest';
import * as drawers from '../../core/guidance/drawers/index.ts';
import { useEngine } from '../support/services.ts';
import { expectSameAgain } from '../support/wander.ts';

const engine = useEngine();
const { inpaint: _, ...plain } = drawers;

describe('a run that is steered at random and given again', () => {
  it.each(Object.entries(plain))('gives the same bytes: %s', async (_id, drawer) => {
    await expectSameAgain(engine, drawer as never, 'adam');
  });
  it('gives the same bytes: strokes that evolve', async () => {
    await expectSameAgain(engine, drawers.strokes as never, 'evolution');
  });
});

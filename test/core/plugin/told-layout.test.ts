import { describe, expect, it } from 'vitest';
import { parsePrompt } from '../../../core/guidance/prompt/parse.ts';
import type { GuideEvent } from '../../../core/guidance/protocol.ts';
import { ToldLayout } from '../../../core/plugin/kit/told-layout.ts';

const [first, second] = [parsePrompt('a cat @top'), parsePrompt('a cat @bottom')];
/** A step, of which only the number is looked at. */
const at = (step: number): GuideEvent => ({ type: 'rewound', step });
const tops = (layout: ToldLayout, event: GuideEvent): (number | undefined)[] =>
  [...layout.before(event)].flatMap((e) => (e.type === 'layout' ? e.parts.map((p) => p.place?.top) : []));

describe('where a run wants what', () => {
  it('is told once, and again where a run goes back to before it was changed', () => {
    const layout = new ToldLayout(first, []);
    expect(tops(layout, at(0))).toEqual([0]);
    expect(tops(layout, at(1))).toEqual([]);
    layout.change(second);
    expect(tops(layout, at(2))).toEqual([0.5]);
    expect(tops(layout, at(1))).toEqual([0]);
    expect(tops(layout, at(2))).toEqual([]);
  });
  it('is that of the beginning that was chosen, where a run is taken up', () => {
    expect(tops(new ToldLayout(first, [{ prompts: second }], 1), at(9))).toEqual([0.5]);
    expect(tops(new ToldLayout(first, [{ prompts: second }]), at(9))).toEqual([0]);
  });
  it('is not told of what goes everywhere', () => {
    expect(tops(new ToldLayout(parsePrompt('a cat'), []), at(0))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { trace, writeOnnx } from '../../core/graph/index.ts';
import { type Engine, guidanceSettingsSchema, parsePrompt, pixels, plainError, readyDrawer } from '../../core/index.ts';
import { useEngine } from '../support/services.ts';

/** A loss that keeps one step busy for minutes: the step cannot be ended but with its process. */
function endless(): Uint8Array {
  const side = 1024;
  return writeOnnx(
    trace('endless', (t) => {
      let product = t
        .input('picture', [1, 3, 64, 64])
        .reshape([3, 4096])
        .slice(1, 0, side)
        .mean()
        .add(t.constant(new Array(side * side).fill(1e-3), [side, side]));
      for (let i = 0; i < 3000; i++) product = product.matmul(product).mul(1e-6);
      return { loss: product.mean() };
    }),
  );
}

describe('a run that was cancelled while its step goes on in the process of the model', () => {
  it('does not end the run of the next person, nor what was asked beside it', async () => {
    const engine: Engine = useEngine();
    await engine.info();
    const abort = new AbortController();
    const begun = async (): Promise<string> => {
      const request = {
        run: 'stuck',
        drawer: readyDrawer(pixels, {}, 1, { preview: 64, output: 64 }),
        prompts: parsePrompt('a heart'),
        settings: guidanceSettingsSchema.parse({ steps: 2, crops: 2 }),
        losses: [{ name: 'endless', graph: endless(), weight: 1 }],
      };
      for await (const event of engine.guide(request, { signal: abort.signal }))
        if (event.type === 'compiled') setTimeout(() => abort.abort(), 1000);
      return 'done';
    };
    const first = begun().catch((thrown: unknown) => plainError(thrown).code);
    await new Promise<void>((resolve) => abort.signal.addEventListener('abort', () => resolve(), { once: true }));
    const steps: number[] = [];
    const next = {
      run: 'next',
      drawer: readyDrawer(pixels, {}, 1, { preview: 64, output: 64 }),
      prompts: parsePrompt('a heart'),
      settings: guidanceSettingsSchema.parse({ steps: 8, crops: 2 }),
      losses: [],
    };
    for await (const event of engine.guide(next)) if (event.type === 'step') steps.push(event.step);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(['CANCELLED', 'ENGINE_STOPPED']).toContain(await first);
    expect((await engine.embedTexts(['a cat'])).count).toBe(1);
  });
});

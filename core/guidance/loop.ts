/** The guidance loop: runs whole beside the session and tells what it sees. Steered, cancelled and replayed step by step. */
import { setImmediate } from 'node:timers/promises';
import { env } from 'onnxruntime-node';
import type { ClipModel } from '../clip/model.ts';
import { failure } from '../errors.ts';
import { compile, readOnnx } from '../graph/index.ts';
import { seeded, seedFor } from '../random.ts';
import { type PictureEmbedder, promptFeeds, stockRows } from './prompt-feeds.ts';
import type { GuideEvent, GuideRequest, Prompt, RunRecord } from './protocol.ts';
import { Renderer } from './renderer.ts';
import { canvasSide, renderGraph, stepGraph } from './step.ts';
import { Stepper } from './stepper.ts';

export interface LoopContext {
  readonly model: ClipModel;
  readonly embedPicture: PictureEmbedder;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** The prompts in force, when they were changed since the last step. */
  steered(): readonly Prompt[] | undefined;
}

async function compiled(
  request: GuideRequest,
  dimension: number,
  { model }: LoopContext,
): Promise<{ stepper: Stepper; nodes: number; release: () => Promise<void> }> {
  const { drawer } = request;
  const [tower, side] = [await model.tower('image'), await model.side()];
  const drawing = readOnnx({ bytes: drawer.canvas, name: `drawer ${drawer.id}` });
  const canvas = canvasSide(drawing);
  const { preprocessing } = model.folder;
  const graph = stepGraph({
    request,
    drawing,
    tower,
    preprocessing,
    side,
    canvas,
    dimension,
    stock: stockRows,
  });
  const session = await compile(graph, model.compileOptions);
  return {
    stepper: new Stepper({ request, session, canvas, side }),
    nodes: graph.nodes.length,
    release: () => session.release(),
  };
}

/** Throws CANCELLED as soon as the signal aborts. The same request on the same machine gives the same bytes. */
export async function* guide(request: GuideRequest, context: LoopContext): AsyncGenerator<GuideEvent> {
  const { model, signal, threads, embedPicture } = context;
  const { settings: s, drawer } = request;
  const began = performance.now();
  let prompts = await promptFeeds(model, request.prompts, embedPicture);
  const preview = new Renderer(renderGraph(drawer.preview, drawer.id, drawer.paper), threads);
  const output = new Renderer(renderGraph(drawer.output, drawer.id, drawer.paper), threads);
  const dimension = prompts.prompts.dims[1] ?? 0;
  const { stepper, nodes, release } = await compiled(request, dimension, context);
  try {
    yield { type: 'compiled', nodes, milliseconds: performance.now() - began };
    const random = seeded(seedFor(s.seed, 'crops'));
    const steers: RunRecord['steers'][number][] = [];
    for (let step = 0; step < s.steps; step++) {
      await setImmediate();
      if (signal.aborted) throw failure('CANCELLED', {});
      const changed = context.steered();
      if (changed) {
        prompts = await promptFeeds(model, changed, embedPicture);
        steers.push({ step: step + 1, prompts: changed.map(worded) });
      }
      yield { type: 'step', step: step + 1, steps: s.steps, ...(await stepper.step(step, prompts, random)) };
      const due = s.frameEvery > 0 && (step + 1) % s.frameEvery === 0 && step + 1 < s.steps;
      if (due) yield { type: 'frame', step: step + 1, ...(await preview.jpeg(stepper.state, step / s.steps)) };
    }
    yield {
      type: 'picture',
      ...(await output.png(stepper.state)),
      record: { ...(await recordOf(request, model, threads)), steers },
    };
  } finally {
    await Promise.all([release(), preview.release(), output.release()]);
  }
}

const worded = (p: Prompt): string => `${p.text ?? '[picture]'}:${p.weight}`;

async function recordOf(
  { settings, prompts, drawer }: GuideRequest,
  model: ClipModel,
  threads: number,
): Promise<Omit<RunRecord, 'steers'>> {
  const { hash } = await model.info();
  return {
    model: hash,
    drawer: drawer.id,
    settings,
    prompts: prompts.map(worded),
    threads,
    onnxruntime: env.versions.common,
  };
}

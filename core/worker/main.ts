/** The process that runs the model: answers the engine's calls, one at a time where the model is busy. Started by engine.ts, never by hand. */
import os from 'node:os';
import { joinedFloats } from '../arrays.ts';
import type { Embeddings } from '../clip/batches.ts';
import { checkFolder } from '../clip/check.ts';
import { locateModel } from '../clip/hub/index.ts';
import { inspect } from '../clip/inspect.ts';
import { ClipModel } from '../clip/model.ts';
import { unitFactor } from '../clip/preprocess.ts';
import { once, remembered } from '../clip/remembered.ts';
import { replacements } from '../clip/replacements.ts';
import { stockPictures } from '../clip/stock-pictures.ts';
import { openStore } from '../clip/store.ts';
import type { EyeName, PictureSource } from '../engine/requests.ts';
import { requests, workerSettingsSchema } from '../engine/requests.ts';
import { stacked } from '../engine/scores.ts';
import { failure, revivedError } from '../errors.ts';
import type { Eye } from '../guidance/looker.ts';
import { type Asked, guide } from '../guidance/loop.ts';
import type { GuideEvent } from '../guidance/protocol.ts';
import { guideRequestSchema, steerRequestSchema } from '../guidance/protocol.ts';
import { parentPort } from '../process/child.ts';
import { Inbox } from '../process/inbox.ts';
import type { CallContext, Handlers } from '../process/rpc.ts';
import { Peer } from '../process/rpc.ts';
import type { PixelBatch, Sight } from './decode.ts';
import { pixelBatches, valuesOf } from './decode.ts';
import { Embedder } from './embedder.ts';
import { Guests } from './guests.ts';
import { Shelf } from './shelf.ts';

const settings = workerSettingsSchema.parse(JSON.parse(process.argv[2] ?? '{}'));
const threads = settings.threads ?? os.availableParallelism();
const store = openStore();
const shelf = new Shelf(threads);
/** Opened at the first call, so that a broken folder is that call's error; tried again at the next. */
const ready = once(openModel);
async function openModel(): Promise<{ readonly model: ClipModel; readonly embedder: Embedder }> {
  const { model: spec, variant, dequantise } = settings;
  const folder = await locateModel(spec, variant === undefined ? {} : { variant });
  const made = await ClipModel.open(folder, {
    threads,
    store,
    ...(variant === undefined ? {} : { variant }),
    ...(dequantise ? { dequantise } : {}),
  });
  return { model: made, embedder: new Embedder(made, store) };
}
const model = async (): Promise<ClipModel> => (await ready()).model;

const sightOf = async (m: ClipModel): Promise<Sight> => ({
  preprocessing: m.folder.preprocessing,
  side: await m.side(),
});

const seeing = async (eye: EyeName): Promise<ClipModel> => (eye === 'clean' ? model() : (await model()).guidingEye());

async function* embedded(
  m: ClipModel,
  pictures: readonly PictureSource[],
  { signal }: CallContext,
  work: (batch: PixelBatch) => Promise<Embeddings>,
): AsyncGenerator<unknown> {
  for await (const batch of pixelBatches(pictures, await sightOf(m))) {
    if (signal.aborted) throw failure('CANCELLED', {});
    const { indices, failures } = batch;
    yield { indices, failures, embeddings: await work(batch) };
  }
}

async function pixelsOf(m: ClipModel, pictures: readonly PictureSource[]): Promise<Float32Array> {
  const sight = await sightOf(m);
  return joinedFloats(await Promise.all(pictures.map((p) => valuesOf(p, sight))));
}

/** Of the stock pictures one in so many tells what is usual. */
const FEW = 3;
/** Unit rows of the stock pictures, or of a few, kept on disk like those of any other picture. */
async function everydayOf(m: ClipModel, few: boolean): Promise<Embeddings> {
  const rows: Embeddings[] = [];
  const embedder = new Embedder(m.whole, store);
  for await (const { embeddings, failures } of embedder.pictures(
    stockPictures().filter((_, i) => !few || i % FEW === 0),
    new AbortController().signal,
  )) {
    const [bad] = failures;
    if (bad) throw revivedError(bad.error);
    rows.push(embeddings);
  }
  return stacked(rows);
}
const everydayOfModel = {
  few: new WeakMap<ClipModel, Promise<Embeddings>>(),
  all: new WeakMap<ClipModel, Promise<Embeddings>>(),
};
const everyday = (m: ClipModel, few = false): Promise<Embeddings> =>
  remembered(everydayOfModel[few ? 'few' : 'all'], m.whole, () => everydayOf(m, few));

/** What running loops are told, by the run's name. */
const inboxes = new Map<string, Inbox<Asked>>();

/** A model with how it takes in pictures. */
const eyeOf = (m: ClipModel): Eye => {
  const eye: Eye = {
    model: m,
    // What is compared is seen by the eye that sees best.
    embedPicture: async (p) => m.whole.embedPixels(await pixelsOf(m.whole, [p]), 1),
    stylePicture: async (p) => m.styleProfiles(await pixelsOf(m, [p]), 1),
    everyday: (few) => everyday(m, few),
    guiding: async () => {
      const guiding = await m.guidingEye();
      return guiding === m ? eye : eyeOf(guiding);
    },
  };
  return eye;
};
const guests = new Guests(async (folder) => ClipModel.open(await locateModel(folder), { threads, store }));

async function* guided(args: unknown, { signal }: CallContext): AsyncGenerator<GuideEvent> {
  const request = guideRequestSchema.parse(args);
  const m = await model();
  const inbox = new Inbox<Asked>();
  inboxes.set(request.run, inbox);
  const ended = guests.begin();
  try {
    const open = async (folder: string): Promise<Eye> => eyeOf(await guests.model(folder));
    yield* guide(request, { eye: eyeOf(m), open, threads, signal, inbox });
  } finally {
    ended();
    if (inboxes.get(request.run) === inbox) inboxes.delete(request.run);
    const gone = failure('JOB_UNKNOWN', { id: request.run });
    for (let asked = inbox.take(); asked; asked = inbox.take()) asked.settle(gone);
  }
}

const handlers: Handlers = {
  info: async () => (await model()).info(),
  inspect: async () => inspect(await model()),
  embedTexts: async (args) => (await ready()).embedder.texts(requests.embedTexts.parse(args).texts),
  everyday: async (args) => everyday(await model(), requests.everyday.parse(args).few),
  cutTexts: async (args) => (await model()).cutTexts(requests.cutTexts.parse(args).texts),
  embedPictures: async function* (args, { signal }) {
    yield* (await ready()).embedder.pictures(requests.embedPictures.parse(args).pictures, signal);
  },
  styles: async function* (args, context) {
    const { pictures, eye } = requests.styles.parse(args);
    const m = await seeing(eye);
    yield* embedded(m, pictures, context, (b) => m.styleProfiles(b.pixels, b.indices.length));
  },
  pixelGradient: async (args) => {
    const { pictures, against, weights, eye } = requests.pixelGradient.parse(args);
    const m = await seeing(eye);
    const side = await m.side();
    const found = await m.pixelGradient(await pixelsOf(m, pictures), pictures.length, against, weights);
    const { preprocessing } = m.folder;
    const area = side * side;
    // The model sees (v factor - mean) / std, so per unit of sRGB the gradient is factor / std of it.
    const slopes = preprocessing.std.map((std) => unitFactor(preprocessing) / std);
    return { ...found, side, gradient: found.gradient.map((g, i) => g * (slopes[Math.floor(i / area) % 3] ?? 1)) };
  },
  saliency: async (args) => {
    const { picture, against, weights } = requests.saliency.parse(args);
    const m = await model();
    return m.saliency(await pixelsOf(m, [picture]), against, weights);
  },
  tokenGradient: async (args) => {
    const { text, against, weights } = requests.tokenGradient.parse(args);
    return (await model()).tokenGradient(text, against, weights);
  },
  replacements: async (args) => {
    const { text, against, weights, count } = requests.replacements.parse(args);
    const m = await model();
    const { gradient } = await m.tokenGradient(text, against, weights);
    return replacements(m, text, gradient, count);
  },
  keepRows: async (args) => {
    await shelf.keep(requests.keepRows.parse(args));
  },
  nearest: async (args) => {
    const { name, query, count } = requests.nearest.parse(args);
    return shelf.nearest(name, query, count);
  },
  hashOf: async (args) => {
    const ended = guests.begin();
    try {
      return await (await guests.model(requests.hashOf.parse(args).folder)).hash();
    } finally {
      ended();
    }
  },
  check: (args, { signal }) => checkFolder(requests.check.parse(args).folder, signal),
  guide: guided,
  steer: async (args) => {
    const { run, command } = steerRequestSchema.parse(args);
    const inbox = inboxes.get(run);
    if (!inbox) throw failure('JOB_UNKNOWN', { id: run });
    await new Promise<void>((resolve, reject) => {
      inbox.push({ command, settle: (thrown) => (thrown === undefined ? resolve() : reject(thrown)) });
    });
  },
};

new Peer(parentPort(), handlers);

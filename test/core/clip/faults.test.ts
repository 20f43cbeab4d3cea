import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { plainError } from '../../../core/errors.ts';
import { Engine, guidanceSettingsSchema, parsePrompt, readyDrawer, strokes } from '../../../core/index.ts';
import {
  editGraph,
  editTokenizer,
  misshapen,
  poisoned,
  smallModel,
  type TowerFile,
} from '../../support/damaged-model.ts';
import { drawn, temporaryFolder } from '../../support/pictures.ts';

let opened: Engine[] = [];
afterEach(async () => {
  await Promise.all(opened.map((engine) => engine.close()));
  opened = [];
});
function engineOf(model: string): Engine {
  const engine = new Engine({ model, threads: 1, workers: 1 });
  opened.push(engine);
  return engine;
}

let pictures: readonly { readonly bytes: Uint8Array; readonly name: string }[];
beforeAll(async () => {
  const made = [drawn('heart', 'red'), drawn('star', 'gold'), drawn('circle', 'navy')];
  pictures = (await Promise.all(made)).map((bytes, i) => ({ bytes, name: `${i}.png` }));
});

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
type Asking = (engine: Engine) => Promise<unknown>;
const against = { count: 1, dimension: 0, data: new Float32Array() };
const ASKED = {
  embedPictures: (engine) => all(engine.embedPictures(pictures)),
  embedTexts: (engine) => engine.embedTexts(['a red heart', 'a star']),
  classify: (engine) => all(engine.classify(pictures, ['a heart', 'a star'])),
  rank: (engine) => engine.rankPictures(pictures, [{ text: 'a heart', weight: 1 }]),
  guide: (engine) =>
    all(
      engine.guide({
        run: 'faults',
        drawer: readyDrawer(strokes, {}, 1, { preview: 64, output: 64 }),
        prompts: parsePrompt('a heart'),
        settings: guidanceSettingsSchema.parse({ steps: 3, crops: 2, frameEvery: 0 }),
      }),
    ),
  pixelGradient: async (engine) => {
    const { dimension = 1 } = await engine.info();
    const target = { ...against, dimension, data: new Float32Array(dimension).fill(dimension ** -0.5) };
    return engine.pixelGradient(pictures.slice(0, 2), target, Float32Array.of(1, 1));
  },
} satisfies Record<string, Asking>;
type Name = keyof typeof ASKED;
const NEEDS: Readonly<Record<TowerFile, readonly Name[]>> = {
  'vision_model.onnx': ['embedPictures', 'classify', 'rank', 'guide', 'pixelGradient'],
  'text_model.onnx': ['embedTexts', 'classify', 'rank', 'guide'],
};
const WORKS: Readonly<Record<TowerFile, Name>> = {
  'vision_model.onnx': 'embedTexts',
  'text_model.onnx': 'embedPictures',
};
const codesOf = async (engine: Engine, names: readonly Name[]): Promise<Record<string, string>> => {
  const codes: Record<string, string> = {};
  for (const name of names) {
    // A batch that holds a failure of its own would say that pictures are at fault.
    codes[name] = await ASKED[name](engine).then(
      (value) => `gave ${JSON.stringify(value).slice(0, 200)}`,
      (thrown: unknown) => plainError(thrown).code,
    );
  }
  return codes;
};
const each = (names: readonly Name[], code: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, code]));

describe('weights that are no numbers', () => {
  const DAMAGED = (['vision_model.onnx', 'text_model.onnx'] as const).flatMap((file) =>
    [Number.NaN, Number.POSITIVE_INFINITY].map((value) => [file, value] as const),
  );
  it.each(DAMAGED)('in %s (%d) are a fault of the model, whatever is asked', async (file, value) => {
    const model = smallModel(await temporaryFolder());
    editGraph(model, file, (graph) => poisoned(graph, value));
    const engine = engineOf(model);
    expect(await codesOf(engine, NEEDS[file])).toEqual(each(NEEDS[file], 'MODEL_BROKEN'));
    await expect(ASKED[WORKS[file]](engine)).resolves.toBeDefined();
  });
});

describe('a graph that cannot be run', () => {
  it('is an error of the whole, and not of each picture', async () => {
    const model = smallModel(await temporaryFolder());
    editGraph(model, 'vision_model.onnx', misshapen);
    const engine = engineOf(model);
    const names = NEEDS['vision_model.onnx'];
    const codes = Object.values(await codesOf(engine, names));
    expect(codes.length).toBe(names.length);
    for (const code of codes) expect(code).toMatch(/^(?:GRAPH_\w+|MODEL_BROKEN)$/);
    await expect(engine.embedTexts(['a heart'])).resolves.toMatchObject({ count: 1 });
  });
});

describe('a broken picture among good ones', () => {
  it('is its own failure, and the others are embedded as without it', async () => {
    const engine = engineOf(smallModel(await temporaryFolder()));
    const broken = { bytes: Uint8Array.from(pictures[1]?.bytes.subarray(0, 60) ?? []), name: 'broken.png' };
    const [first, second, third] = pictures;
    const [batch] = await all(engine.embedPictures([first, broken, second, third].flatMap((p) => p ?? [])));
    expect(batch?.indices).toEqual([0, 2, 3]);
    expect(batch?.failures).toMatchObject([
      { index: 1, error: { code: 'PICTURE_UNREADABLE', message: expect.stringContaining('broken.png') } },
    ]);
    const [good] = await all(engine.embedPictures(pictures));
    expect([...(batch?.embeddings.data ?? [])]).toEqual([...(good?.embeddings.data ?? [])]);
    expect(batch?.embeddings.data.every(Number.isFinite)).toBe(true);
  });
});

describe('a tokenizer whose pattern explodes', () => {
  const pattern = { Regex: '(a+)+$' };
  const PARTS = [
    ['pre_tokenizer', { type: 'Split', pattern, behavior: 'Isolated', invert: false }],
    ['normalizer', { type: 'Replace', pattern, content: 'a' }],
  ] as const;
  it.each(PARTS)('in its %s is a fault of the model within seconds, and the engine goes on', async (part, value) => {
    const model = smallModel(await temporaryFolder());
    editTokenizer(model, part, value);
    const engine = engineOf(model);
    await expect(engine.embedTexts(['a heart'])).resolves.toMatchObject({ count: 1 });
    await expect(engine.embedTexts(['a heart', `${'a'.repeat(60)}!`])).rejects.toMatchObject({
      code: 'MODEL_BROKEN',
      message: expect.stringContaining('tokenizer.json'),
    });
    await expect(engine.embedTexts(['a star'])).resolves.toMatchObject({ count: 1 });
    await expect(ASKED.embedPictures(engine)).resolves.toMatchObject([{ indices: [0, 1, 2], failures: [] }]);
  });
});

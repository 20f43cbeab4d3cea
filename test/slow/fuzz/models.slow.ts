import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errorCodes, type PlainError, plainError } from '../../../core/errors.ts';
import { seeded } from '../../../core/random.ts';
import { below, damagedModelFile } from '../../support/mutations.ts';
import { temporaryFolder } from '../../support/pictures.ts';
import { referenceFolder } from '../../support/reference.ts';
import { useEngine } from '../../support/services.ts';
import { Tally } from '../../support/tally.ts';

const CASES = 300;
const PATIENCE_MS = 20_000;
const GRAPHS = ['vision_model.onnx', 'vision_model_quantized.onnx', 'vision_model_q4.onnx', 'vision_model_dynamo.onnx'];
const SETTINGS = ['config.json', 'preprocessor_config.json'];
const engine = useEngine({ threads: 1 });

/** A folder to damage, and what its files hold. */
async function victim(): Promise<{ folder: string; honest: ReadonlyMap<string, Buffer> }> {
  const folder = join(await temporaryFolder(), 'damaged');
  cpSync(join(referenceFolder(), 'clip-vit'), folder, { recursive: true });
  for (const file of readdirSync(join(folder, 'onnx'))) if (!GRAPHS.includes(file)) rmSync(join(folder, 'onnx', file));
  const names = [...SETTINGS, ...GRAPHS.map((g) => `onnx/${g}`)];
  return { folder, honest: new Map(names.map((f) => [f, readFileSync(join(folder, f))] as const)) };
}

/** Every error that checking the folder gives for the damaged file; for damaged settings, of every graph. */
async function errorsOf(folder: string, name: string): Promise<PlainError[]> {
  const told: PlainError[] = [];
  try {
    for await (const { error, file } of engine.check(folder, { signal: AbortSignal.timeout(PATIENCE_MS) }))
      if (error && (name.endsWith('.json') || name.endsWith(file))) told.push(error);
  } catch (thrown) {
    told.push(plainError(thrown));
  }
  return told;
}

/** Damages one file of the folder and looks what that gives. */
async function attempt(folder: string, honest: ReadonlyMap<string, Buffer>, r: () => number): Promise<PlainError[]> {
  const ofSettings = r() < 0.2;
  const name = ofSettings ? (SETTINGS[below(r, 2)] ?? '') : `onnx/${GRAPHS[below(r, GRAPHS.length)]}`;
  // One graph at a time: the others would only take time.
  for (const [file, whole] of honest)
    writeFileSync(join(folder, file), file.endsWith('.onnx') && !ofSettings ? '' : whole);
  writeFileSync(join(folder, name), damagedModelFile(name, honest.get(name) ?? Buffer.alloc(0), r));
  return errorsOf(folder, name);
}

it(`a model folder that is damaged, ${CASES} times, gives a coded error or works, and never brings down who asked`, async () => {
  const tally = new Tally('models');
  const { folder, honest } = await victim();
  const random = seeded(2027);
  const strange: PlainError[] = [];
  for (let i = 0; i < CASES; i++) {
    const errors = await attempt(folder, honest, random);
    strange.push(...errors.filter((e) => !errorCodes.includes(e.code) || e.code === 'INTERNAL'));
    tally.add(errors[0]?.code ?? 'works');
  }
  tally.write();
  const summary = JSON.stringify(tally.outcomes);
  expect(tally.cases).toBe(CASES);
  expect(strange.slice(0, 10), summary).toEqual([]);
  expect(tally.of('works'), summary).toBeGreaterThan(CASES / 50);
  expect(tally.of('ENGINE_STOPPED'), summary).toBeLessThan(CASES / 50);
  expect((await engine.embedTexts(['a red heart'])).count).toBe(1);
});

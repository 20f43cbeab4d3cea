import { cpSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMBEDDED, openFolder } from '../../../core/clip/folder.ts';
import { ClipModel } from '../../../core/clip/model.ts';
import { temporaryFolder } from '../../support/pictures.ts';

async function copyOfEmbedded(): Promise<string> {
  const folder = join(await temporaryFolder(), 'model');
  cpSync(EMBEDDED, folder, { recursive: true });
  return folder;
}

describe('a model folder that is not one', () => {
  it('that does not exist says what a folder holds', async () => {
    await expect(openFolder('/nowhere/at/all')).rejects.toMatchObject({
      code: 'MODEL_MISSING',
      message: expect.stringContaining('/nowhere/at/all'),
    });
  });
  it('without graphs', async () => {
    const folder = await copyOfEmbedded();
    rmSync(join(folder, 'onnx'), { recursive: true });
    await expect(openFolder(folder)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });
  it('with a configuration that is not JSON, or says nonsense', async () => {
    const folder = await copyOfEmbedded();
    writeFileSync(join(folder, 'config.json'), '{"model_type": ');
    await expect(openFolder(folder)).rejects.toMatchObject({ code: 'MODEL_BROKEN' });
    writeFileSync(join(folder, 'config.json'), '{"vision_config": {"image_size": -3}}');
    await expect(openFolder(folder)).rejects.toMatchObject({ code: 'MODEL_BROKEN' });
  });
  it('with a graph that is cut short', async () => {
    const folder = await copyOfEmbedded();
    truncateSync(join(folder, 'onnx', 'vision_model.onnx'), 100_000);
    const model = await ClipModel.open(folder);
    await expect(model.tower('image')).rejects.toMatchObject({ code: 'ONNX_UNREADABLE' });
  });
  it('without a tokenizer still embeds pictures', async () => {
    const folder = await copyOfEmbedded();
    rmSync(join(folder, 'tokenizer.json'));
    const model = await ClipModel.open(folder);
    expect((await model.embedPixels(new Float32Array(3 * (await model.side()) ** 2), 1)).dimension).toBe(256);
    await expect(model.embedTexts(['a cat'])).rejects.toMatchObject({
      code: 'MODEL_MISSING',
      message: expect.stringContaining('tokenizer.json'),
    });
  });
  it('with only an image tower says which part is missing', async () => {
    const folder = await copyOfEmbedded();
    rmSync(join(folder, 'onnx', 'text_model.onnx'));
    const model = await ClipModel.open(folder);
    expect((await model.embedPixels(new Float32Array(3 * (await model.side()) ** 2), 1)).count).toBe(1);
    await expect(model.embedTexts(['a cat'])).rejects.toMatchObject({ code: 'MODEL_PART' });
  });
  it('with graphs beside the configuration is fine', async () => {
    const folder = join(await temporaryFolder(), 'flat');
    mkdirSync(folder);
    for (const f of ['config.json', 'preprocessor_config.json', 'tokenizer.json'])
      cpSync(join(EMBEDDED, f), join(folder, f));
    for (const f of readdirSync(join(EMBEDDED, 'onnx'))) cpSync(join(EMBEDDED, 'onnx', f), join(folder, f));
    const model = await ClipModel.open(folder);
    expect((await model.embedTexts(['a cat'])).dimension).toBe(256);
  });
});

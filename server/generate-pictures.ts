/** Pictures of a prompt from a text-to-image model, through Hugging Face's inference client. They are written as files, so that they can be ranked, kept and looked at. */
import { join } from 'node:path';
import { InferenceClient } from '@huggingface/inference';
import sharp from 'sharp';
import {
  failure,
  type GenerateRequest,
  LodestoneError,
  messageOf,
  type PictureSource,
  writeWhole,
} from '../core/index.ts';

export interface GeneratePlace {
  /** Where the pictures are written. */
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** HF_TOKEN of the environment unless given. */
  readonly token?: string;
  /** An endpoint of one's own; LODESTONE_INFERENCE_URL of the environment unless given. */
  readonly endpoint?: string;
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);

/** Seeds count up from the request's, so that the same request asks for the same pictures. Throws SERVICE_FAILED with the client's own words, FILE_WRITE. Cancelled between pictures and during each. */
export async function generatePictures(request: GenerateRequest, place: GeneratePlace): Promise<PictureSource[]> {
  const { prompt, count, model, seed } = request;
  const token = place.token ?? process.env['HF_TOKEN'];
  const endpoint = place.endpoint ?? process.env['LODESTONE_INFERENCE_URL'];
  const client = new InferenceClient(token, endpoint ? { endpointUrl: endpoint } : {});
  const pictures: PictureSource[] = [];
  for (let i = 0; i < count; i++) {
    if (place.signal?.aborted) throw failure('CANCELLED', {});
    try {
      const options = {
        outputType: 'blob',
        retry_on_error: false,
        ...(place.signal ? { signal: place.signal } : {}),
      } as const;
      const blob = await client.textToImage({ model, inputs: prompt, parameters: { seed: seed + i } }, options);
      const bytes = new Uint8Array(await blob.arrayBuffer());
      const { format } = await sharp(bytes).metadata();
      const path = join(place.folder, `generated-${slug(prompt)}-${seed + i}.${format}`);
      await writeWhole(path, bytes);
      pictures.push({ path });
    } catch (cause) {
      if (place.signal?.aborted) throw failure('CANCELLED', {});
      if (cause instanceof LodestoneError) throw cause;
      throw failure('SERVICE_FAILED', { service: `the text-to-image model ${model}`, what: messageOf(cause) }, cause);
    }
  }
  return pictures;
}

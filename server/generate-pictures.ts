/** Pictures of a prompt from a text-to-image model, through Hugging Face's inference client. They are written as files, so that they can be ranked, kept and looked at. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { InferenceProviderOrPolicy } from '@huggingface/inference';
import {
  failure,
  type GenerateRequest,
  honourProxies,
  image,
  LodestoneError,
  messageOf,
  type PictureSource,
  writeWhole,
} from '../core/index.ts';
import { fileName } from './names.ts';

export interface GeneratePlace {
  /** Where the pictures are written. */
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** Unless given: HF_TOKEN of the environment, or what a login of Hugging Face's tools has kept. */
  readonly token?: string;
  /** An endpoint of one's own; LODESTONE_INFERENCE_URL of the environment unless given. */
  readonly endpoint?: string;
  /** Told of waits, and of what the service counts. */
  readonly say?: (message: string) => void;
  /** The first wait before a second try, in milliseconds; it doubles. */
  readonly patience?: number;
}

const TRIES = 4;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** The service is busy, or had a hiccup: the same request may go through later. */
const AGAIN = new Set([408, 429, 500, 502, 503, 504]);

/** The token that Hugging Face's own tools keep after a login. */
async function storedToken(): Promise<string | undefined> {
  const home = process.env['HF_HOME'] ?? join(homedir(), '.cache', 'huggingface');
  const text = await readFile(process.env['HF_TOKEN_PATH'] ?? join(home, 'token'), 'utf8').catch(() => '');
  return text.trim() || undefined;
}

/** What lies there already is never another picture's: one of other content gets a name of its own. */
async function freePath(stem: string, format: string, bytes: Uint8Array): Promise<string> {
  const plain = `${stem}.${format}`;
  const there = await readFile(plain).catch(() => undefined);
  if (!there || Buffer.compare(there, bytes) === 0) return plain;
  return `${stem}-${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}.${format}`;
}

/** A large library, which most commands do without. */
const inference = (): Promise<typeof import('@huggingface/inference')> => import('@huggingface/inference');

/** The status of an answer that was an error, and how long it asks to wait, in milliseconds. */
async function refusalOf(
  thrown: unknown,
  retryAfter: string | null,
): Promise<{ readonly status: number; readonly wait: number } | undefined> {
  const { InferenceClientProviderApiError } = await inference();
  if (!(thrown instanceof InferenceClientProviderApiError)) return undefined;
  const seconds = Number(retryAfter);
  const date = retryAfter === null ? Number.NaN : Date.parse(retryAfter);
  const wait = Number.isFinite(seconds) && retryAfter ? 1000 * seconds : Number.isNaN(date) ? 0 : date - Date.now();
  return { status: thrown.httpResponse.status, wait: Math.max(0, wait) };
}

/**
 * Seeds count up from the request's, so that the same request asks for the same pictures. A busy service is asked again, after the wait that it
 * names or one that doubles. Throws SERVICE_FAILED with the client's own words, FILE_WRITE. Cancelled between pictures and during each.
 */
export async function generatePictures(request: GenerateRequest, place: GeneratePlace): Promise<PictureSource[]> {
  const { prompt, count, model, seed, provider } = request;
  const { signal, say = () => undefined } = place;
  const token = place.token ?? process.env['HF_TOKEN'] ?? (await storedToken());
  const endpoint = place.endpoint ?? process.env['LODESTONE_INFERENCE_URL'];
  let retryAfter: string | null = null;
  let computed = 0;
  await honourProxies();
  const { InferenceClient } = await inference();
  const client = new InferenceClient(token, {
    ...(endpoint ? { endpointUrl: endpoint } : {}),
    fetch: async (...args: Parameters<typeof fetch>) => {
      const response = await fetch(...args);
      retryAfter = response.headers.get('retry-after');
      const left = response.headers.get('x-ratelimit-remaining');
      if (left !== null) say(`The service allows ${left} more requests for now.`);
      computed += Number(response.headers.get('x-compute-time') ?? 0);
      return response;
    },
  });
  const options = { outputType: 'blob', retry_on_error: false, ...(signal ? { signal } : {}) } as const;
  const once = async (i: number): Promise<Uint8Array> => {
    const inputs = { model, inputs: prompt, parameters: { seed: seed + i } };
    const asked = provider ? { ...inputs, provider: provider as InferenceProviderOrPolicy } : inputs; // the client refuses names that it does not know
    const blob = await client.textToImage(asked, options);
    return new Uint8Array(await blob.arrayBuffer());
  };
  const tried = async (i: number): Promise<Uint8Array> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(i);
      } catch (thrown) {
        const refusal = await refusalOf(thrown, retryAfter);
        if (!refusal || !AGAIN.has(refusal.status) || attempt >= TRIES) throw thrown;
        const wait = Math.min(LONGEST_WAIT_MS, refusal.wait || (place.patience ?? FIRST_WAIT_MS) * 2 ** (attempt - 1));
        say(
          `${model} answered ${refusal.status}; asking again in ${(wait / 1000).toFixed(1)} s (try ${attempt + 1} of ${TRIES}).`,
        );
        await setTimeout(wait, undefined, signal ? { signal } : {});
      }
    }
  };
  const pictures: PictureSource[] = [];
  for (let i = 0; i < count; i++) {
    if (signal?.aborted) throw failure('CANCELLED', {});
    try {
      const bytes = await tried(i);
      const { format } = await image(bytes, {}, 'what the service sent').metadata();
      const path = await freePath(
        join(place.folder, `generated-${fileName(prompt.toLowerCase(), 40)}-${seed + i}`),
        format,
        bytes,
      );
      await writeWhole(path, bytes);
      pictures.push({ path });
    } catch (cause) {
      if (signal?.aborted) throw failure('CANCELLED', {});
      if (cause instanceof LodestoneError && cause.code !== 'PICTURE_UNREADABLE') throw cause;
      throw failure('SERVICE_FAILED', { service: `the text-to-image model ${model}`, what: messageOf(cause) }, cause);
    }
  }
  const counted = computed > 0 ? `; the service counted ${computed.toFixed(1)} s of computing` : '';
  say(`${count === 1 ? '1 picture' : `${count} pictures`} came from ${model}${counted}.`);
  return pictures;
}

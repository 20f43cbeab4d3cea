/** Holds back the pictures of a run that a policy blocks: finished ones, files that are or hold pictures, fetched ones, and the frames on the way. */
import type { Engine } from '../engine/engine.ts';
import { type Finding, type Policy, readyPolicy } from '../engine/policy.ts';
import { type PictureSource, pictureName } from '../engine/requests.ts';
import { failure, plainError } from '../errors.ts';
import { image } from '../image/image.ts';
import { type Note, noteOf, type PluginEvent } from './events.ts';
import { gatedPage } from './gated-page.ts';

type Judge = Pick<Engine, 'embedTexts' | 'usual' | 'info' | 'embedAll'>;

/** Pages of a moving picture that are looked at; more are thinned out evenly. */
const PAGES = 64;

async function pagesOf(bytes: Uint8Array): Promise<Uint8Array[]> {
  const { pages = 1 } = await image(bytes)
    .metadata()
    .catch(() => ({ pages: 1 }));
  if (pages === 1) return [bytes];
  const every = Math.ceil(pages / PAGES);
  const looked = Array.from({ length: Math.ceil(pages / every) }, (_, i) => i * every);
  return Promise.all(looked.map((page) => image(bytes, { page }).png().toBuffer()));
}

export class PolicyGate {
  private readonly policy: Policy;
  private readonly engine: Judge;
  private judge: ReturnType<typeof readyPolicy> | undefined;
  /** Said once for frames that are held back in a row. */
  private saidOfFrames = false;
  /** Whether a finished picture was held back: what is made of several may show it too small to be seen. */
  private holding = false;

  constructor(policy: Policy, engine: Judge) {
    this.policy = policy;
    this.engine = engine;
  }

  /** The event, a note in its place, or nothing where that has been said. Throws what the engine throws. */
  async pass(event: PluginEvent): Promise<PluginEvent | undefined> {
    if (event.type === 'picture') {
      const made = event.shows !== undefined || !event.record;
      return (await this.finished(event.bytes, event.title, made)) ?? event;
    }
    if (event.type === 'file' && event.mime.startsWith('image/'))
      return (await this.finished(event.bytes, event.name, true)) ?? event;
    if (event.type === 'file' && event.mime === 'text/html') return { ...event, bytes: await this.page(event.bytes) };
    if (event.type !== 'frame') return event;
    const held = await this.held({ bytes: event.bytes, name: 'a frame' });
    const said = this.saidOfFrames;
    this.saidOfFrames = held !== undefined;
    if (!held) return event;
    return said ? undefined : held;
  }

  /** A note for a picture that is held back, wherever it lies. */
  async held(picture: PictureSource): Promise<Note | undefined> {
    const bytes = 'bytes' in picture ? await pagesOf(picture.bytes) : undefined;
    const pages = bytes?.map((page) => ({ bytes: page, name: pictureName(picture).slice(0, 255) })) ?? [picture];
    const found = await this.blocking(pages);
    if (!found) return undefined;
    const { rule, prompt, percentile } = found;
    return noteOf(failure('POLICY_BLOCKED', { title: found.title, rule, prompt, percentile: Math.floor(percentile) }));
  }

  /** `made` of several pictures, it may be: sheets, and files. */
  private async finished(bytes: Uint8Array, name: string, made: boolean): Promise<Note | undefined> {
    if (made && this.holding) return noteOf(failure('POLICY_COMPOSITE', { name }));
    const held = await this.held({ bytes, name: name.slice(0, 255) });
    this.holding ||= held !== undefined;
    return held;
  }

  /** A page without the pictures that are held back, or that nobody can tell. */
  private async page(bytes: Uint8Array): Promise<Uint8Array> {
    const text = new TextDecoder().decode(bytes);
    const why = async (picture: Uint8Array): Promise<string | undefined> => {
      try {
        return (await this.held({ bytes: picture, name: 'a picture of the page' }))?.text;
      } catch (thrown) {
        const { code, message } = plainError(thrown);
        if (code !== 'PICTURE_UNREADABLE' && code !== 'PICTURE_TOO_LARGE') throw thrown;
        return `${code}: ${message}`;
      }
    };
    return new TextEncoder().encode(await gatedPage(text, why));
  }

  private async blocking(pages: readonly PictureSource[]): Promise<Finding | undefined> {
    this.judge ??= readyPolicy(this.policy, this.engine);
    const [judge, { data, dimension, count }] = [await this.judge, await this.engine.embedAll(pages)];
    const rows = Array.from({ length: count }, (_, i) => data.subarray(i * dimension, (i + 1) * dimension));
    return rows.flatMap((row) => judge(row)).find((f) => f.falls && f.action === 'block');
  }
}

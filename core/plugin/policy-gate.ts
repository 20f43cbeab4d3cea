/** Holds back the pictures of a run that a policy blocks: finished ones, files that are pictures, and the frames on the way. */
import type { Engine } from '../engine/engine.ts';
import { type Finding, type Policy, readyPolicy } from '../engine/policy.ts';
import { failure } from '../errors.ts';
import { type Note, noteOf, type PluginEvent } from './events.ts';

type Judge = Pick<Engine, 'embedTexts' | 'captions' | 'info' | 'embedAll'>;

export class PolicyGate {
  private readonly policy: Policy;
  private readonly engine: Judge;
  private judge: ReturnType<typeof readyPolicy> | undefined;
  /** Said once for frames that are held back in a row. */
  private saidOfFrames = false;

  constructor(policy: Policy, engine: Judge) {
    this.policy = policy;
    this.engine = engine;
  }

  /** The event, a note in its place, or nothing where that has been said. Throws what the engine throws. */
  async pass(event: PluginEvent): Promise<PluginEvent | undefined> {
    if (event.type === 'picture') return (await this.held(event.bytes, event.title)) ?? event;
    if (event.type === 'file')
      return (event.mime.startsWith('image/') ? await this.held(event.bytes, event.name) : undefined) ?? event;
    if (event.type !== 'frame') return event;
    const held = await this.held(event.bytes, 'a frame');
    const said = this.saidOfFrames;
    this.saidOfFrames = held !== undefined;
    if (!held) return event;
    return said ? undefined : held;
  }

  private async held(bytes: Uint8Array, title: string): Promise<Note | undefined> {
    const found = await this.blocking(bytes, title.slice(0, 255));
    if (!found) return undefined;
    const { rule, prompt, percentile } = found;
    return noteOf(failure('POLICY_BLOCKED', { title: found.title, rule, prompt, percentile: Math.floor(percentile) }));
  }

  private async blocking(bytes: Uint8Array, name: string): Promise<Finding | undefined> {
    this.judge ??= readyPolicy(this.policy, this.engine);
    const [judge, { data }] = [await this.judge, await this.engine.embedAll([{ bytes, name }])];
    return judge(data).find((f) => f.falls && f.action === 'block');
  }
}

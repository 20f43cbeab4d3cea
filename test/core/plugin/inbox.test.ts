/** What people send to a run that waits for them. */
import { describe, expect, it } from 'vitest';
import { Inbox, type PluginContext } from '../../../core/index.ts';

type Steer = Parameters<Parameters<PluginContext['onSteer']>[0]>[0];
function inbox(accepts?: (prompt: string) => void) {
  const ending = new AbortController();
  let listener: (steer: Steer) => unknown = () => undefined;
  const onSteer: PluginContext['onSteer'] = (heard) => {
    listener = heard;
    return () => undefined;
  };
  return { inbox: new Inbox({ onSteer, signal: ending.signal }, accepts), say: (s: Steer) => listener(s), ending };
}

describe('an inbox', () => {
  it('gives prompts in their order, those that came before anybody asked among them', async () => {
    const { inbox: box, say } = inbox();
    say({ prompt: 'one' });
    say({ prompt: 'two' });
    expect([await box.prompt(), await box.prompt()]).toEqual(['one', 'two']);
    const next = box.prompt();
    say({ prompt: 'three' });
    expect(await next).toBe('three');
  });
  it('gives the answer to a question and to no other', async () => {
    const { inbox: box, say } = inbox();
    const second = box.answer('second');
    say({ answer: { question: 'first', choice: 'a' } });
    say({ answer: { question: 'second', choice: 'b' } });
    expect([await second, await box.answer('first')]).toEqual(['b', 'a']);
  });
  it('ends with nothing once it is enough, and with the abort where the run is cancelled', async () => {
    const one = inbox();
    const waiting = one.inbox.prompt();
    one.say({ control: 'finish' });
    expect(await waiting).toBeUndefined();
    const other = inbox();
    const cancelled = other.inbox.answer('x');
    other.ending.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
  });
  it('tells whoever sent a prompt that is not taken', async () => {
    const { say } = inbox((prompt) => {
      throw new Error(`not ${prompt}`);
    });
    expect(() => say({ prompt: 'this' })).toThrow('not this');
  });
});

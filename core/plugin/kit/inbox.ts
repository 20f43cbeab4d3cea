/** What people send to a run that waits for them: further prompts, and answers to its questions. */
import type { PluginContext } from '../define.ts';

export class Inbox {
  private readonly prompts: string[] = [];
  private readonly answers = new Map<string, string>();
  private readonly signal: AbortSignal;
  private wake: () => void = () => undefined;
  /** Whether somebody said that it is enough. */
  finished = false;

  /** `accepts` throws for a prompt that is not to be taken; whoever sent it is told so. */
  constructor(
    { onSteer, signal }: Pick<PluginContext, 'onSteer' | 'signal'>,
    accepts: (prompt: string) => void = () => undefined,
  ) {
    this.signal = signal;
    onSteer(({ prompt, answer, control }) => {
      if (prompt !== undefined) {
        accepts(prompt);
        this.prompts.push(prompt);
      }
      if (answer) this.answers.set(answer.question, answer.choice);
      this.finished ||= control === 'finish';
      this.wake();
    });
    signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  /** The next prompt; nothing once it is enough and none waits. Throws what the signal aborts with. */
  prompt(): Promise<string | undefined> {
    return this.until(() => this.prompts.shift());
  }

  /** What was chosen; nothing once it is enough. Throws what the signal aborts with. */
  answer(question: string): Promise<string | undefined> {
    return this.until(() => this.answers.get(question));
  }

  private async until<T>(found: () => T | undefined): Promise<T | undefined> {
    for (;;) {
      this.signal.throwIfAborted();
      const one = found();
      if (one !== undefined || this.finished) return one;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

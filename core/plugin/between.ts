/** What a plugin sends, with what its host says in between as soon as it is said. */
import type { Inbox } from '../process/inbox.ts';

export async function* between<A, B>(sent: AsyncGenerator<A>, said: Inbox<B>): AsyncGenerator<A | B> {
  const ended = new AbortController();
  try {
    let [next, note] = [sent.next(), said.ready(ended.signal)];
    for (;;) {
      const first = await Promise.race([next, note]);
      for (let one = said.take(); one !== undefined; one = said.take()) yield one;
      if (first === undefined) note = said.ready(ended.signal);
      else if (first.done) return;
      else {
        yield first.value;
        next = sent.next();
      }
    }
  } finally {
    ended.abort();
    // Not waited for: a plugin that has more to do does not hold up who has heard enough.
    void sent.return(undefined).catch(() => undefined);
  }
}

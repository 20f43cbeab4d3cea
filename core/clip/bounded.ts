/** Work that other people's data may make endless, ended after a while: the pattern of a tokenizer, say, that tries every way to split a word. */
import vm from 'node:vm';
import { codeOf } from '../errors.ts';

const context = vm.createContext({ work: () => undefined });
const script = new vm.Script('work()');

/** What `work` gives, or undefined when it has not come to an end after so many milliseconds; it must be synchronous. Throws what it throws. */
export function within<T>(ms: number, work: () => T): { readonly value: T } | undefined {
  context['work'] = work;
  try {
    // The result passes through untouched: it is the function's own object.
    return { value: script.runInContext(context, { timeout: ms }) as T };
  } catch (thrown) {
    // It comes from the context's own realm, where errors are of another class.
    if (codeOf(thrown) === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw thrown;
  } finally {
    context['work'] = () => undefined;
  }
}

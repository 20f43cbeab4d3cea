/** A 2D context that writes down what is drawn, for a process that has no canvas of its own. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import { failure } from '../errors.ts';
import { CALLABLE, GRADIENTS, SETTABLE, type SketchOp } from './sketch-job.ts';

/** What can be done on the context of a sketch. */
export type SketchContext = Pick<
  SKRSContext2D,
  (typeof SETTABLE)[number] | (typeof CALLABLE)[number] | (typeof GRADIENTS)[number]
>;

type Names = readonly string[];
const has = (names: Names, name: string): boolean => names.includes(name);

/** The context, and the list that grows as it is used. */
export function recorder(): { readonly context: SketchContext; readonly ops: SketchOp[] } {
  const ops: SketchOp[] = [];
  const gradients = new Map<object, number>();
  const state = new Map<string, unknown>();
  // The names are looked up in the lists that the types are made of.
  const push = (op: readonly unknown[]): number => ops.push(op as unknown as SketchOp);
  const gradient =
    (name: string) =>
    (...args: number[]) => {
      const number = gradients.size;
      const made = { addColorStop: (at: number, colour: string) => void push(['stop', number, at, colour]) };
      gradients.set(made, number);
      push(['gradient', name, args]);
      return made;
    };
  const refused = (name: string): never => {
    throw failure('SKETCH_INVALID', {
      what: `"${name}" cannot be used: a sketch draws, and cannot ask what it has drawn`,
    });
  };
  const context = new Proxy(
    {},
    {
      get: (_, name) => {
        if (typeof name !== 'string') return undefined;
        if (has(CALLABLE, name)) return (...args: unknown[]) => void push(['call', name, args]);
        if (has(GRADIENTS, name)) return gradient(name);
        return has(SETTABLE, name) ? state.get(name) : refused(name);
      },
      set: (_, name, value: unknown) => {
        if (typeof name !== 'string' || !has(SETTABLE, name)) return refused(String(name));
        state.set(name, value);
        const number = typeof value === 'object' && value !== null ? gradients.get(value) : undefined;
        push(['set', name, number === undefined ? value : { gradient: number }]);
        return true;
      },
    },
  ) as SketchContext; // a proxy answers to all of its names
  return { context, ops };
}

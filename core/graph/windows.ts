/** The geometry that convolutions and poolings share: kernel, strides, dilations, pads. */
import type { Attributes, Shape } from './types.ts';
import { intsOf, textOf } from './types.ts';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begin of each spatial axis, then end of each. */
  readonly pads: readonly number[];
}

/** The window of a node over `spatial` sizes, with `auto_pad` made explicit. */
export function windowOf(a: Attributes, spatial: Shape, kernelShape?: Shape): Window {
  const kernel = intsOf(a, 'kernel_shape') ?? kernelShape ?? spatial;
  const strides = intsOf(a, 'strides') ?? kernel.map(() => 1);
  const dilations = intsOf(a, 'dilations') ?? kernel.map(() => 1);
  const auto = textOf(a, 'auto_pad', 'NOTSET');
  if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') {
    return {
      kernel,
      strides,
      dilations,
      pads: auto === 'VALID' ? kernel.flatMap(() => [0, 0]) : (intsOf(a, 'pads') ?? kernel.flatMap(() => [0, 0])),
    };
  }
  const totals = kernel.map((k, i) => {
    const size = spatial[i] ?? 1;
    const stride = strides[i] ?? 1;
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + (k - 1) * (dilations[i] ?? 1) + 1 - size);
  });
  const small = totals.map((t) => Math.floor(t / 2));
  const large = totals.map((t) => Math.ceil(t / 2));
  return { kernel, strides, dilations, pads: auto === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small] };
}

/** Output sizes of a window that slides over `spatial` (ONNX's Conv and pooling formula). */
export function slidSizes(w: Window, spatial: Shape, ceil = false): number[] {
  const rank = w.kernel.length;
  return spatial.map((size, i) => {
    const begin = w.pads[i] ?? 0;
    const stride = w.strides[i] ?? 1;
    const span = ((w.kernel[i] ?? 1) - 1) * (w.dilations[i] ?? 1) + 1;
    const steps = (size + begin + (w.pads[i + rank] ?? 0) - span) / stride;
    if (!ceil) return Math.floor(steps) + 1;
    const out = Math.ceil(steps) + 1;
    // A last window that would begin in the end padding is dropped, as PyTorch and onnxruntime do.
    return (out - 1) * stride >= size + begin ? out - 1 : out;
  });
}

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

/** The window of a transposed convolution and the size of what it makes: `output_shape` and `auto_pad` fix the pads (ONNX, ConvTranspose). */
export function transposedWindowOf(
  a: Attributes,
  spatial: Shape,
  kernelShape: Shape,
): Window & { readonly sizes: Shape } {
  const auto = textOf(a, 'auto_pad', 'NOTSET');
  const { auto_pad: _, ...explicit } = a;
  const window = windowOf(explicit, spatial, kernelShape);
  const { kernel, strides, dilations, pads } = window;
  const extra = intsOf(a, 'output_padding') ?? kernel.map(() => 0);
  const whole = kernel.map(
    (k, i) => (strides[i] ?? 1) * ((spatial[i] ?? 1) - 1) + (extra[i] ?? 0) + (k - 1) * (dilations[i] ?? 1) + 1,
  );
  const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
  const wanted = intsOf(a, 'output_shape') ?? (same ? spatial.map((s, i) => s * (strides[i] ?? 1)) : undefined);
  if (!wanted) return { ...window, sizes: whole.map((w, i) => w - (pads[i] ?? 0) - (pads[i + kernel.length] ?? 0)) };
  const totals = whole.map((w, i) => Math.max(0, w - (wanted[i] ?? w)));
  const small = totals.map((t) => Math.floor(t / 2));
  const large = totals.map((t) => Math.ceil(t / 2));
  return {
    ...window,
    sizes: wanted.slice(-kernel.length),
    pads: auto === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small],
  };
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

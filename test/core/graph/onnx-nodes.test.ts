import { describe, expect, it } from 'vitest';
import { expectGradients, expectValues, onnxCases } from '../../support/onnx-cases.ts';

/** Forms that are refused with a coded error, or that are written differently on purpose. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/attention.*(?:qk_matmul|padded_kv|nonpad|window|mode3)/, 'caches and inner scores belong to language models'],
  [/fullymasked|nan_robustness/, 'a query that may look nowhere'],
  [/volumetric/, 'volumes'],
  [/mod_float_edge/, 'infinite numbers'],
  [/downsample_scales_(?:linear|cubic)_align_corners/, 'a fractional number of pixels, which onnxruntime rounds first'],
  [/quantizelinear|qlinearmatmul_.*_float32|qlinearconv/, 'quantised activations stand for real numbers here'],
  [/reduce_max_empty_set_bool/, 'onnxruntime refuses it'],
  [/maxpool_with_argmax_2d_precomputed_strides/, 'indices counted column by column'],
];
/** Points where single precision or the operator itself is too rough for differences. */
const ROUGH = /large_number|empty_set|test_tan$|_log_sum_exp_empty/;

const cases = onnxCases().filter((c) => !LEFT_OUT.some(([pattern]) => pattern.test(c.name)));

describe('ONNX says what each operator gives, and differences what its gradient is', () => {
  let differentiated = 0;
  it.each(cases.map((c) => [c.name, c] as const))('%s', async (name, c) => {
    await expectValues(c);
    if (!ROUGH.test(name)) differentiated += await expectGradients(c);
  });
  it('with the gradients of so many inputs', () => {
    expect(differentiated).toBe(863);
  });
  it('for most of its node tests', () => {
    expect(cases.length).toBeGreaterThan(680);
  });
});

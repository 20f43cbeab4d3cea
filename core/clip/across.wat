;; One pass of Pillow's resampling along x (Resample.c): whole-number weights, three channels at a time in one vector.
(module
  (import "env" "memory" (memory 1))
  ;; Rows of RGB at `source`, `stride` bytes each; for each of `columns` results the first byte of its run (i32) and `count` weights (i32); RGB out.
  (func (export "across")
    (param $source i32) (param $stride i32) (param $rows i32) (param $columns i32) (param $count i32)
    (param $first i32) (param $weights i32) (param $out i32)
    (local $column i32) (local $tap i32) (local $at i32) (local $weight i32) (local $sum v128)
    (block $done
      (loop $row
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $column (i32.const 0))
        (local.set $weight (local.get $weights))
        (block $end
          (loop $next
            (br_if $end (i32.ge_u (local.get $column) (local.get $columns)))
            (local.set $at (i32.add (local.get $source)
              (i32.load (i32.add (local.get $first) (i32.shl (local.get $column) (i32.const 2))))))
            ;; Half of the last bit that is dropped
            (local.set $sum (i32x4.splat (i32.const 0x200000)))
            (local.set $tap (local.get $count))
            (loop $taps
              (local.set $sum (i32x4.add (local.get $sum)
                (i32x4.mul
                  (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $at))))
                  (v128.load32_splat (local.get $weight)))))
              (local.set $at (i32.add (local.get $at) (i32.const 3)))
              (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
              (br_if $taps (local.tee $tap (i32.sub (local.get $tap) (i32.const 1)))))
            (local.set $sum (i32x4.min_s (i32x4.max_s (i32x4.shr_s (local.get $sum) (i32.const 22))
              (i32x4.splat (i32.const 0))) (i32x4.splat (i32.const 255))))
            (i32.store8 (local.get $out) (i32x4.extract_lane 0 (local.get $sum)))
            (i32.store8 offset=1 (local.get $out) (i32x4.extract_lane 1 (local.get $sum)))
            (i32.store8 offset=2 (local.get $out) (i32x4.extract_lane 2 (local.get $sum)))
            (local.set $out (i32.add (local.get $out) (i32.const 3)))
            (local.set $column (i32.add (local.get $column) (i32.const 1)))
            (br $next)))
        (local.set $source (i32.add (local.get $source) (local.get $stride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $row)))))

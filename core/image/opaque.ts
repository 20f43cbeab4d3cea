/** Pixels as the rest of the code takes them: RGB, 8 bit, translucent ones over white. */

export interface Raster {
  readonly width: number;
  readonly height: number;
  /** RGB, row by row, 8 bit. */
  readonly data: Uint8Array;
}

/** One channel over white, in Pillow's whole-number arithmetic (AlphaComposite.c). */
function overWhite(value: number, alpha: number): number {
  const share = alpha * 128;
  const sum = value * share + 255 * (255 * 128 - share) + (0x80 << 7);
  return (((sum >> 8) + sum) >> 8) >> 7;
}

/** RGB of gray, RGB, and either with alpha. */
export function opaque(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const [colours, hasAlpha] = [channels < 3 ? 1 : 3, channels % 2 === 0];
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let i = 0, o = 0; i < data.length; i += channels, o += 3) {
    const alpha = hasAlpha ? (data[i + channels - 1] as number) : 255;
    for (let c = 0; c < 3; c++) {
      const value = data[i + (colours === 3 ? c : 0)] as number;
      rgb[o + c] = alpha === 255 ? value : overWhite(value, alpha);
    }
  }
  return rgb;
}

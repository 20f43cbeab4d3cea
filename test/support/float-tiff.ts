/** A TIFF of 32-bit floating point, one value a channel everywhere, as scientific programs write them. */

const [SHORT, LONG] = [3, 4];
const FLOATS = 3;

export function floatTiff(values: readonly number[], width: number, height: number): Buffer {
  const channels = values.length;
  const pixels = Float32Array.from({ length: width * height * channels }, (_, i) => values[i % channels] ?? 0);
  const count = 11;
  const after = 8 + 2 + 12 * count + 4;
  const one = channels === 1;
  const entries: readonly (readonly [tag: number, type: number, count: number, value: number])[] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, channels, one ? 32 : after],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, one ? 1 : 2],
    [273, LONG, 1, after + 4 * channels],
    [277, SHORT, 1, channels],
    [278, LONG, 1, height],
    [279, LONG, 1, pixels.byteLength],
    [284, SHORT, 1, 1],
    [339, SHORT, channels, one ? FLOATS : after + 2 * channels],
  ];
  const head = Buffer.alloc(after + 4 * channels);
  head.write('II*\0', 0, 'latin1');
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(count, 8);
  for (const [i, [tag, type, many, value]] of entries.entries()) {
    const at = 10 + 12 * i;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(many, at + 4);
    if (type === SHORT && many === 1) head.writeUInt16LE(value, at + 8);
    else head.writeUInt32LE(value, at + 8);
  }
  for (let c = 0; c < channels; c++) {
    head.writeUInt16LE(32, after + 2 * c);
    head.writeUInt16LE(FLOATS, after + 2 * channels + 2 * c);
  }
  return Buffer.concat([head, Buffer.from(pixels.buffer)]);
}

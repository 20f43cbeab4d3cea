/** Bytes as bad disks, cut connections and bad people leave them. */
const below = (random: () => number, n: number): number => Math.floor(random() * n);

/** Other bytes than the given ones: a few flipped, some cut out or off, two parts swapped, or some put in. */
export function damagedBytes(bytes: Buffer, random: () => number): Buffer {
  for (;;) {
    const made = KINDS[below(random, KINDS.length)]?.(bytes, random) ?? bytes;
    if (!made.equals(bytes)) return made;
  }
}

type Kind = (bytes: Buffer, random: () => number) => Buffer;
const KINDS: readonly Kind[] = [flipped, flipped, cutOff, cutOut, swapped, filledIn, overwritten];

function flipped(bytes: Buffer, random: () => number): Buffer {
  const made = Buffer.from(bytes);
  for (let i = 0, n = 1 + below(random, 4); i < n; i++) {
    const at = below(random, made.length);
    made[at] = (made[at] ?? 0) ^ (1 << below(random, 8));
  }
  return made;
}
function cutOff(bytes: Buffer, random: () => number): Buffer {
  return bytes.subarray(0, below(random, bytes.length));
}
function cutOut(bytes: Buffer, random: () => number): Buffer {
  const at = below(random, bytes.length);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 400))]);
}
function swapped(bytes: Buffer, random: () => number): Buffer {
  const [size, made] = [1 + below(random, Math.min(200, bytes.length)), Buffer.from(bytes)];
  const [a, b] = [below(random, bytes.length - size + 1), below(random, bytes.length - size + 1)];
  bytes.copy(made, a, b, b + size);
  bytes.copy(made, b, a, a + size);
  return made;
}
function filledIn(bytes: Buffer, random: () => number): Buffer {
  const at = below(random, bytes.length);
  const more = Buffer.from(Array.from({ length: 1 + below(random, 40) }, () => below(random, 256)));
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
}
function overwritten(bytes: Buffer, random: () => number): Buffer {
  const made = Buffer.from(bytes);
  const from = below(random, made.length);
  const to = Math.min(made.length, from + 1 + below(random, 2000));
  const same = random() < 0.5 ? below(random, 2) * 255 : undefined;
  for (let at = from; at < to; at++) made[at] = same ?? below(random, 256);
  return made;
}

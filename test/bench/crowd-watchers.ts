/** Many pages in a process of their own, so that their work delays no answer that is measured: addresses and how many, then a line of what they saw, again and again. */
import { opened, Sight } from './crowd-sight.ts';

const EVERY_MS = 200;
const [count = '0', ...addresses] = process.argv.slice(2);
const sight = new Sight();
for (let n = 0; n < Number(count); n++) sight.watch(await opened(addresses[n % addresses.length] ?? ''));
setInterval(() => {
  const { seenByAll, kilobytesEach } = sight;
  process.stdout.write(`${JSON.stringify({ seenByAll, kilobytesEach })}\n`);
}, EVERY_MS);

/** What a plugin prints, as its host's log has it: so many letters, and nothing of what Node prints when it runs out of memory. */
const LETTERS = 64 * 1024;

export class Printed {
  /** Whether Node has said that the heap is full. */
  outOfHeap = false;
  private readonly log: (line: string) => void;
  private left = LETTERS;
  private silent = false;

  constructor(log: (line: string) => void) {
    this.log = log;
  }

  line(text: string): void {
    this.outOfHeap ||= text.includes('heap out of memory');
    this.silent ||= /^<--- Last few GCs|^FATAL ERROR|^----- Native stack trace/.test(text);
    if (this.silent || text === '' || this.left <= 0) return;
    this.left -= text.length;
    this.log(this.left > 0 ? text : `${text.slice(0, 200)}… (what it prints from here on is left out)`);
  }
}

/** What is to be ended after a test file. Its own module, and free of hooks: modules are shared by all files of a worker. */
const ending: (() => Promise<void>)[] = [];

/** Ended after the file, what was begun last first. */
export function atEnd(end: () => Promise<void>): void {
  ending.push(end);
}

export async function endAll(): Promise<void> {
  for (const end of ending.splice(0).reverse()) await end();
}

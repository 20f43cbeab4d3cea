/** Addresses: a run has one, and a reload gives the same view. */

export interface Asked {
  run?: string | undefined;
  /** What lets somebody else steer it. */
  key?: string | undefined;
  /** Settings for the form, as JSON. */
  use?: string | undefined;
  board?: string | undefined;
}

const given = new URLSearchParams(location.hash.slice(1));
/** What the address asks for, until it is there. */
export const asked: Asked = {
  run: given.get('run') ?? undefined,
  key: given.get('key') ?? undefined,
  use: given.get('use') ?? undefined,
  board: given.get('board') ?? undefined,
};

/** What is looked at: it is what the address says. */
let here: Pick<Asked, 'run' | 'board'> = {
  ...(asked.run === undefined ? {} : { run: asked.run }),
  ...(asked.board === undefined ? {} : { board: asked.board }),
};
export function standAt(change: Pick<Asked, 'run' | 'board'>): void {
  here = { ...here, ...change };
  history.replaceState(null, '', addressOf(here));
}

export function addressOf(wanted: Asked): string {
  const parts = new URLSearchParams(
    Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return `${location.pathname}${location.search}#${parts}`;
}

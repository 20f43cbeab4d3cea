/** Addresses: a run has one, and a reload gives the same view. */

export interface Asked {
  run?: string | undefined;
  /** What lets somebody else steer it. */
  key?: string | undefined;
}

const given = new URLSearchParams(location.hash.slice(1));
/** What the address asks for, until it is there. */
export const asked: Asked = { run: given.get('run') ?? undefined, key: given.get('key') ?? undefined };

export function addressOf({ run, key }: Asked): string {
  const parts = new URLSearchParams({ ...(run === undefined ? {} : { run }), ...(key === undefined ? {} : { key }) });
  return `${location.pathname}${location.search}#${parts}`;
}

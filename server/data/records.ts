/** What runs have given, as their records name it. */
import type { RunEvent } from '../runs/events.ts';
import type { Known } from '../runs/store.ts';

export interface Given {
  readonly run: string;
  readonly title: string;
  readonly kind: 'gallery' | 'reports';
  readonly file: string;
  readonly sha256?: string;
}

/** The last of each name: what is drawn again takes the place of what was there. */
export function givenBy({ id, events }: Known): Given[] {
  const [first] = events;
  const title = first?.type === 'accepted' ? first.title : id;
  const all = new Map<string, Given>();
  for (const event of events) {
    const kind = kindOf(event);
    if (!(kind && 'file' in event)) continue;
    const { file, sha256 } = event;
    all.set(`${kind}/${file}`, { run: id, title, kind, file, ...(sha256 === undefined ? {} : { sha256 }) });
  }
  return [...all.values()];
}

const kindOf = ({ type }: RunEvent): Given['kind'] | undefined => {
  if (type === 'picture' || type === 'drawing') return 'gallery';
  return type === 'file' ? 'reports' : undefined;
};

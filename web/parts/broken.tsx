/** Plugins, drawers and pulls that cannot be used, each with its reason; put away until there is another. */
import { signal } from '@preact/signals';
import { X } from 'lucide-preact';
import { hello } from '../state.ts';
import { IconButton } from './icons.tsx';

/** The messages that somebody has read. */
const read = signal('');

export function Broken() {
  const broken = hello.value?.broken ?? [];
  const now = JSON.stringify(broken);
  if (broken.length === 0 || read.value === now) return null;
  return (
    <section id="broken" aria-label="What cannot be used">
      <header>
        <strong>{broken.length === 1 ? 'A file cannot be used' : `${broken.length} files cannot be used`}</strong>
        <IconButton
          icon={X}
          name="Put away"
          onClick={() => {
            read.value = now;
          }}
        />
      </header>
      <ul>
        {broken.map(({ message }) => {
          // Lines of the file follow, with a mark beneath.
          const [what = '', ...lines] = message.split('\n');
          return (
            <li key={message}>
              <p>{what}</p>
              {lines.length > 0 && (
                // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
                <section tabIndex={0} aria-label="Where it is wrong">
                  <pre>{lines.join('\n')}</pre>
                </section>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** How pictures and words go together: the brighter, the closer; each number can be asked why. */
import type { Update } from '../../server/wire.ts';
import { askWhy } from '../desk.ts';
import { percentOf } from '../run-words.ts';
import { pluginOf, view } from '../state.ts';
import { shortName } from './pictures-field.tsx';

/** How much of the accent the closest pair has, in percent. */
const BRIGHTEST = 55;

export function Matrix({ matrix }: { readonly matrix: NonNullable<Update['matrix']> }) {
  const all = matrix.rows.flatMap(({ values }) => values);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const explains = pluginOf({ plugin: 'explain' }) !== undefined;
  return (
    <section id="matrix">
      <h3>{matrix.title}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="scroll" tabIndex={0} aria-label={matrix.title}>
        <table>
          <thead>
            <tr>
              <th scope="col">picture</th>
              {matrix.columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.rows.map(({ picture, values, percentiles, url }) => {
              const name = shortName(picture);
              const best = Math.max(...values);
              return (
                <tr key={url}>
                  <th scope="row">
                    <button
                      type="button"
                      class="opens"
                      title={name}
                      onClick={() => view({ name, title: name, url: `${url}/picture` })}
                    >
                      <img src={url.slice(1)} alt={name} loading="lazy" width={56} height={56} />
                    </button>
                  </th>
                  {values.map((value, i) => {
                    const words = matrix.columns[i] ?? '';
                    const share = high > low ? (value - low) / (high - low) : 0;
                    const standing = percentiles?.[i];
                    const says =
                      standing === undefined ? '' : `Fits better than ${percentOf(standing)} of everyday captions. `;
                    return (
                      <td
                        key={words}
                        class={value === best ? 'best' : ''}
                        style={{
                          background: `color-mix(in srgb, var(--accent) ${Math.round(BRIGHTEST * share)}%, transparent)`,
                        }}
                      >
                        <button
                          type="button"
                          disabled={!explains}
                          title={`${says}Why?`}
                          aria-label={`${name} and ${words}: ${value.toFixed(3)}. Why?`}
                          onClick={() => void askWhy(picture, words)}
                        >
                          {value.toFixed(3)}
                        </button>
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </section>
  );
}

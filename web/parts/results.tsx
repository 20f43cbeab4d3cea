/** What a run says beside its picture: rankings, tables, files to keep, notes, and questions that wait for an answer. */
import { X } from 'lucide-preact';
import type { Update } from '../../server/wire.ts';
import { close, mayTouch, steer } from '../desk.ts';
import { answersInWords } from '../run-words.ts';
import { beside, chosen, pluginOf, shown, view, viewed } from '../state.ts';
import { Atlas } from './atlas.tsx';
import { IconButton } from './icons.tsx';
import { Matrix } from './matrix.tsx';
import { shortName } from './pictures-field.tsx';

const ROWS = 200;

const written = (value: string | number): string => {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(3);
  return shortName(value);
};

function Table({ title, columns, rows }: NonNullable<Update['tables']>[number]) {
  return (
    <section>
      <h3>{title}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="scroll" tabIndex={0} aria-label={title}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, ROWS).map((row) => (
              <tr>
                {row.map((value) => (
                  <td class={typeof value === 'number' ? 'number' : ''} title={String(value)}>
                    {written(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > ROWS && <small>and {rows.length - ROWS} more rows</small>}
    </section>
  );
}

function Ranking({ ranking }: { readonly ranking: NonNullable<Update['ranking']> }) {
  return (
    <ol id="ranking">
      {ranking.items.map((item) => (
        <li key={item.url} title={item.picture}>
          <button
            type="button"
            class="opens"
            onClick={() =>
              view({ name: shortName(item.picture), title: shortName(item.picture), url: `${item.url}/picture` })
            }
          >
            <img src={item.url.slice(1)} alt={shortName(item.picture)} loading="lazy" />
          </button>
          <b>{item.score.toFixed(3)}</b>
          {item.percentile !== undefined && (
            <i title="The percent of everyday captions, or pictures where a picture is asked with, that fit this picture less">
              {Math.floor(item.percentile)} %
            </i>
          )}
          <small>
            {ranking.columns.length > 1
              ? ranking.columns.map((c, i) => `${c} ${(item.values[i] ?? 0).toFixed(3)}`).join(', ')
              : shortName(item.picture)}
          </small>
        </li>
      ))}
    </ol>
  );
}

function Question({ run }: { readonly run: Update }) {
  const { question } = run;
  if (!question) return null;
  return (
    <section id="question" aria-label="Question" aria-live="polite">
      <p>{question.text}</p>
      <div class="pictures">
        {question.pictures.map(({ name, url }) => (
          <img key={url} src={url.slice(1)} alt={written(name)} title={name} />
        ))}
      </div>
      <div class="choices">
        {question.choices.map((choice) => (
          <button
            key={choice}
            type="button"
            disabled={!mayTouch(run)}
            onClick={() => void steer({ answer: { question: question.id, choice } })}
          >
            {choice}
          </button>
        ))}
      </div>
    </section>
  );
}

/** Sentences that are read at once; all others are unfolded. */
const AT_ONCE = 3;
function Notes({ notes }: { readonly notes: readonly string[] }) {
  const [first, rest] = notes.length > AT_ONCE + 1 ? [notes.slice(0, AT_ONCE), notes.slice(AT_ONCE)] : [notes, []];
  return (
    <div id="notes">
      <ul>
        {first.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
      {rest.length > 0 && (
        <details>
          <summary>and {rest.length} more notes</summary>
          <ul>
            {rest.map((note) => (
              <li>{note}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

const UNTIDIED = 'untidied.svg';
/** The untidied drawing has a place of its own. */
const isPicture = (name: string): boolean => /\.(?:png|jpe?g|webp|svg)$/.test(name) && name !== UNTIDIED;

/** Pictures that show more of an answer. */
function Shown({ files }: { readonly files: NonNullable<Update['files']> }) {
  const pictures = files.filter(({ name }) => isPicture(name));
  if (pictures.length === 0) return null;
  return (
    <ul id="shown">
      {pictures.map(({ name, url }) => {
        const title = name.replace(/(?:-\d+)?\.[a-z]+$/, '').replaceAll('-', ' ');
        return (
          <li key={name}>
            <button type="button" class="opens" onClick={() => view({ name, title, url })}>
              <img src={url.slice(1)} alt={title} loading="lazy" />
            </button>
            <small>{title}</small>
          </li>
        );
      })}
    </ul>
  );
}

/** What the picture was before it was tidied, beside what it is. */
function Tidied({ run: { files = [], picture } }: { readonly run: Update }) {
  const before = files.find(({ name }) => name === UNTIDIED);
  if (!before || !picture) return null;
  return (
    <button
      type="button"
      id="tidied"
      onClick={() => {
        const { file: name, url } = picture;
        viewed.value = { name: before.name, title: 'before it was tidied', url: before.url, svg: before.url };
        beside.value = { name, title: 'tidied', url };
      }}
    >
      It was tidied: compare with what it was
    </button>
  );
}

/** What can be steered tells its notes under the canvas, which they are not to move. */
const tellsElsewhere = (run: Update): boolean => (pluginOf(run)?.steerable ?? false) && !answersInWords(run);

export function Results({ grows }: { readonly grows: boolean }) {
  const run = shown.value;
  const { ranking, tables = [], files = [], question } = run ?? {};
  const notes = run && !tellsElsewhere(run) ? run.notes : [];
  if (
    !run ||
    !(ranking || run.map || run.matrix || question || run.error || tables.length + files.length + notes.length > 0)
  )
    return null;
  return (
    <div id="results" class={grows ? 'grows' : ''}>
      {(answersInWords(run) || run.error) && run.plugin !== chosen.value?.id && (
        <header>
          <h3>
            {pluginOf(run)?.title ?? run.plugin}: {run.title}
          </h3>
          <IconButton icon={X} name="Away with this answer" onClick={close} />
        </header>
      )}
      {run.error && (
        <p class="failed" role="alert" data-code={run.error.code}>
          {run.error.message}
        </p>
      )}
      <Notes notes={notes} />
      <Question run={run} />
      <Tidied run={run} />
      {run.map && <Atlas key={run.job} run={run} />}
      {run.matrix && <Matrix matrix={run.matrix} />}
      {ranking && <Ranking ranking={ranking} />}
      <Shown files={files} />
      <ul id="files">
        {files
          .filter(({ name }) => !isPicture(name))
          .map(({ name, url }) => (
            <li key={name}>
              <a href={url.slice(1)} download={name}>
                {name}
              </a>
            </li>
          ))}
      </ul>
      <div id="tables">
        {tables.map((table) => (
          <Table key={table.title} {...table} />
        ))}
      </div>
    </div>
  );
}

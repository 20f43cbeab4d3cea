/** What a run says beside its picture: rankings, tables, files to keep, notes, and questions that wait for an answer. */
import type { Update } from '../../server/wire.ts';
import { mayTouch, steer } from '../desk.ts';
import { pluginOf, shown } from '../state.ts';
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
          <img src={item.url.slice(1)} alt={shortName(item.picture)} loading="lazy" />
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

/** What can be steered tells its notes under the canvas, which they are not to move. */
const tellsElsewhere = (run: Update): boolean => pluginOf(run)?.steerable ?? false;

export function Results({ grows }: { readonly grows: boolean }) {
  const run = shown.value;
  const { ranking, tables = [], files = [], question } = run ?? {};
  const notes = run && !tellsElsewhere(run) ? run.notes : [];
  if (!run || !(ranking || question || run.error || tables.length + files.length + notes.length > 0)) return null;
  return (
    <div id="results" class={grows ? 'grows' : ''}>
      {run.error && (
        <p class="failed" role="alert" data-code={run.error.code}>
          {run.error.message}
        </p>
      )}
      <Question run={run} />
      {ranking && <Ranking ranking={ranking} />}
      <ul id="files">
        {files.map(({ name, url }) => (
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
      <ul id="notes">
        {notes.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
    </div>
  );
}

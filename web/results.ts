/** What a run says in words and numbers: tables, files to keep, and questions that wait for an answer. */
import type { Update } from '../server/wire.ts';
import { byId, make } from './element.ts';

const ROWS = 200;

const written = (value: string | number): string => {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(3);
  // Uploads carry eight random characters in front, and paths are long.
  const name = value.includes('/') ? (value.split('/').at(-1) ?? value) : value;
  return name.replace(/^[0-9a-f]{8}-/, '');
};

function table({ title, columns, rows }: NonNullable<Update['tables']>[number]): HTMLElement {
  const cell = (value: string | number): HTMLElement =>
    make('td', {
      textContent: written(value),
      className: typeof value === 'number' ? 'number' : '',
      title: String(value),
    });
  return make(
    'section',
    {},
    make('h3', { textContent: title }),
    make(
      'div',
      { className: 'scroll' },
      make(
        'table',
        {},
        make('thead', {}, make('tr', {}, ...columns.map((textContent) => make('th', { textContent })))),
        make('tbody', {}, ...rows.slice(0, ROWS).map((row) => make('tr', {}, ...row.map(cell)))),
      ),
    ),
    ...(rows.length > ROWS ? [make('small', { textContent: `and ${rows.length - ROWS} more rows` })] : []),
  );
}

/** Shows what is new; what is not in the update stays as it was. */
export function showResults(update: Update): void {
  const [tables, files] = [byId('tables', HTMLDivElement), byId('files', HTMLUListElement)];
  if (update.tables) tables.replaceChildren(...update.tables.map(table));
  if (update.files)
    files.replaceChildren(
      ...update.files.map(({ name, url }) =>
        make('li', {}, make('a', { href: url, download: name, textContent: name })),
      ),
    );
}

export function clearResults(): void {
  byId('tables', HTMLDivElement).replaceChildren();
  byId('files', HTMLUListElement).replaceChildren();
  byId('question', HTMLElement).hidden = true;
}

/** Asks what a run waits for; `answer` is told what was chosen. */
export function showQuestion(
  { job, question }: Pick<Update, 'job' | 'question'>,
  answer: (question: string, choice: string) => void,
): void {
  const place = byId('question', HTMLElement);
  place.hidden = question === null;
  const key = question && `${job} ${question.id}`;
  if (!question || !key || place.dataset['id'] === key) return;
  place.dataset['id'] = key;
  place.replaceChildren(
    make('p', { textContent: question.text }),
    make(
      'div',
      { className: 'pictures' },
      ...question.pictures.map(({ name, url }) => make('img', { src: url, alt: written(name), title: name })),
    ),
    make(
      'div',
      { className: 'choices' },
      ...question.choices.map((choice) => {
        const button = make('button', { type: 'button', textContent: choice });
        button.addEventListener('click', () => answer(question.id, choice));
        return button;
      }),
    ),
  );
}

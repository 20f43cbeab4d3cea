/** The top: what plugins there are, by what a person wants of them, and how the studio looks. */
import { CircleHelp, Moon, Sun, SunMoon } from 'lucide-preact';
import type { WirePlugin } from '../../server/wire.ts';
import { chosen, chosenId, hello, helping, place, plugins, problem, theme } from '../state.ts';
import { IconButton } from './icons.tsx';

const GROUPS: readonly { readonly id: WirePlugin['group']; readonly name: string }[] = [
  { id: 'make', name: 'Make' },
  { id: 'find', name: 'Find' },
  { id: 'check', name: 'Check' },
  { id: 'learn', name: 'Learn' },
];
/** What a person finds first where there are several. */
const FIRST: ReadonlySet<string> = new Set(['guide', 'search', 'classify', 'lesson']);
const THEMES = { system: 'light', light: 'dark', dark: 'system' } as const;
const THEME_ICONS = { system: SunMoon, light: Sun, dark: Moon } as const;

function choose(id: string): void {
  chosenId.value = id;
  problem.value = undefined;
  place.value = 'words';
}

function modelInWords(): string {
  const { model, elsewhere } = hello.value ?? {};
  if (model) return `${model.family} · ${model.side} px`;
  if (!hello.value) return '';
  return elsewhere ? 'workers have the model' : 'the model could not be read';
}

export function Header() {
  const now = chosen.value;
  return (
    <header id="top">
      <h1>
        <img src="icon.svg" alt="" width={22} height={22} />
        Lodestone
      </h1>
      <nav id="plugins" aria-label="Plugins">
        {GROUPS.map(({ id, name }) => {
          const own = plugins.value.filter((p) => p.group === id);
          if (own.length === 0) return null;
          const within = now?.group === id;
          return (
            <div class="group" key={id}>
              <button
                type="button"
                class="kind"
                aria-pressed={within}
                onClick={() => !within && choose((own.find((p) => FIRST.has(p.id)) ?? own[0])?.id ?? '')}
              >
                {name}
              </button>
              {within && (
                <select
                  aria-label={`${name}: which`}
                  value={now?.id}
                  onChange={(event) => choose(event.currentTarget.value)}
                >
                  {own.map((p) => (
                    <option key={p.id} value={p.id}>
                      {p.title}
                    </option>
                  ))}
                </select>
              )}
            </div>
          );
        })}
      </nav>
      <p id="model" title={`The model that guides and judges ${hello.value?.model?.hash.slice(0, 8) ?? ''}`.trim()}>
        {modelInWords()}
      </p>
      <IconButton
        icon={THEME_ICONS[theme.value]}
        name={`Light or dark: ${theme.value === 'system' ? 'as the system has it' : theme.value}`}
        onClick={() => {
          theme.value = THEMES[theme.value];
        }}
      />
      <IconButton
        icon={CircleHelp}
        name="Keys and help"
        shortcut="?"
        onClick={() => {
          helping.value = true;
        }}
      />
    </header>
  );
}

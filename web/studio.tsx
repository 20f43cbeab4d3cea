/** The studio: words on the left, the canvas in the middle, runs and pictures on the right. */
import { effect } from '@preact/signals';
import { Brush, Images, PanelLeft, PanelRight, TextCursorInput } from 'lucide-preact';
import { render } from 'preact';
import { asked, standAt } from './links.ts';
import { Dropped } from './parts/dropped.tsx';
import { Gallery } from './parts/gallery.tsx';
import { Header } from './parts/header.tsx';
import { Help } from './parts/help.tsx';
import { IconButton } from './parts/icons.tsx';
import { Notice } from './parts/notice.tsx';
import { Runs } from './parts/runs.tsx';
import { Stage } from './parts/stage.tsx';
import { Viewer } from './parts/viewer.tsx';
import { Words } from './parts/words.tsx';
import { useSettings } from './pictures.ts';
import { readSettings } from './presets.ts';
import { hearKeys } from './shortcuts.ts';
import { folded, hello, type Place, place, theme } from './state.ts';

const PLACES: readonly { readonly id: Place; readonly name: string; readonly icon: typeof Brush }[] = [
  { id: 'words', name: 'Words', icon: TextCursorInput },
  { id: 'canvas', name: 'Canvas', icon: Brush },
  { id: 'shelf', name: 'Shelf', icon: Images },
];

function Studio() {
  const { words, shelf } = folded.value;
  return (
    <div
      class="studio"
      data-place={place.value}
      data-words={words ? 'folded' : 'open'}
      data-shelf={shelf ? 'folded' : 'open'}
    >
      <Header />
      <main>
        <section id="words" aria-label="Words and settings">
          <div class="fold">
            <IconButton
              icon={PanelLeft}
              name={words ? 'Show words and settings' : 'Fold words and settings away'}
              onClick={() => {
                folded.value = { ...folded.value, words: !words };
              }}
            />
          </div>
          <div class="inside">
            <Words />
          </div>
        </section>
        <Stage />
        <aside id="shelf" aria-label="Runs and pictures">
          <div class="fold">
            <IconButton
              icon={PanelRight}
              name={shelf ? 'Show runs and pictures' : 'Fold runs and pictures away'}
              onClick={() => {
                folded.value = { ...folded.value, shelf: !shelf };
              }}
            />
          </div>
          <div class="inside">
            <Runs />
            <Gallery />
          </div>
        </aside>
      </main>
      <nav id="places" aria-label="Parts of the studio">
        {PLACES.map(({ id, name, icon: Icon }) => (
          <button
            key={id}
            type="button"
            aria-pressed={place.value === id}
            onClick={() => {
              place.value = id;
            }}
          >
            <Icon size={18} aria-hidden="true" />
            {name}
          </button>
        ))}
      </nav>
      <Notice />
      <Dropped />
      <Viewer />
      <Help />
    </div>
  );
}

// A link may bring settings.
effect(() => {
  if (!hello.value || asked.use === undefined) return;
  const brought = asked.use;
  asked.use = undefined;
  standAt({});
  const settings = readSettings(brought);
  if (settings) useSettings(settings);
});
effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
});
hearKeys();
render(<Studio />, document.body);

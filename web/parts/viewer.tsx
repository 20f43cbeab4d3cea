/** One picture of the shelf, large, with how it was made and what can be done with it; or two, one over the other. */
import { Columns2, Download, PaintbrushVertical, Palette, Star, Trash2, Undo2, X } from 'lucide-preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Settings } from '../../server/wire.ts';
import { changesInWords, mark, settingsOf, usePicture, useSettings } from '../pictures.ts';
import { beside, comparing, isNothing, isShelved, pluginOf, type Viewable, viewed } from '../state.ts';
import { IconButton } from './icons.tsx';

const close = (): void => {
  viewed.value = undefined;
  beside.value = undefined;
};

/** Whether a setting is the plugin's own: it says little. */
function isUsual(plugin: string, name: string, value: unknown): boolean {
  const field = pluginOf({ plugin })?.parameters.properties[name];
  return isNothing(value) || JSON.stringify(field?.default) === JSON.stringify(value);
}

/** Settings as people wrote them. */
function Made({ settings }: { readonly settings: Settings | undefined | 'asking' }) {
  if (settings === 'asking') return <p class="quiet">Reading it…</p>;
  if (!settings) return <p class="quiet">It does not say how it was made.</p>;
  return (
    <dl>
      <dt>Plugin</dt>
      <dd>{pluginOf(settings)?.title ?? settings.plugin}</dd>
      {Object.entries(settings.parameters)
        .filter(([name, value]) => !isUsual(settings.plugin, name, value))
        .map(([name, value]) => (
          <>
            <dt key={name}>{pluginOf(settings)?.parameters.properties[name]?.title ?? name}</dt>
            <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </>
        ))}
      {settings.changes && (
        <>
          <dt>Changed</dt>
          <dd>{changesInWords(settings.changes)}</dd>
        </>
      )}
    </dl>
  );
}

/** Where the hand is, in percent from the left. */
function shareAt({
  currentTarget,
  clientX,
}: {
  readonly currentTarget: HTMLElement;
  readonly clientX: number;
}): number {
  const { left, width } = (currentTarget.querySelector('img') ?? currentTarget).getBoundingClientRect();
  return Math.round(Math.min(100, Math.max(0, (100 * (clientX - left)) / width)));
}

const WAYS = { slider: 'One over the other', beside: 'Side by side', difference: 'Difference' } as const;
type Way = keyof typeof WAYS;
const ways = Object.keys(WAYS) as Way[]; // of a literal

/** One over the other up to where the hand is. */
function Slid({ left, right }: Pair) {
  const [share, setShare] = useState(50);
  return (
    <>
      <div
        class="two"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setShare(shareAt(event));
        }}
        onPointerMove={(event) => event.buttons > 0 && setShare(shareAt(event))}
      >
        <img src={left.url.slice(1)} alt={left.title} draggable={false} />
        <img
          src={right.url.slice(1)}
          alt={right.title}
          draggable={false}
          style={{ clipPath: `inset(0 0 0 ${share}%)` }}
        />
      </div>
      <label>
        <span>{left.title}</span>
        <input
          type="range"
          aria-label="Where one picture ends and the other begins"
          value={share}
          onInput={(event) => setShare(event.currentTarget.valueAsNumber)}
        />
        <span>{right.title}</span>
      </label>
    </>
  );
}

interface Pair {
  readonly left: Viewable;
  readonly right: Viewable;
}
function Compared({ left, right }: Pair) {
  const [way, setWay] = useState<Way>('slider');
  return (
    <div class="compared">
      <fieldset class="ways">
        <legend>How they are compared</legend>
        {ways.map((one) => (
          <label key={one} class="switch">
            <input type="radio" name="way" checked={way === one} onChange={() => setWay(one)} /> {WAYS[one]}
          </label>
        ))}
      </fieldset>
      {way === 'slider' && <Slid left={left} right={right} />}
      {way === 'beside' && (
        <div class="side-by-side">
          {[left, right].map((one, i) => (
            <figure key={i === 0 ? 'left' : 'right'}>
              <img src={one.url.slice(1)} alt={one.title} />
              <figcaption>{one.title}</figcaption>
            </figure>
          ))}
        </div>
      )}
      {way === 'difference' && (
        <div class="two">
          <img src={left.url.slice(1)} alt={left.title} />
          <img src={right.url.slice(1)} alt={right.title} class="difference" />
        </div>
      )}
    </div>
  );
}

export function Viewer() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [settings, setSettings] = useState<Settings | undefined | 'asking'>('asking');
  const picture = viewed.value;
  useEffect(() => {
    const { current } = dialog;
    if (!current) return;
    if (picture && !current.open) current.showModal();
    if (!picture && current.open) current.close();
  }, [picture]);
  useEffect(() => {
    setSettings('asking');
    let stale = false;
    if (picture)
      void settingsOf(picture).then((found) => {
        if (!stale) setSettings(found);
      });
    return () => {
      stale = true;
    };
  }, [picture?.name]);
  const other = beside.value;
  return (
    <dialog id="viewer" aria-label="Picture" ref={dialog} onClose={close}>
      {picture && (
        <>
          <header>
            <h2>{picture.title}</h2>
            {isShelved(picture) && (
              <IconButton
                icon={Star}
                name="Favourite"
                pressed={picture.starred}
                onClick={() => {
                  viewed.value = { ...picture, starred: !picture.starred };
                  void mark([picture.name], 'star', !picture.starred);
                }}
              />
            )}
            <IconButton icon={X} name="Close" shortcut="Esc" onClick={close} />
          </header>
          <div class="both">
            {other ? (
              <Compared left={picture} right={other} />
            ) : (
              <img class="large" src={picture.url.slice(1)} alt={picture.title} />
            )}
            <div class="about">
              {picture.at !== undefined && <p class="quiet">{new Date(picture.at).toLocaleString()}</p>}
              <div class="do">
                <button
                  type="button"
                  disabled={settings === 'asking' || !settings}
                  onClick={() => settings && settings !== 'asking' && useSettings(settings)}
                >
                  <Undo2 size={15} aria-hidden="true" /> Use its settings
                </button>
                <button type="button" onClick={() => void usePicture('start', picture)}>
                  <PaintbrushVertical size={15} aria-hidden="true" /> Begin from it
                </button>
                <button type="button" onClick={() => void usePicture('style', picture)}>
                  <Palette size={15} aria-hidden="true" /> Use its style
                </button>
                <button
                  type="button"
                  onClick={() => {
                    comparing.value = picture;
                    close();
                  }}
                >
                  <Columns2 size={15} aria-hidden="true" /> Compare with…
                </button>
                <a class="download" href={picture.url.slice(1)} download={picture.name}>
                  <Download size={15} aria-hidden="true" /> PNG
                </a>
                {picture.svg && (
                  <a class="download" href={picture.svg.slice(1)} download="">
                    <Download size={15} aria-hidden="true" /> SVG
                  </a>
                )}
                {isShelved(picture) && (
                  <button
                    type="button"
                    onClick={() => {
                      void mark([picture.name], 'away', true);
                      close();
                    }}
                  >
                    <Trash2 size={15} aria-hidden="true" /> Put away
                  </button>
                )}
              </div>
              <Made settings={settings} />
            </div>
          </div>
        </>
      )}
    </dialog>
  );
}

/** The left panel: what is wanted, with what, and the buttons that begin. */
import { ShieldQuestion, X } from 'lucide-preact';
import { begin, cancel, grant, mayTouch, openWall, set, steer } from '../desk.ts';
import { chosen, connected, isGoing, place, problem, shown, values, written } from '../state.ts';
import { exploring } from '../wall.ts';
import { Broken } from './broken.tsx';
import { Fields } from './fields.tsx';
import { IconButton } from './icons.tsx';
import { pictureOf, picturesIn, shortName } from './pictures-field.tsx';
import { Presets } from './presets.tsx';

function Wants() {
  const plugin = chosen.value;
  if (!plugin || plugin.wants.length === 0) return null;
  return (
    <section id="wants" aria-label="What the plugin wants">
      <p>
        <ShieldQuestion size={16} aria-hidden="true" /> {plugin.title} does not ship with Lodestone, and wants to
      </p>
      <ul>
        {plugin.wants.map(({ name, words }) => (
          <li key={name}>{words}</li>
        ))}
      </ul>
      <button type="button" onClick={() => void grant(plugin.id)}>
        Grant it that, from now on
      </button>
    </section>
  );
}

/** What is wrong with this form, or with the run on the canvas. */
function Problem() {
  const wrong = problem.value;
  if (!wrong || (wrong.job !== undefined && wrong.job !== shown.value?.job)) return null;
  return (
    <p id="error" role="alert" data-code={wrong.code}>
      {wrong.message}
    </p>
  );
}

/** That the next drawing begins from a picture, which may lie far below. */
function BeginsFrom() {
  const [path] = picturesIn(values.value['start']);
  if (chosen.value?.id !== 'guide' || path === undefined) return null;
  const image = pictureOf(path);
  return (
    <p id="begins-from">
      {image && <img src={image} alt="" width={28} height={28} />}
      <span>begins from {shortName(path)}</span>
      <IconButton icon={X} name="Begin from nothing" onClick={() => set('start', undefined)} />
    </p>
  );
}

export function Words() {
  const plugin = chosen.value;
  const run = shown.value;
  if (!plugin) return <p class="quiet">Reaching the server…</p>;
  const prompt = written.value;
  const steers =
    run?.state === 'running' && run.plugin === plugin.id && plugin.steerable && mayTouch(run) && prompt !== undefined;
  return (
    <form
      id="controls"
      autocomplete="off"
      onKeyDown={(event) => {
        // Enter in the words begins; in a number it only takes the number.
        if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
        event.preventDefault();
        event.target.blur();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        void begin();
      }}
    >
      <div class="scrolls">
        <h2>{plugin.title}</h2>
        <p class="quiet" id="about">
          {plugin.description}
        </p>
        <Broken />
        <Fields plugin={plugin} />
        <Presets />
        <Wants />
      </div>
      <div class="actions">
        <Problem />
        <BeginsFrom />
        <button id="go" type="submit" disabled={!connected.value} title="Enter">
          {run && isGoing(run) && mayTouch(run) ? 'New run' : 'Go'}
        </button>
        {steers && (
          <button
            id="steer"
            type="button"
            title="The run on the canvas goes on with these words"
            onClick={() => void steer({ prompt })}
          >
            Steer
          </button>
        )}
        {plugin.id === 'guide' && (
          <button
            id="explore"
            type="button"
            aria-pressed={exploring.value}
            title="A wall of quick variations"
            onClick={() => {
              if (exploring.value) exploring.value = false;
              else openWall();
              place.value = 'canvas';
            }}
          >
            Explore
          </button>
        )}
        {run && isGoing(run) && mayTouch(run) && (
          <button id="cancel" type="button" onClick={() => void cancel(run.job)}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}

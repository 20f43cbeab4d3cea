/** Settings that are kept under a name, and a link to those of the form. */
import { Link, X } from 'lucide-preact';
import { useState } from 'preact/hooks';
import { useSettings } from '../pictures.ts';
import { drop, keep, linkOf, onForm, presets } from '../presets.ts';
import { notice } from '../state.ts';
import { IconButton } from './icons.tsx';

async function link(): Promise<void> {
  const settings = onForm();
  if (!settings) return;
  const address = linkOf(settings);
  await navigator.clipboard?.writeText(address).catch(() => undefined);
  notice.value = { text: `Whoever opens this link has these settings: ${address}` };
}

export function Presets() {
  const [name, setName] = useState('');
  const put = (): void => {
    if (name.trim() !== '') keep(name.trim());
    setName('');
  };
  return (
    <details class="presets" id="presets">
      <summary>Kept settings</summary>
      <ul>
        {presets.value.map((preset) => (
          <li key={preset.name}>
            <button type="button" onClick={() => useSettings(preset)}>
              {preset.name} <span class="quiet">{preset.plugin}</span>
            </button>
            <IconButton icon={X} name={`Forget ${preset.name}`} onClick={() => drop(preset.name)} />
          </li>
        ))}
      </ul>
      <div class="add">
        <input
          type="text"
          aria-label="A name for these settings"
          placeholder="a name"
          maxLength={80}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            event.stopPropagation();
            put();
          }}
        />
        <button type="button" onClick={put}>
          Keep these
        </button>
        <IconButton icon={Link} name="A link to these settings" onClick={() => void link()} />
      </div>
    </details>
  );
}

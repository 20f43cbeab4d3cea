/** A picture dropped anywhere: what is to be done with it. */
import { useEffect } from 'preact/hooks';
import { settingsOf, usePicture, useSettings } from '../pictures.ts';
import { offered } from '../state.ts';

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

async function take(file: File): Promise<void> {
  offered.value = { file };
  const settings = await settingsOf(file);
  if (settings && offered.value?.file === file) offered.value = { file, settings };
}

export function Dropped() {
  useEffect(() => {
    const letGo = new AbortController();
    // The page is never replaced by what falls on it.
    const over = (event: DragEvent): void => {
      if (hasFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      const file = event.dataTransfer?.files[0];
      if (event.defaultPrevented || !file) return;
      event.preventDefault();
      if (file.type.startsWith('image/')) void take(file);
    };
    addEventListener('dragover', over, { signal: letGo.signal });
    addEventListener('drop', drop, { signal: letGo.signal });
    return () => letGo.abort();
  }, []);
  const now = offered.value;
  if (!now) return null;
  return (
    <section id="dropped" role="dialog" aria-label="The picture that was dropped">
      <p>{now.settings ? `“${now.file.name}” says how it was made.` : `“${now.file.name}” was dropped.`}</p>
      {now.settings && (
        <button type="button" class="first" onClick={() => now.settings && useSettings(now.settings)}>
          Use its settings
        </button>
      )}
      <button type="button" onClick={() => void usePicture('start', now.file)}>
        Begin from it
      </button>
      <button type="button" onClick={() => void usePicture('style', now.file)}>
        Use its style
      </button>
      <button
        type="button"
        onClick={() => {
          offered.value = undefined;
        }}
      >
        Leave it
      </button>
    </section>
  );
}

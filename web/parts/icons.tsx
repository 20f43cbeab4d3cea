/** Buttons that are an icon, with their names for those who do not see it. */
import type { LucideIcon } from 'lucide-preact';

interface IconButton {
  readonly icon: LucideIcon;
  readonly name: string;
  readonly onClick: () => void;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  /** The key that does the same. */
  readonly shortcut?: string;
}

export function IconButton({ icon: Icon, name, onClick, pressed, disabled, shortcut }: IconButton) {
  return (
    <button
      type="button"
      class="icon"
      aria-label={name}
      title={shortcut ? `${name} (${shortcut})` : name}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon size={18} aria-hidden="true" />
    </button>
  );
}

/** The part of a KeyboardEvent that decides. */
export interface Press {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly isComposing: boolean;
  readonly altGraph: boolean;
  /** Whether the focus is where text is written. */
  readonly inText: boolean;
}

/**
 * The name of a shortcut, or null when the press is somebody's text. Nothing with Alt or AltGr ever counts: on Czech,
 * Slovak and Polish keyboards they write letters. Single keys count only outside text fields; inside, only
 * Ctrl (Cmd on a Mac) chords and Escape.
 */
export const shortcutOf = (press: Press, mac: boolean): string | null => {
  if (press.isComposing || press.altGraph || press.altKey || press.key === "Dead" || press.key === "Process")
    return null;
  const main = mac ? press.metaKey : press.ctrlKey;
  const other = mac ? press.ctrlKey : press.metaKey;
  if (other) return null;
  if (!main && press.inText && press.key !== "Escape") return null;
  const single = press.key.length === 1;
  const name = single ? press.key.toLowerCase() : press.key;
  return `${main ? "mod+" : ""}${press.shiftKey && (main || !single) ? "shift+" : ""}${name}`;
};

export interface Hotkeys {
  /** Answers true when the press was a shortcut and ran. */
  readonly press: (press: Press) => boolean;
}

/** Runs shortcuts, among them two-key ones written "g m": the second key counts for 1.2 s. */
export const createHotkeys = (input: {
  readonly mac: boolean;
  readonly now: () => number;
  readonly commands: () => ReadonlyMap<string, () => void>;
  readonly singleKeys: () => boolean;
}): Hotkeys => {
  const { mac, now, commands, singleKeys } = input;
  let leader: { key: string; at: number } | null = null;
  return {
    press: (press) => {
      const name = shortcutOf(press, mac);
      if (name === null) return false;
      if (!singleKeys() && name.length === 1) return false;
      const map = commands();
      const sequence = leader !== null && now() - leader.at < 1_200 ? `${leader.key} ${name}` : null;
      leader = null;
      const run = (sequence === null ? undefined : map.get(sequence)) ?? map.get(name);
      if (run !== undefined) {
        run();
        return true;
      }
      if ([...map.keys()].some((key) => key.startsWith(`${name} `))) leader = { key: name, at: now() };
      return false;
    },
  };
};

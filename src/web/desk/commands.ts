import { createContext, use, useEffect } from "react";
import type { Key } from "../i18n/words.ts";
import { createHotkeys, type Press } from "../state/hotkeys.ts";
import { singleKeys } from "./settings.ts";

/** Every shortcut of the desk with its words: the sheet behind "?", the palette and tooltips are drawn from it. */
export const shortcuts = [
  { keys: "j", says: "keys.next", group: "list" },
  { keys: "k", says: "keys.previous", group: "list" },
  { keys: "Enter", says: "keys.open", group: "list" },
  { keys: "x", says: "keys.choose", group: "list" },
  { keys: "/", says: "keys.search", group: "list" },
  { keys: "g m", says: "keys.goMine", group: "go" },
  { keys: "g u", says: "keys.goUnassigned", group: "go" },
  { keys: "g a", says: "keys.goAll", group: "go" },
  { keys: "g s", says: "keys.goSnoozed", group: "go" },
  { keys: "g c", says: "keys.goClosed", group: "go" },
  { keys: "g k", says: "keys.goContacts", group: "go" },
  { keys: "g n", says: "begin.title", group: "go" },
  { keys: "g p", says: "keys.goProfile", group: "go" },
  { keys: "r", says: "keys.reply", group: "conversation" },
  { keys: "n", says: "keys.note", group: "conversation" },
  { keys: "e", says: "keys.close", group: "conversation" },
  { keys: "h", says: "keys.snooze", group: "conversation" },
  { keys: "a", says: "keys.claim", group: "conversation" },
  { keys: "Escape", says: "keys.escape", group: "conversation" },
  { keys: "mod+shift+l", says: "keys.answer", group: "phone" },
  { keys: "m", says: "keys.mute", group: "phone" },
  { keys: "p", says: "keys.hold", group: "phone" },
  { keys: "mod+shift+x", says: "keys.hangup", group: "phone" },
  { keys: "mod+Enter", says: "keys.send", group: "writing" },
  { keys: "mod+shift+Enter", says: "keys.sendClose", group: "writing" },
  { keys: "mod+k", says: "keys.palette", group: "writing" },
  { keys: "?", says: "keys.sheet", group: "writing" },
] as const satisfies readonly { keys: string; says: Key; group: string }[];

/** What the screen in view can do now, by shortcut. */
export interface Commands {
  readonly active: Map<string, () => void>;
}
export const createCommands = (): Commands => ({ active: new Map() });
export const CommandsContext = createContext<Commands>(createCommands());

/** Offers commands while the component is on the screen. */
export const useCommands = (offered: Readonly<Record<string, () => void>>): void => {
  const commands = use(CommandsContext);
  useEffect(() => {
    for (const [keys, run] of Object.entries(offered)) commands.active.set(keys, run);
    return () => {
      for (const [keys, run] of Object.entries(offered))
        if (commands.active.get(keys) === run) commands.active.delete(keys);
    };
  });
};

const inText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !(target instanceof HTMLInputElement && /^(?:checkbox|radio|button)$/.test(target.type));

const pressOf = (event: KeyboardEvent): Press => ({
  key: event.key,
  code: event.code,
  ctrlKey: event.ctrlKey,
  metaKey: event.metaKey,
  altKey: event.altKey,
  shiftKey: event.shiftKey,
  isComposing: event.isComposing,
  altGraph: event.getModifierState("AltGraph"),
  inText: inText(event.target),
});

/** Listens on the window. Buttons keep Enter for themselves; `on` is false while a layer lies over the screen. */
export const useHotkeys = (commands: Commands, everywhere: ReadonlyMap<string, () => void>, on: boolean): void => {
  useEffect(() => {
    const hotkeys = createHotkeys({
      mac: /Mac|iP/.test(navigator.platform),
      now: () => Date.now(),
      commands: () => new Map([...everywhere, ...commands.active]),
      singleKeys: singleKeys.get,
    });
    const down = (event: KeyboardEvent) => {
      if (!on || event.defaultPrevented) return;
      const target = event.target instanceof HTMLElement ? event.target : null;
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && target?.closest("button, a, [role=listbox]"))
        return;
      if (target?.closest("[role=dialog], [role=menu]")) return;
      if (hotkeys.press(pressOf(event))) event.preventDefault();
    };
    addEventListener("keydown", down);
    return () => removeEventListener("keydown", down);
  }, [commands, everywhere, on]);
};

import { useId, useState, type KeyboardEvent, type ReactNode } from "react";
import { Dialog } from "../kit/dialog.tsx";
import { Keys } from "../kit/controls.tsx";
import { shortcuts, type Commands } from "./commands.ts";
import { useWords } from "./context.ts";

const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Every command that works here and now, found by typing, with or without diacritics. */
const Palette = ({
  commands,
  everywhere,
  onClose,
}: {
  commands: Commands;
  everywhere: ReadonlyMap<string, () => void>;
  onClose: () => void;
}): ReactNode => {
  const { t } = useWords();
  const list = useId();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const offered = new Map([...everywhere, ...commands.active]);
  const found = shortcuts
    .filter(({ keys }) => offered.has(keys) && keys !== "Escape" && keys !== "mod+k")
    .map(({ keys, says }) => ({ keys, label: t(says) }))
    .filter(({ label }) => plain(label).includes(plain(query)));
  const current = Math.min(at, found.length - 1);
  const run = (keys: string | undefined) => {
    onClose();
    // after the dialog has given the focus back
    if (keys !== undefined) setTimeout(() => offered.get(keys)?.(), 0);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(found.length - 1, current + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, current - 1));
    else if (event.key === "Enter") run(found[current]?.keys);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog open onClose={onClose} title={t("palette.title")} closeLabel={t("common.close")}>
      <input
        className="input"
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-label={t("palette.find")}
        placeholder={t("palette.find")}
        {...(found[current] === undefined ? {} : { "aria-activedescendant": `${list}-${current}` })}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <ul className="palette" role="listbox" id={list} aria-label={t("palette.title")}>
        {found.map(({ keys, label }, i) => (
          <li
            key={keys}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === current}
            className="palette-item"
            onPointerMove={() => setAt(i)}
            onClick={() => run(keys)}
          >
            <span>{label}</span>
            <Keys of={keys} />
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p className="muted">{t("palette.nothing")}</p> : null}
    </Dialog>
  );
};
export default Palette;

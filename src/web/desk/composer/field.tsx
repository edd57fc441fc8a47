import { lazy, Suspense, type ClipboardEvent, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import { Skeleton } from "../../kit/bits.tsx";
import type { Mode } from "../../state/drafts.ts";
import { useDesk, useWords } from "../context.ts";
import { Slash, type useSlash } from "./slash.tsx";
import type { RichState } from "./use-rich.ts";

const Rich = lazy(() => import("./rich.tsx"));

/** Where the words are written: a plain field, or for a letter one that can format. */
export const Field = ({
  id,
  mode,
  area,
  text,
  write,
  slash,
  rich,
  onKeys,
  onFiles,
}: {
  id: string;
  mode: Mode;
  area: RefObject<HTMLTextAreaElement | null>;
  text: string;
  write: (text: string) => void;
  slash: ReturnType<typeof useSlash>;
  /** Null: plain text only. */
  rich: RichState | null;
  onKeys: (event: KeyboardEvent) => void;
  onFiles: (files: readonly File[]) => void;
}): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  const note = mode === "note";
  const label = t(note ? "composer.note" : "composer.reply");
  const rest = () => {
    desk.drafts.flush();
    desk.presence.rested(id);
    slash.close();
  };
  const paste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    onFiles([...event.clipboardData.files]);
  };
  if (rich?.on === true)
    return (
      // Ctrl+Enter of the editor inside
      // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
      <div className="composer-field" onKeyDown={onKeys}>
        <Suspense fallback={<Skeleton lines={2} />}>
          <Rich
            key={rich.turn}
            label={label}
            text={text}
            onChange={(letter) => {
              rich.change(letter.html);
              write(letter.text);
              desk.presence.typed({ id, mode });
            }}
            onPicture={rich.take}
            onBlur={rest}
          />
        </Suspense>
      </div>
    );
  return (
    <div className="composer-field">
      <textarea
        ref={area}
        id="composer"
        rows={2}
        aria-label={label}
        placeholder={t(note ? "composer.notePlaceholder" : "composer.placeholder")}
        value={text}
        spellCheck
        {...slash.aria}
        onChange={(event) => {
          write(event.target.value);
          slash.look(event.target);
          desk.presence.typed({ id, mode });
        }}
        onSelect={(event) => slash.look(event.currentTarget)}
        onKeyDown={onKeys}
        onPaste={paste}
        onBlur={rest}
      />
      <Slash {...slash} />
    </div>
  );
};

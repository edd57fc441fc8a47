import { useEffect, useId, useState, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import type { CannedReply, ConversationRow } from "#wire";
import { fillText } from "#wire/fill";
import { useDesk, useWords } from "../context.ts";
import { shownFillings } from "./filled.ts";

const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
/** "/" at the start or after white space, then the beginning of a shortcut, right before the caret. */
const typed = /(?:^|\s)\/([\p{L}\p{N}_-]{0,40})$/u;

interface Open {
  readonly query: string;
  readonly from: number;
  readonly to: number;
}

interface SlashState {
  readonly found: readonly CannedReply[];
  readonly at: number;
  readonly listId: string;
  readonly isOpen: boolean;
  readonly aria: Record<string, string>;
  readonly look: (area: HTMLTextAreaElement) => void;
  readonly press: (event: KeyboardEvent) => boolean;
  readonly close: () => void;
  readonly pick: (reply: CannedReply) => void;
  readonly point: (at: number) => void;
}

/** Canned replies behind "/": the list is fetched once per desk and filtered here. */
export const useSlash = (input: {
  area: RefObject<HTMLTextAreaElement | null>;
  text: string;
  write: (text: string) => void;
  row: ConversationRow;
}): SlashState => {
  const { area, text, write, row } = input;
  const { tenantId } = row;
  const desk = useDesk();
  const { api } = desk;
  const listId = useId();
  const [open, setOpen] = useState<Open | null>(null);
  const [at, setAt] = useState(0);
  const [replies, setReplies] = useState<readonly CannedReply[] | null>(null);
  const wanted = open !== null && replies === null;

  useEffect(() => {
    if (!wanted) return;
    api.cannedReplies().then(setReplies, () => setReplies([]));
  }, [wanted, api]);

  const query = plain(open?.query ?? "");
  const found =
    open === null
      ? []
      : (replies ?? [])
          .filter((reply) => reply.tenantId === tenantId)
          .filter((reply) => plain(reply.shortcut).startsWith(query) || plain(reply.title).includes(query))
          .slice(0, 8);
  const isOpen = open !== null && found.length > 0;
  const current = Math.min(at, found.length - 1);

  const pick = (reply: CannedReply) => {
    if (open === null) return;
    const { text: body } = fillText(reply.body, shownFillings(desk, row));
    write(text.slice(0, open.from) + body + text.slice(open.to));
    const caret = open.from + body.length;
    setOpen(null);
    setTimeout(() => {
      area.current?.focus();
      area.current?.setSelectionRange(caret, caret);
    }, 0);
  };

  return {
    found,
    at: current,
    listId,
    isOpen,
    aria: isOpen
      ? { "aria-autocomplete": "list", "aria-controls": listId, "aria-activedescendant": `${listId}-${current}` }
      : {},
    look: (element) => {
      const caret = element.selectionStart;
      const query = caret === element.selectionEnd ? typed.exec(element.value.slice(0, caret))?.[1] : undefined;
      if (query === undefined) {
        if (open !== null) setOpen(null);
        return;
      }
      if (open?.query !== query || open.to !== caret) {
        setOpen({ query, from: caret - query.length - 1, to: caret });
        setAt(0);
      }
    },
    press: (event) => {
      if (!isOpen || event.altKey || event.ctrlKey || event.metaKey || event.nativeEvent.isComposing) return false;
      const reply = found[current];
      if (event.key === "ArrowDown") setAt((current + 1) % found.length);
      else if (event.key === "ArrowUp") setAt((current + found.length - 1) % found.length);
      else if ((event.key === "Enter" || event.key === "Tab") && reply !== undefined) pick(reply);
      else if (event.key === "Escape") setOpen(null);
      else return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
    close: () => setOpen(null),
    pick,
    point: setAt,
  };
};

export const Slash = ({ found, at, listId, isOpen, pick, point }: SlashState): ReactNode => {
  const { t } = useWords();
  if (!isOpen) return null;
  return (
    <ul className="slash" id={listId} role="listbox" aria-label={t("composer.canned")}>
      {found.map((reply, i) => (
        // the textarea keeps the focus and the keys
        <li
          key={reply.id}
          id={`${listId}-${i}`}
          role="option"
          aria-selected={i === at}
          className="slash-item"
          onPointerMove={() => point(i)}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => pick(reply)}
        >
          <span className="slash-key">/{reply.shortcut}</span>
          <span className="slash-title">{reply.title}</span>
          <span className="slash-body">{reply.body}</span>
        </li>
      ))}
    </ul>
  );
};

import { useEffect, useState } from "react";
import type { MessageView, RecipientView } from "#wire";
import type { Held } from "../../state/conversations.ts";
import type { More } from "../../state/outbox.ts";
import { explain } from "../actions.ts";
import { useDesk } from "../context.ts";
import type { Target } from "./target.ts";

export type How = "reply" | "all" | "forward";

/** Who a letter goes to and what goes with it, as the agent left it. */
export interface LetterState {
  readonly how: How;
  readonly setHow: (how: How) => void;
  readonly to: readonly RecipientView[];
  readonly cc: readonly RecipientView[];
  readonly bcc: readonly RecipientView[];
  readonly set: (part: "to" | "cc" | "bcc", list: readonly RecipientView[]) => void;
  readonly quote: boolean;
  readonly setQuote: (on: boolean) => void;
  /** Files of the letter that is passed on. */
  readonly parts: MessageView["attachments"];
  readonly dropPart: (id: string) => void;
  /** As computed for this answer; null = the thread's own. */
  readonly subject: string | null;
  readonly ready: boolean;
  readonly more: () => More;
}

const none: readonly RecipientView[] = [];

/**
 * Recipients come from the hub, counted from the letter that is answered; the agent may change them. Who sees no
 * addresses sends to whom the thread answers: nothing is named then.
 */
export const useLetter = (input: {
  readonly held: Held | null;
  readonly target: Target | null;
  readonly on: boolean;
  readonly mayName: boolean;
}): LetterState => {
  const { held, target, on, mayName } = input;
  const { ask } = useDesk();
  const [how, setHow] = useState<How>("reply");
  const [lists, setLists] = useState({ to: none, cc: none, bcc: none });
  const [loaded, setLoaded] = useState("");
  const [subject, setSubject] = useState<string | null>(null);
  const [quoted, setQuote] = useState<boolean | null>(null);
  const [dropped, setDropped] = useState<readonly string[]>([]);
  const answered = held?.messages.findLast(
    ({ threadId, direction, held: waits }) =>
      threadId !== null && threadId === target?.threadId && !waits && (direction === "in" || direction === "out"),
  );
  const key = on && answered !== undefined ? `${answered.id} ${how}` : "";
  useEffect(() => {
    setDropped([]);
    if (key === "" || answered === undefined) {
      setLists({ to: none, cc: none, bcc: none });
      setSubject(null);
      setLoaded("");
      return undefined;
    }
    let gone = false;
    const load = async () => {
      const found = await ask("message.recipients", { messageId: answered.id, how: how === "forward" ? "reply" : how });
      if (gone) return;
      const forward = how === "forward";
      setLists(forward ? { to: none, cc: none, bcc: none } : { to: found.to, cc: found.cc, bcc: none });
      setSubject(forward ? `Fwd: ${found.subject.replace(/^Re: /, "")}` : found.subject);
      setLoaded(key);
    };
    load().catch(explain);
    return () => {
      gone = true;
    };
    // the letter is named by its id in the key
  }, [ask, key, how, answered?.id]);

  const forward = how === "forward";
  const quote = quoted ?? forward;
  const parts = forward
    ? (answered?.attachments ?? []).filter((part) => part.state === "stored" && !dropped.includes(part.id))
    : [];
  const addresses = (list: readonly RecipientView[]): string[] => list.map(({ address }) => address);
  const named = on && mayName && lists.to.length > 0;
  return {
    how,
    setHow: (next) => {
      setHow(next);
      setQuote(null);
    },
    ...lists,
    set: (part, list) => setLists((before) => ({ ...before, [part]: list })),
    quote,
    setQuote,
    parts,
    dropPart: (id) => setDropped((before) => [...before, id]),
    subject,
    ready: !on || !mayName || key === "" || (loaded === key && lists.to.length > 0),
    more: () => ({
      ...(named ? { to: addresses(lists.to), cc: addresses(lists.cc), bcc: addresses(lists.bcc) } : {}),
      ...(on && forward ? { forward: true, partIds: parts.map(({ id }) => id) } : {}),
      ...(on && quote ? { quote: true } : {}),
      ...(on && answered !== undefined ? { answersId: answered.id } : {}),
    }),
  };
};

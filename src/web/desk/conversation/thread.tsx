import { Fragment, useEffect, useLayoutEffect, useRef, useState, type ReactNode } from "react";
import type { MessageView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { useDesk, usePending, usePresence, useWords } from "../context.ts";
import type { Held } from "../../state/conversations.ts";
import { Bubble, PendingBubble } from "./bubble.tsx";
import { Events } from "./events.tsx";

type Piece =
  | { readonly type: "day"; readonly key: string; readonly at: string }
  | { readonly type: "new"; readonly key: string }
  | { readonly type: "events"; readonly key: string; readonly events: readonly MessageView[] }
  | {
      readonly type: "message";
      readonly key: string;
      readonly message: MessageView;
      readonly first: boolean;
      readonly channel: boolean;
      readonly subject: boolean;
    };

/** A subject without the marks of an answer or a forward. */
const bare = (subject: string | null): string =>
  (subject ?? "").replace(/^(?:\s*(?:re|fw|fwd|odp|aw)\s*:)+/iu, "").trim();
const dayOf = (at: string): string => new Date(at).toDateString();
const together = (a: MessageView, b: MessageView): boolean =>
  a.direction === b.direction &&
  a.author.id === b.author.id &&
  a.author.name === b.author.name &&
  Date.parse(b.occurredAt) - Date.parse(a.occurredAt) < 300_000;

/** Messages with day lines, neighbouring events folded, author and channel named only where they change. */
const pieces = (messages: readonly MessageView[], newFrom: number | null): readonly Piece[] => {
  const out: Piece[] = [];
  let before: MessageView | null = null;
  let channel: string | null = null;
  let subject = "";
  for (const message of messages) {
    if (before === null || dayOf(before.occurredAt) !== dayOf(message.occurredAt)) {
      out.push({ type: "day", key: `day-${message.id}`, at: message.occurredAt });
      before = null;
    }
    if (message.seq === newFrom && channel !== null) out.push({ type: "new", key: "new" });
    const last = out.at(-1);
    if (message.direction === "event") {
      if (last?.type === "events") out[out.length - 1] = { ...last, events: [...last.events, message] };
      else out.push({ type: "events", key: `events-${message.id}`, events: [message] });
    } else {
      const changed: boolean = message.channel !== null && message.channel !== channel;
      out.push({
        type: "message",
        key: message.id,
        message,
        first: changed || before === null || before.direction === "event" || !together(before, message),
        channel: changed,
        subject: bare(message.subject) !== "" && bare(message.subject) !== subject,
      });
      subject = bare(message.subject) || subject;
      channel = message.channel ?? channel;
    }
    before = message;
  }
  return out;
};

const firstUnread = (held: Held): number | null => {
  if (held.unreadAtOpen === 0) return null;
  const inbound = held.messages.filter((message) => message.direction === "in");
  return inbound.at(-held.unreadAtOpen)?.seq ?? inbound[0]?.seq ?? null;
};

export const Thread = ({ held }: { held: Held }): ReactNode => {
  const { t, day } = useWords();
  const { conversations } = useDesk();
  const pending = usePending(held.id);
  const around = usePresence(held.id);
  const box = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const height = useRef(0);
  const [newFrom] = useState(() => firstUnread(held));
  const [missed, setMissed] = useState(0);
  const oldest = held.messages[0]?.seq ?? 0;
  const newest = held.messages.at(-1)?.seq ?? 0;
  const seen = useRef(newest);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (stuck.current) element.scrollTop = element.scrollHeight;
    height.current = element.scrollHeight;
  }, [newest, pending.length, around.customerTyping]);

  // older messages are put above what is being read: it must not move
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (!stuck.current) element.scrollTop += element.scrollHeight - height.current;
    height.current = element.scrollHeight;
  }, [oldest]);

  useEffect(() => {
    if (stuck.current) seen.current = newest;
    setMissed(held.messages.filter((message) => message.seq > seen.current && message.direction === "in").length);
  }, [newest, held.messages]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    // pictures and e-mail frames grow after they are shown
    const observer = new ResizeObserver(() => {
      if (stuck.current) element.scrollTop = element.scrollHeight;
      height.current = element.scrollHeight;
    });
    for (const child of element.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);

  const toEnd = () => {
    stuck.current = true;
    box.current?.scrollTo({ top: box.current.scrollHeight });
  };
  const scrolled = () => {
    const element = box.current;
    if (element === null) return;
    stuck.current = element.scrollHeight - element.scrollTop - element.clientHeight < 60;
    if (stuck.current) {
      seen.current = newest;
      setMissed(0);
    }
    if (element.scrollTop < 200 && held.more) void conversations.older(held.id);
  };

  return (
    <div className="thread-frame">
      {/* scrollable, so it must be reachable by keyboard */}
      <div
        ref={box}
        className="thread"
        role="log"
        aria-live="off"
        aria-label={t("thread.title")}
        tabIndex={0}
        onScroll={scrolled}
      >
        <div className="thread-inner">
          {held.more ? (
            <Button look="quiet" onClick={() => void conversations.older(held.id)}>
              {t("thread.older")}
            </Button>
          ) : null}
          {pieces(held.messages, newFrom).map((piece) => (
            <Fragment key={piece.key}>
              {piece.type === "day" ? (
                <p className="day-line">
                  <span>{day(piece.at)}</span>
                </p>
              ) : piece.type === "new" ? (
                <p className="day-line new-line">
                  <span>{t("thread.new")}</span>
                </p>
              ) : piece.type === "events" ? (
                <Events events={piece.events} />
              ) : (
                <Bubble
                  message={piece.message}
                  first={piece.first}
                  channelChanged={piece.channel}
                  subjectChanged={piece.subject}
                />
              )}
            </Fragment>
          ))}
          {pending.map((letter) => (
            <PendingBubble key={letter.clientKey} letter={letter} />
          ))}
          {around.customerTyping ? (
            <p className="typing">
              <span className="typing-dots" aria-hidden="true">
                <i />
                <i />
                <i />
              </span>
              {t("thread.typing", {
                name: held.row?.contact.name === "" ? t("contact.anonymous") : (held.row?.contact.name ?? ""),
              })}
            </p>
          ) : null}
        </div>
      </div>
      <Announcer messages={held.messages} />
      {missed === 0 ? null : (
        <button type="button" className="pill thread-pill" onClick={toEnd}>
          {t("thread.missed", { n: missed })}
        </button>
      )}
    </div>
  );
};

/** Reads out a new message of the customer once; the log itself stays silent. */
const Announcer = ({ messages }: { messages: readonly MessageView[] }): ReactNode => {
  const last = messages.findLast((message) => message.direction === "in");
  const [first] = useState(last?.id);
  return (
    <p className="hidden" role="status">
      {last === undefined || last.id === first ? "" : `${last.author.name}: ${last.text.slice(0, 200)}`}
    </p>
  );
};

import type { ReactNode } from "react";
import { useNow } from "../../kit/bits.tsx";
import { Icon } from "../../kit/icons.tsx";
import { useHeld, useWords } from "../context.ts";

const hour = 3_600_000;
const soon = 6 * hour;

/**
 * How the person may be answered where the channel has a window: freely, only by a person, or not any more. Silent while
 * everything is free for another day.
 */
export const WindowLine = ({ id }: { id: string }): ReactNode => {
  const { t, dateTime } = useWords();
  const now = useNow();
  const held = useHeld(id);
  const lastIn = held?.messages.findLast((message) => message.direction === "in")?.threadId;
  const thread = held?.threads.find((one) => one.id === lastIn);
  if (thread === undefined || thread.windowUntil === null) return null;
  const free = Date.parse(thread.windowUntil);
  const person = thread.humanAgentUntil === null ? free : Date.parse(thread.humanAgentUntil);
  // The composer counts the day down; here it is said when it comes to an end.
  if (now < free - soon) return null;
  const over = now >= person;
  const [key, icon, end] =
    now < free
      ? (["free", "clock", free] as const)
      : over
        ? (["closed", "lock", person] as const)
        : (["person", "user", person] as const);
  const says = t(`head.${key}`, { at: dateTime(end) });
  const hours = Math.max(1, Math.ceil((end - now) / hour));
  return (
    <span className={now < free ? "head-window" : "head-window head-window-late"} title={says}>
      <Icon name={icon} size={13} />
      {over ? null : <span aria-hidden="true">{hours > 48 ? `${Math.ceil(hours / 24)} d` : `${hours} h`}</span>}
      <span className="hidden">{says}</span>
    </span>
  );
};

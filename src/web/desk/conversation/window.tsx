import type { ReactNode } from "react";
import { useNow } from "../../kit/bits.tsx";
import { Icon } from "../../kit/icons.tsx";
import { useHeld, useWords } from "../context.ts";

const day = 86_400_000;

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
  if (now < free - day) return null;
  const says =
    now < free
      ? t("head.free", { at: dateTime(free) })
      : now < person
        ? t("head.person", { at: dateTime(person) })
        : t("head.closed", { at: dateTime(person) });
  return (
    <span className={now < free ? "head-window" : "head-window head-window-late"}>
      <Icon name="clock" size={13} /> {says}
    </span>
  );
};

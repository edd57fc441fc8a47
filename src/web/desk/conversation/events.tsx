import { useState, type ReactNode } from "react";
import type { MessageView } from "#wire";
import { agentName, useDesk, useWords } from "../context.ts";

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** What happened to the case, in words. Three or more in a row are folded. */
export const Events = ({ events }: { events: readonly MessageView[] }): ReactNode => {
  const { t, maybe, time, dateTime } = useWords();
  const { boot } = useDesk();
  const [open, setOpen] = useState(false);

  const says = (message: MessageView): string => {
    const { detail } = message;
    const event = text(detail["event"]);
    const who = message.author.type === "agent" ? message.author.name : t("event.system");
    const to = detail["to"];
    const name = agentName(boot, text(to)) ?? boot.queues.find((queue) => queue.id === to)?.name ?? text(to);
    const key =
      event === "status"
        ? `event.status.${text(to)}`
        : event !== "assigned"
          ? `event.${event}`
          : to === null || to === undefined
            ? "event.unassigned"
            : to === message.author.id
              ? "event.claimed"
              : "event.assigned";
    const until = text(detail["until"]);
    return maybe(key, message.text === "" ? event : message.text, {
      who,
      name,
      until: until === "" ? "" : dateTime(until),
    });
  };
  const line = (message: MessageView): ReactNode => (
    <li key={message.id}>
      {says(message)} <time dateTime={message.occurredAt}>{time(message.occurredAt)}</time>
    </li>
  );
  const folded = events.length > 2 && !open;
  return (
    <ul className="events">
      {folded ? (
        <li>
          <button type="button" className="link" aria-expanded={false} onClick={() => setOpen(true)}>
            {t("event.folded", { n: events.length })}
          </button>
        </li>
      ) : (
        events.map(line)
      )}
    </ul>
  );
};

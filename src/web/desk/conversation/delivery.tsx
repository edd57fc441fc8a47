import type { ReactNode } from "react";
import type { MessageView } from "#wire";
import { useSeconds } from "../../kit/bits.tsx";
import { Icon, type IconName } from "../../kit/icons.tsx";
import { deliveryOf, undoUntil } from "../../state/messages.ts";
import { explain } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";

const marks: Record<string, IconName> = {
  queued: "clock",
  sending: "clock",
  held: "clock",
  sent: "check",
  delivered: "checks",
  read: "checks",
  failed: "warning",
  uncertain: "warning",
  cancelled: "close",
};

/** How far a message got, in words, and what can be done about it. */
export const DeliveryMark = ({ message }: { message: MessageView }): ReactNode => {
  const { t, maybe } = useWords();
  const desk = useDesk();
  const state = deliveryOf(message);
  if (state === null) return null;
  if (state === "held") return <Countdown message={message} />;
  const faulty = message.deliveries.filter((delivery) => delivery.state === state);
  const retry = () =>
    void desk.ask("message.retry", { messageId: message.id }).then(
      (answer) => desk.conversations.learn({ id: message.conversationId, messages: [answer.message] }),
      (thrown: unknown) => explain(thrown),
    );
  if (state === "failed" || state === "uncertain") {
    const error = faulty[0];
    const some = faulty.length < message.deliveries.length;
    return (
      <span className="foot-bad">
        <Icon name="warning" size={13} />
        <span>
          {t(state === "uncertain" ? "delivery.uncertain" : "delivery.failed")}
          {some ? ` (${faulty.map((delivery) => delivery.recipient).join(", ")})` : ""}
          {": "}
          {state === "uncertain"
            ? t("delivery.uncertainHelp")
            : maybe(`failure.${error?.errorCode ?? ""}`, error?.errorText ?? t("failure.bug"))}
        </span>
        <button type="button" className="link" onClick={retry}>
          {t(state === "uncertain" ? "delivery.sendAgain" : "common.tryAgain")}
        </button>
      </span>
    );
  }
  const late = state === "queued" && message.deliveries.some((delivery) => delivery.attempts > 0);
  return (
    <span className={state === "read" ? "mark mark-read" : "mark"}>
      <Icon name={marks[state] ?? "clock"} size={13} />
      <span>{late ? t("delivery.retrying") : t(`delivery.${state}`)}</span>
    </span>
  );
};

const Countdown = ({ message }: { message: MessageView }): ReactNode => {
  const { t, dateTime } = useWords();
  const desk = useDesk();
  const now = useSeconds();
  const scheduled = message.deliveries.some((delivery) => delivery.scheduled);
  const until = undoUntil(message, now);
  if (until === null)
    return (
      <span className="mark">
        <Icon name="clock" size={13} />
        <span>{t("delivery.sending")}</span>
      </span>
    );
  const undo = () =>
    void desk.ask("message.cancel", { messageId: message.id }).then(
      (answer) => {
        desk.conversations.learn({ id: message.conversationId, messages: [answer.message] });
        const slot = { id: message.conversationId, mode: "reply" as const };
        const body = desk.drafts.body(slot);
        desk.drafts.write({ ...slot, body: body === "" ? message.text : `${message.text}\n\n${body}` });
        document.getElementById("composer")?.focus();
        return answer;
      },
      (thrown: unknown) => explain(thrown),
    );
  return (
    <span className="mark">
      <Icon name="clock" size={13} />
      <span>
        {scheduled
          ? t("later.at", { at: dateTime(until) })
          : t("delivery.heldFor", { n: Math.max(1, Math.ceil((until - now) / 1000)) })}
      </span>
      <button type="button" className="link" onClick={undo}>
        {t(scheduled ? "later.cancel" : "common.undo")}
      </button>
    </span>
  );
};

import type { ReactNode } from "react";
import type { MessageView } from "#wire";
import { useSeconds } from "../../kit/bits.tsx";
import { Icon, type IconName } from "../../kit/icons.tsx";
import { deliveryOf, undoUntil } from "../../state/messages.ts";
import { explain } from "../actions.ts";
import type { Words } from "../../i18n/words.ts";
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
  const { t, maybe, dateTime } = useWords();
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
  return (
    <span className={state === "read" ? "mark mark-read" : "mark"}>
      <Icon name={marks[state] ?? "clock"} size={13} />
      <span>{state === "queued" ? waiting({ message, t, dateTime }) : t(`delivery.${state}`)}</span>
    </span>
  );
};

/** What a message in the queue waits for. */
const waiting = (input: { message: MessageView } & Pick<Words, "t" | "dateTime">): string => {
  const { t, dateTime } = input;
  const queued = input.message.deliveries.filter((delivery) => delivery.state === "queued");
  if (queued.some(({ errorCode, attempts }) => attempts === 0 && (errorCode === "auth" || errorCode === "unreachable")))
    return t("delivery.mailboxDown");
  const late = queued.find(({ attempts }) => attempts > 0);
  if (late === undefined) return t("delivery.queued");
  return late.dueAt === null ? t("delivery.retrying") : t("delivery.late", { at: dateTime(late.dueAt) });
};

/** How far a letter got with each of its recipients, where they differ or there are several. */
export const RecipientStates = ({ message }: { message: MessageView }): ReactNode => {
  const { t, maybe, dateTime } = useWords();
  if (message.deliveries.length < 2) return null;
  return (
    <details className="recipients">
      <summary>{t("recipient.list")}</summary>
      <ul>
        {message.deliveries.map((delivery) => (
          <li key={delivery.id} className={delivery.state === "failed" ? "foot-bad" : ""}>
            <span className="recipient">{delivery.recipient}</span>{" "}
            {delivery.state === "queued" && delivery.attempts > 0 && delivery.dueAt !== null
              ? t("recipient.late", { at: dateTime(delivery.dueAt) })
              : t(`recipient.${delivery.state}`)}
            {delivery.state === "failed" || (delivery.state === "queued" && delivery.attempts > 0)
              ? `: ${maybe(`failure.${delivery.errorCode ?? ""}`, delivery.errorText ?? "")}`
              : ""}
          </li>
        ))}
      </ul>
    </details>
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

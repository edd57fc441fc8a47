import { useState, type ReactNode } from "react";
import type { MessageView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import { explain } from "../actions.ts";
import { useDesk, useHeld, useWords, roleIn } from "../context.ts";

interface When {
  readonly at: string;
  readonly zone?: string;
}
interface Guest {
  readonly address: string;
  readonly name?: string;
  readonly answer?: string;
}
interface Invitation {
  readonly method: string;
  readonly summary: string;
  readonly location?: string;
  readonly start: When;
  readonly end?: When;
  readonly organizer?: Guest;
  readonly attendees: readonly Guest[];
  readonly repeats?: boolean;
}

/** The invitation of a letter, as the mail channel read it. */
const invitationOf = (message: MessageView): Invitation | null => {
  const calendar = message.detail["calendar"];
  const whole =
    typeof calendar === "object" &&
    calendar !== null &&
    "start" in calendar &&
    "method" in calendar &&
    "attendees" in calendar;
  return whole ? (calendar as Invitation) : null;
};

const answers = ["ACCEPTED", "TENTATIVE", "DECLINED"] as const;
type Answer = (typeof answers)[number];
const words = { ACCEPTED: "invite.accept", TENTATIVE: "invite.tentative", DECLINED: "invite.decline" } as const;
const methods: Readonly<Record<string, "invite.request" | "invite.cancel" | "invite.reply">> = {
  REQUEST: "invite.request",
  CANCEL: "invite.cancel",
  REPLY: "invite.reply",
};
const callName = ({ name, address }: Guest): string => name ?? address;

export const InviteCard = ({ message }: { message: MessageView }): ReactNode => {
  const { t, maybe, locale } = useWords();
  const desk = useDesk();
  const held = useHeld(message.conversationId);
  const [sending, setSending] = useState<Answer | null>(null);
  const [sent, setSent] = useState<Answer | null>(null);
  const of = invitationOf(message);
  if (of === null) return null;
  const row = held?.row ?? null;
  const mayAnswer =
    of.method === "REQUEST" &&
    of.organizer !== undefined &&
    message.direction === "in" &&
    row !== null &&
    roleIn(desk.boot, row.tenantId) !== "client_viewer";

  const clock = ({ at, zone }: When): string => {
    const whole = at.includes("T");
    const date = new Date(whole ? at : `${at}T00:00:00`);
    if (Number.isNaN(date.getTime())) return at;
    const shown = new Intl.DateTimeFormat(
      locale,
      whole ? { dateStyle: "full", timeStyle: "short" } : { dateStyle: "full" },
    );
    // A clock time of a named zone is shown as it is written, with its zone.
    return `${shown.format(date)}${zone === undefined ? "" : ` (${zone})`}`;
  };
  const times = (): string => {
    const { start, end } = of;
    if (end === undefined || !start.at.includes("T")) return clock(start);
    const sameDay = start.at.slice(0, 10) === end.at.slice(0, 10);
    const until = new Date(end.at);
    const short = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
    return sameDay && !Number.isNaN(until.getTime())
      ? `${clock({ at: start.at })} – ${short.format(until)}${start.zone === undefined ? "" : ` (${start.zone})`}`
      : `${clock(start)} – ${clock(end)}`;
  };
  const answer = (given: Answer) => {
    setSending(given);
    desk.api
      .send("POST", `/api/messages/${message.id}/invitation`, { answer: given, clientKey: crypto.randomUUID() })
      .then(() => setSent(given), explain)
      .finally(() => setSending(null));
  };
  const guest = (one: Guest): string => {
    const said = one.answer === undefined ? "" : maybe(`invite.answer.${one.answer}`, "");
    return said === "" ? callName(one) : `${callName(one)} (${said})`;
  };
  return (
    <section
      className={of.method === "CANCEL" ? "invite invite-off" : "invite"}
      aria-label={t(methods[of.method] ?? "invite.publish")}
    >
      <p className="invite-kind">
        <Icon name="clock" size={14} /> {t(methods[of.method] ?? "invite.publish")}
        {of.repeats === true ? ` · ${t("invite.repeats")}` : ""}
      </p>
      <h3>{of.summary === "" ? t("invite.untitled") : of.summary}</h3>
      <dl className="letter-facts">
        <div>
          <dt>{t("invite.when")}</dt>
          <dd>{times()}</dd>
        </div>
        {of.location === undefined ? null : (
          <div>
            <dt>{t("invite.where")}</dt>
            <dd>{of.location}</dd>
          </div>
        )}
        {of.organizer === undefined ? null : (
          <div>
            <dt>{t("invite.from")}</dt>
            <dd>{callName(of.organizer)}</dd>
          </div>
        )}
        {of.attendees.length === 0 ? null : (
          <div>
            <dt>{t("invite.guests")}</dt>
            <dd>{of.attendees.slice(0, 8).map(guest).join(", ")}</dd>
          </div>
        )}
      </dl>
      {mayAnswer ? (
        <p className="invite-answers">
          {answers.map((one) => (
            <Button
              key={one}
              look={sent === one ? "primary" : "plain"}
              disabled={sending !== null}
              aria-pressed={sent === one}
              onClick={() => answer(one)}
            >
              {t(words[one])}
            </Button>
          ))}
          {sent === null ? null : <span role="status">{t("invite.sent")}</span>}
        </p>
      ) : null}
    </section>
  );
};

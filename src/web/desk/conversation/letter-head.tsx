import { useState, type ReactNode } from "react";
import type { MessageView } from "#wire";
import { Icon } from "../../kit/icons.tsx";
import { useWords } from "../context.ts";

interface Mailbox {
  readonly address: string;
  readonly name: string;
}

const mailboxes = (value: unknown): readonly Mailbox[] =>
  Array.isArray(value)
    ? value.flatMap((one: unknown) => {
        if (typeof one !== "object" || one === null || !("address" in one) || typeof one.address !== "string")
          return [];
        const name = "name" in one && typeof one.name === "string" ? one.name : "";
        return [{ address: one.address, name }];
      })
    : [];

const kinds = new Set(["auto-reply", "bounce", "delay", "complaint", "read-receipt", "bulk"]);
const shortList = 2;

/** To whom a letter went: of what came in by its header, of what went out by its deliveries. */
const recipientsOf = (message: MessageView): Readonly<Record<"to" | "cc" | "bcc", readonly Mailbox[]>> => {
  if (message.direction === "in")
    return { to: mailboxes(message.detail["to"]), cc: mailboxes(message.detail["cc"]), bcc: [] };
  const inRole = (role: "to" | "cc" | "bcc"): readonly Mailbox[] =>
    message.deliveries
      .filter((one) => one.role === role && one.recipient !== "")
      .map((one) => ({ address: one.recipient, name: "" }));
  return { to: inRole("to"), cc: inRole("cc"), bcc: inRole("bcc") };
};

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const inside = (value: unknown, key: string): string =>
  typeof value === "object" && value !== null ? text(Reflect.get(value, key)) : "";

/** Who a letter is from and for, what is known of its sender, and what a machine wrote. */
export const LetterHead = ({ message }: { message: MessageView }): ReactNode => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const { detail } = message;
  const { to, cc, bcc } = recipientsOf(message);
  const all = [...to, ...cc, ...bcc];
  const from = mailboxes(detail["from"]);
  const [elsewhere] = mailboxes(detail["replyTo"]);
  const auth = detail["auth"];
  const dmarc = inside(auth, "dmarc");
  const spoofed = detail["suspicious"] === true || dmarc === "fail";
  const kind = text(detail["letter"]);
  const marks = [
    ...(detail["spam"] === true ? [t("mail.spam")] : []),
    ...(kinds.has(kind) ? [t(`mail.kind.${kind as "bulk"}`)] : []),
    ...(message.direction === "out" && message.author.type === "system" ? [t("mail.automatic")] : []),
  ];
  const names = (list: readonly Mailbox[], full: boolean): string =>
    (full ? list : list.slice(0, shortList))
      .map(({ address, name }) => (name === "" ? address : full ? `${name} <${address}>` : name))
      .join(", ") + (full || list.length <= shortList ? "" : ` ${t("mail.more", { n: list.length - shortList })}`);
  const roles = [
    { key: "to", word: t("mail.to"), list: to },
    { key: "cc", word: t("mail.cc"), list: cc },
    { key: "bcc", word: t("mail.bcc"), list: bcc },
  ].filter(({ list }) => list.length > 0);
  const results = ["spf", "dkim", "dmarc"].flatMap((name) => {
    const result = inside(auth, name);
    return result === "" ? [] : [`${name.toUpperCase()} ${result}`];
  });
  return (
    <>
      {spoofed ? (
        <p className="letter-warning" role="alert">
          <Icon name="warning" size={14} /> {t("mail.spoofed")}
        </p>
      ) : null}
      {elsewhere === undefined ? null : (
        <p className="letter-note">
          <Icon name="reply" size={13} /> {t("mail.answersTo", { address: elsewhere.address })}
        </p>
      )}
      {all.length === 0 && marks.length === 0 ? null : (
        <p className="letter-line">
          {marks.map((mark) => (
            <span key={mark} className="letter-mark">
              {mark}
            </span>
          ))}
          {dmarc === "pass" ? (
            <span className="letter-verified" title={t("mail.verified")}>
              <Icon name="check" size={13} />
              <span className="hidden">{t("mail.verified")}</span>
            </span>
          ) : null}
          <button
            type="button"
            className="letter-who"
            aria-expanded={open}
            title={t("mail.details")}
            onClick={() => setOpen(!open)}
          >
            {roles.map(({ key, word, list }) => (
              <span key={key}>
                <span className="letter-role">{word}</span> {names(list, false)}{" "}
              </span>
            ))}
            <Icon name="down" size={12} />
          </button>
        </p>
      )}
      {open ? (
        <dl className="letter-facts">
          {from.length === 0 ? null : (
            <div>
              <dt>{t("autoReply.from")}</dt>
              <dd>{names(from, true)}</dd>
            </div>
          )}
          {roles.map(({ key, word, list }) => (
            <div key={key}>
              <dt>{word}</dt>
              <dd>{names(list, true)}</dd>
            </div>
          ))}
          {results.length === 0 ? null : (
            <div>
              <dt>{t("mail.checks")}</dt>
              <dd>{results.join(" · ")}</dd>
            </div>
          )}
          <div>
            <dt>
              <Icon name="file" size={13} />
            </dt>
            <dd>
              <a href={`/api/messages/${message.id}/raw`} download>
                {t("mail.original")}
              </a>
            </dd>
          </div>
        </dl>
      ) : null}
    </>
  );
};

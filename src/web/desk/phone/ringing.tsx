import { useEffect, useState, type ReactNode } from "react";
import type { ContactView, PhoneCall } from "#wire";
import { useNow, useSeconds } from "../../kit/bits.tsx";
import { Button, Keys } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import { useCommands } from "../commands.ts";
import { inkOn, tenantOf, useDesk, useWords } from "../context.ts";
import { startRinging } from "./ring.ts";
import { whoCalls } from "./words.ts";

/** Who rings: the company, the queue, the person and what they last came with. Takes no focus: somebody may be writing. */
export const Ringing = ({
  call,
  onAnswer,
  onReject,
}: {
  call: PhoneCall;
  onAnswer: () => void;
  onReject: () => void;
}): ReactNode => {
  const { t, short } = useWords();
  const desk = useDesk();
  const now = useNow();
  const seconds = useSeconds();
  const contact = useCaller(call.conversationId);
  const tenant = tenantOf(desk.boot, call.tenantId);
  const who = contact !== null && contact.name !== "" ? contact.name : whoCalls(call, t("phone.withheld"));
  const left = call.until === null ? null : Math.max(0, Math.ceil((Date.parse(call.until) - seconds) / 1_000));
  useEffect(startRinging, []);
  useEffect(() => {
    if (!document.hidden || Notification.permission !== "granted") return undefined;
    // Not the number: a lock screen is read by whoever walks by.
    const news = new Notification(t("phone.ringing"), { body: tenant?.name ?? "", tag: call.callId });
    return () => news.close();
  }, [call.callId, t, tenant]);
  useCommands({ "mod+shift+l": onAnswer, c: onAnswer });
  const cases = contact?.conversations.filter(({ id }) => id !== call.conversationId).slice(0, 3) ?? [];

  return (
    <section className="ringing" aria-label={t("phone.ringing")}>
      <p className="ringing-band" style={{ background: tenant?.color, color: inkOn(tenant?.color ?? "") }}>
        <Icon name="phone" />
        <strong>{tenant?.name}</strong>
        {call.queue === null ? null : <span>{call.queue}</span>}
      </p>
      <div className="ringing-body">
        <p className="hidden" role="alert">
          {t("phone.ringingWho", { name: who, tenant: tenant?.name ?? "" })}
        </p>
        <p className="ringing-who">{who}</p>
        {call.number === null || call.number === who ? null : <p className="muted">{call.number}</p>}
        {tenant === undefined || tenant.greeting === "" ? null : (
          <blockquote className="ringing-greeting">{tenant.greeting}</blockquote>
        )}
        {cases.length === 0 ? null : (
          <>
            <h3>{t("phone.lastContacts")}</h3>
            <ul className="ringing-cases">
              {cases.map((one) => (
                <li key={one.id}>
                  <span className="case-number">#{one.number}</span>
                  <span className="case-subject">{one.subject ?? t(`status.${one.status}`)}</span>
                  <time dateTime={one.lastAt}>{short(one.lastAt, now)}</time>
                </li>
              ))}
            </ul>
          </>
        )}
        <div className="ringing-actions">
          <Button look="primary" className="ringing-answer" onClick={onAnswer}>
            {t("phone.answer")} <Keys of="mod+shift+l" />
          </Button>
          <Button onClick={onReject}>{t("phone.reject")}</Button>
        </div>
        {left === null ? null : <p className="ringing-left">{t("phone.secondsLeft", { n: left })}</p>}
      </div>
    </section>
  );
};

/** The person behind the call, once it is filed; null when nobody is known. */
const useCaller = (conversationId: string | null): ContactView | null => {
  const { ask, conversations } = useDesk();
  const [contact, setContact] = useState<ContactView | null>(null);
  useEffect(() => {
    if (conversationId === null) return;
    const row = conversations.get(conversationId)?.row;
    if (row !== undefined && row !== null) {
      ask("contact.get", { id: row.contact.id }).then(setContact, () => undefined);
      return;
    }
    const look = async (): Promise<void> => {
      const detail = await ask("conversation.open", { id: conversationId, limit: 1 });
      setContact(detail.contact);
      // Opened only for this look: the pane, when it opens it, joins by itself.
      if (conversations.get(conversationId) === undefined) await ask("conversation.close", { id: conversationId });
    };
    look().catch(() => undefined);
  }, [ask, conversations, conversationId]);
  return contact;
};

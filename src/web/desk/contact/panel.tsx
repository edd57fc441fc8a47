import { lazy, Suspense, useState, type ReactNode } from "react";
import { Link } from "wouter";
import type { ContactView, ConversationRow } from "#wire";
import { Avatar, useNow } from "../../kit/bits.tsx";
import { Button, IconButton } from "../../kit/controls.tsx";
import { Icon, type IconName } from "../../kit/icons.tsx";
import { explain } from "../actions.ts";
import { profileIn, roleIn, useDesk, useWords } from "../context.ts";
import { dialWish, hasPhone } from "../phone/words.ts";
import { addressWord, isOpaque } from "./address.ts";
import { Preferred } from "./preferred.tsx";

const identityIcons: Record<string, IconName> = {
  email: "email",
  e164: "phone",
  wa_phone: "whatsapp",
  wa_bsuid: "whatsapp",
  wa_lid: "whatsapp",
  psid: "messenger",
  igsid: "instagram",
  visitor: "chat",
  site_user: "user",
  loopback: "loopback",
};

const Merge = lazy(async () => ({ default: (await import("./merge.tsx")).Merge }));

/** Who the customer is: addresses, other cases, merged records. */
export const ContactPanel = ({
  contact,
  row,
  onClose,
}: {
  contact: ContactView;
  row: ConversationRow;
  onClose: () => void;
}): ReactNode => {
  const { t, maybe, short, dateTime } = useWords();
  const desk = useDesk();
  const now = useNow();
  const [merging, setMerging] = useState(false);
  const name = contact.name === "" ? t("contact.anonymous") : contact.name;
  const mayWork = roleIn(desk.boot, contact.tenantId) !== "client_viewer";
  const callable = mayWork && hasPhone(desk.boot);
  const others = contact.conversations.filter((one) => one.id !== row.id);
  const refresh = () =>
    desk
      .ask("contact.get", { id: row.contact.id })
      .then((fresh) => desk.conversations.learn({ id: row.id, contact: fresh }));
  const undo = (mergeId: string) =>
    void desk.api.send("POST", `/api/merges/${mergeId}/undo`).then(refresh).catch(explain);

  return (
    <aside className="panel" aria-label={t("contact.title")}>
      <header className="panel-head">
        <Avatar id={contact.id} name={name} />
        <div>
          <h2>{name}</h2>
          {contact.language === null ? null : (
            <p className="muted">{maybe(`language.${contact.language.slice(0, 2)}`, contact.language)}</p>
          )}
        </div>
        <IconButton icon="close" label={t("contact.hide")} onClick={onClose} />
      </header>
      <section>
        <h3>{t("contact.identities")}</h3>
        {contact.identities.length === 0 ? <p className="muted">{t("contact.noIdentities")}</p> : null}
        <ul className="identities">
          {contact.identities.map((identity) => (
            <li key={identity.id}>
              <Icon name={identityIcons[identity.kind] ?? "user"} size={14} />
              {isOpaque(identity.kind) ? null : (
                <span className="hidden">{maybe(`identity.${identity.kind}`, identity.kind)}: </span>
              )}
              <span className="identity-value" {...(isOpaque(identity.kind) ? { title: identity.value } : {})}>
                {addressWord({ maybe, ...identity })}
              </span>
              {identity.gone ? (
                <span className="identity-gone" title={t("contact.addressGone")}>
                  <Icon name="warning" size={13} />
                  <span className="hidden">{t("contact.addressGone")}</span>
                </span>
              ) : null}
              {callable && identity.kind === "e164" ? (
                <IconButton
                  icon="phone"
                  label={t("phone.callNumber", { number: identity.value })}
                  className="identity-call"
                  onClick={() =>
                    dialWish.set({ tenantId: contact.tenantId, to: identity.value, conversationId: row.id })
                  }
                />
              ) : null}
              {identity.verified === "" || identity.verified === "none" ? null : (
                <span className="identity-verified" title={t("contact.verified")}>
                  <Icon name="check" size={13} />
                  <span className="hidden">{t("contact.verified")}</span>
                </span>
              )}
            </li>
          ))}
        </ul>
      </section>
      <Preferred
        contact={contact}
        mayWork={mayWork && profileIn(desk.boot, contact.tenantId) === "normal"}
        onContact={(fresh) => desk.conversations.learn({ id: row.id, contact: fresh })}
      />
      <section>
        <h3>{t("contact.cases")}</h3>
        {others.length === 0 ? <p className="muted">{t("contact.noCases")}</p> : null}
        <ul className="cases">
          {others.map((one) => (
            <li key={one.id}>
              <Link href={`/inbox/all/${one.id}`}>
                <span className="case-number">#{one.number}</span>
                <span className="case-subject">{one.subject ?? t(`status.${one.status}`)}</span>
                <time dateTime={one.lastAt}>{short(one.lastAt, now)}</time>
                <span className={`status status-${one.status}`}>{t(`status.${one.status}`)}</span>
              </Link>
            </li>
          ))}
        </ul>
      </section>
      {contact.merges.length === 0 ? null : (
        <section>
          <h3>{t("contact.merged")}</h3>
          <ul className="merges">
            {contact.merges.map((merge) => (
              <li key={merge.id}>
                <span>{t("contact.mergedFrom", { name: merge.fromName, at: dateTime(merge.at) })}</span>
                <button type="button" className="link" onClick={() => undo(merge.id)}>
                  {t("common.undo")}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {mayWork ? (
        <Button icon="merge" onClick={() => setMerging(true)}>
          {t("contact.merge")}
        </Button>
      ) : null}
      {merging ? (
        <Suspense>
          <Merge
            contact={contact}
            onClose={() => setMerging(false)}
            onMerged={(merged) => {
              desk.conversations.learn({ id: row.id, contact: merged });
              setMerging(false);
            }}
            onUndo={undo}
          />
        </Suspense>
      ) : null}
    </aside>
  );
};

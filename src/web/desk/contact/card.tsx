import { lazy, Suspense, useEffect, useState, type FormEvent, type ReactNode } from "react";
import { Link } from "wouter";
import type { ContactView } from "#wire";
import { Skeleton, toast, useNow } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { TextField, typed } from "../../kit/field.tsx";
import { explain } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";
import { addressWord, isOpaque } from "./address.ts";

const Begin = lazy(() => import("../begin.tsx"));

/** One contact with its cases; the name can be corrected. */
export const ContactCard = ({ id }: { id: string }): ReactNode => {
  const { t, maybe, short } = useWords();
  const desk = useDesk();
  const now = useNow();
  const [contact, setContact] = useState<ContactView | null>(null);
  const [beginning, setBeginning] = useState(false);
  useEffect(() => {
    desk.ask("contact.get", { id }).then(setContact, explain);
  }, [desk, id]);
  if (contact === null) return <Skeleton lines={4} />;
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = typed(new FormData(event.currentTarget), "name").trim();
    if (name === "" || name === contact.name) return;
    try {
      setContact(await desk.api.send<ContactView>("PATCH", `/api/contacts/${id}`, { name }));
      toast({ text: t("common.saved") });
    } catch (thrown) {
      explain(thrown);
    }
  };
  return (
    <section className="card contact-card" aria-label={contact.name}>
      <form className="inline-form" onSubmit={(event) => void save(event)}>
        <TextField label={t("common.person")} name="name" defaultValue={contact.name} maxLength={200} />
        <Button type="submit">{t("common.save")}</Button>
      </form>
      <Button icon="pen" onClick={() => setBeginning(true)}>
        {t("begin.title")}
      </Button>
      {beginning ? (
        <Suspense>
          <Begin contact={contact} onClose={() => setBeginning(false)} />
        </Suspense>
      ) : null}
      <h2>{t("contact.identities")}</h2>
      <ul className="plain-list">
        {contact.identities.map((identity) => (
          <li key={identity.id}>
            {isOpaque(identity.kind) ? (
              <span title={identity.value}>{addressWord({ maybe, ...identity })}</span>
            ) : (
              <>
                <span className="muted">{maybe(`identity.${identity.kind}`, identity.kind)}</span> {identity.value}
              </>
            )}
          </li>
        ))}
      </ul>
      <h2>{t("contact.cases")}</h2>
      {contact.conversations.length === 0 ? <p className="muted">{t("contact.noCases")}</p> : null}
      <ul className="plain-list">
        {contact.conversations.map((one) => (
          <li key={one.id}>
            <Link href={`/inbox/all/${one.id}`}>
              #{one.number} {one.subject ?? ""}
            </Link>{" "}
            <span className="muted">
              {t(`status.${one.status}`)} · {short(one.lastAt, now)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
};

import { useState, type ReactNode } from "react";
import type { ContactView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { Check, Select } from "../../kit/field.tsx";
import { explain } from "../actions.ts";
import { channelTitle, useDesk, useWords } from "../context.ts";

/** Where the customer likes to be answered, and what they said about marketing. Both are shown with where it comes from. */
export const Preferred = ({
  contact,
  mayWork,
  onContact,
}: {
  contact: ContactView;
  mayWork: boolean;
  onContact: (contact: ContactView) => void;
}): ReactNode => {
  const { t, maybe } = useWords();
  const { api, boot } = useDesk();
  const [busy, setBusy] = useState(false);
  const { preferred } = contact;
  const titleOf = (kind: string) => channelTitle({ boot, maybe, kind });
  const save = (patch: object) => {
    setBusy(true);
    api
      .send<ContactView>("PATCH", `/api/contacts/${contact.id}`, patch)
      .then(onContact, explain)
      .finally(() => setBusy(false));
  };
  if (!mayWork)
    return preferred === null ? null : (
      <p className="muted">
        {t("prefer.title")}: {titleOf(preferred.channel)} ({t(`prefer.${preferred.source}`)})
      </p>
    );
  return (
    <section>
      <Select
        label={t("prefer.title")}
        value={preferred?.channel ?? ""}
        disabled={busy}
        help={preferred === null ? t("prefer.none") : t(`prefer.${preferred.source}`)}
        choices={[
          { value: "", label: "—" },
          ...boot.channels.map(({ kind }) => ({ value: kind, label: titleOf(kind) })),
        ]}
        onValue={(channel) => save({ preferred: channel === "" ? null : { channel, source: "agent" } })}
      />
      {preferred !== null && preferred.source !== "stated" ? (
        <Button
          look="quiet"
          disabled={busy}
          onClick={() => save({ preferred: { channel: preferred.channel, source: "stated" } })}
        >
          {t("prefer.saySo")}
        </Button>
      ) : null}
      <Check
        label={t("prefer.marketing")}
        checked={contact.marketing === "granted"}
        onChecked={(on) => save({ marketing: on ? "granted" : "withdrawn" })}
        help={contact.marketing === null ? t("prefer.marketingNone") : t(`prefer.${contact.marketing}`)}
      />
    </section>
  );
};

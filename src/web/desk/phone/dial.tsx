import { useState, type FormEvent, type ReactNode } from "react";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Select, TextField } from "../../kit/field.tsx";
import type { Phone } from "../../state/phone.ts";
import { explain } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";
import type { DialWish } from "./words.ts";

const purposes = ["service", "callback", "marketing", "survey"] as const;

/** Calls somebody: in whose name, why, and for anything but service on which consent. */
export const Dialler = ({ phone, wish, onClose }: { phone: Phone; wish: DialWish; onClose: () => void }): ReactNode => {
  const { t } = useWords();
  const { boot } = useDesk();
  const [tenantId, setTenant] = useState(wish.tenantId);
  const [to, setTo] = useState(wish.to);
  const [purpose, setPurpose] = useState<(typeof purposes)[number]>("service");
  const [consent, setConsent] = useState("");
  const needsConsent = purpose === "marketing" || purpose === "survey";
  const number = to.replace(/[\s()-]/g, "");
  const dial = (event: FormEvent): void => {
    event.preventDefault();
    phone
      .command({
        name: "dial",
        tenantId,
        to: number,
        purpose,
        ...(wish.conversationId === undefined ? {} : { conversationId: wish.conversationId }),
        ...(needsConsent ? { consentRef: consent.trim() } : {}),
      })
      .catch(explain);
    onClose();
  };
  return (
    <Dialog open onClose={onClose} title={t("phone.dial")} closeLabel={t("common.close")}>
      <form className="dial-form" onSubmit={dial}>
        <TextField
          label={t("phone.to.number")}
          type="tel"
          autoFocus
          required
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
        {boot.tenants.length < 2 ? null : (
          <Select
            label={t("phone.for")}
            value={tenantId}
            onValue={setTenant}
            choices={boot.tenants.map(({ id, name }) => ({ value: id, label: name }))}
          />
        )}
        <Select
          label={t("phone.purpose")}
          value={purpose}
          onValue={(value) => setPurpose(value as (typeof purposes)[number])}
          choices={purposes.map((value) => ({ value, label: t(`phone.purpose.${value}`) }))}
        />
        {needsConsent ? (
          <TextField
            label={t("phone.consent")}
            help={t("phone.consentHelp")}
            required
            value={consent}
            onChange={(event) => setConsent(event.target.value)}
          />
        ) : null}
        <Button
          type="submit"
          look="primary"
          icon="phone"
          disabled={number === "" || (needsConsent && consent.trim() === "")}
        >
          {t("phone.dialNow")}
        </Button>
      </form>
    </Dialog>
  );
};

import type { ReactNode } from "react";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import type { Pending } from "../../state/outbox.ts";
import { useDesk, useWords } from "../context.ts";
import { backToComposer } from "./back.ts";

/** The letter would go to addresses nobody in the case knows: shows which, and lets the agent decide. */
export const Strangers = ({ letter }: { letter: Pending }): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  const gone = letter.refusal === "gone-recipients";
  const back = () => backToComposer(desk, letter.clientKey);
  return (
    <Dialog
      open
      onClose={back}
      title={t(gone ? "strangers.goneTitle" : "strangers.title")}
      closeLabel={t("conflict.edit")}
      actions={
        <>
          <Button onClick={() => desk.outbox.retry({ clientKey: letter.clientKey, confirmed: true })}>
            {t("strangers.anyway")}
          </Button>
          <Button look="primary" onClick={back}>
            {t("conflict.edit")}
          </Button>
        </>
      }
    >
      <p>{t(gone ? "strangers.goneLead" : "strangers.lead")}</p>
      <ul className="plain-list">
        {letter.strangers.map((address) => (
          <li key={address}>
            <strong>{address}</strong>
          </li>
        ))}
      </ul>
    </Dialog>
  );
};

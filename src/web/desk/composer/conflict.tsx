import type { ReactNode } from "react";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import type { Pending } from "../../state/outbox.ts";
import { useDesk, useWords } from "../context.ts";
import { backToComposer } from "./back.ts";

/** Somebody wrote while this answer was being written: shows what, and lets the agent decide. */
export const Conflict = ({ letter }: { letter: Pending }): ReactNode => {
  const { t, time } = useWords();
  const desk = useDesk();
  const last = letter.news.at(-1);
  const back = () => backToComposer(desk, letter.clientKey);
  return (
    <Dialog
      open
      onClose={back}
      title={
        last === undefined
          ? t("conflict.title")
          : t(last.direction === "in" ? "conflict.customer" : "conflict.agent", { name: last.author.name })
      }
      closeLabel={t("conflict.edit")}
      actions={
        <>
          <Button onClick={() => desk.outbox.retry({ clientKey: letter.clientKey, anyway: true })}>
            {t("conflict.anyway")}
          </Button>
          <Button look="primary" onClick={back}>
            {t("conflict.edit")}
          </Button>
        </>
      }
    >
      <p>{t("conflict.lead")}</p>
      <ul className="conflict-news">
        {letter.news.map((message) => (
          <li key={message.id}>
            <strong>{message.author.name}</strong> <time dateTime={message.occurredAt}>{time(message.occurredAt)}</time>
            <p>{message.text}</p>
          </li>
        ))}
      </ul>
      <h3>{t("conflict.yours")}</h3>
      <p className="conflict-yours">{letter.text}</p>
    </Dialog>
  );
};

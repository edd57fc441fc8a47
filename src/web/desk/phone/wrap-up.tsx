import { useState, type ReactNode } from "react";
import type { PhoneCall } from "#wire";
import { useSeconds } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { TextArea } from "../../kit/field.tsx";
import type { Phone } from "../../state/phone.ts";
import { explain } from "../actions.ts";
import { useWords } from "../context.ts";
import { whoCalls } from "./words.ts";

/** After the call: how it ended and what was agreed. Where codes are set, one must be chosen. */
export const WrapUp = ({ phone, call }: { phone: Phone; call: PhoneCall }): ReactNode => {
  const { t } = useWords();
  const now = useSeconds();
  const [disposition, setDisposition] = useState("");
  const [note, setNote] = useState("");
  const left = call.until === null ? null : Math.max(0, Math.ceil((Date.parse(call.until) - now) / 1_000));
  const done = call.dispositions.length === 0 || disposition !== "";
  const save = (): void =>
    void phone.command({ name: "wrapUp", callId: call.callId, disposition, note: note.trim() }).catch(explain);
  return (
    <section className="wrap-up" aria-label={t("phone.wrapUp")}>
      <header>
        <h2>{t("phone.wrapUp")}</h2>
        <p className="muted">
          {whoCalls(call, t("phone.withheld"))}
          {left === null ? "" : ` · ${t("phone.secondsLeft", { n: left })}`}
        </p>
      </header>
      {call.dispositions.length === 0 ? null : (
        <fieldset className="dispositions">
          <legend>{t("phone.disposition")}</legend>
          {call.dispositions.map(({ code, title }) => (
            <label key={code} className="check">
              <input
                type="radio"
                name="disposition"
                checked={disposition === code}
                onChange={() => setDisposition(code)}
              />
              <span>{title}</span>
            </label>
          ))}
        </fieldset>
      )}
      <TextArea label={t("phone.note")} value={note} onValue={setNote} rows={3} />
      <Button look="primary" disabled={!done} onClick={save}>
        {t("phone.finish")}
      </Button>
    </section>
  );
};

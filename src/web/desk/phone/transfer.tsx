import { useState, type ReactNode } from "react";
import type { PhoneCall } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Select, TextField } from "../../kit/field.tsx";
import type { Phone } from "../../state/phone.ts";
import { explain } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";

type To = "agent" | "queue" | "number";

/** Hands a call on: to a colleague, a queue or a number, at once or after a word with them. */
export const Transfer = ({
  phone,
  call,
  onClose,
}: {
  phone: Phone;
  call: PhoneCall;
  onClose: () => void;
}): ReactNode => {
  const { t } = useWords();
  const { boot } = useDesk();
  const agents = boot.agents.filter(({ id, tenantIds }) => id !== boot.me.id && tenantIds.includes(call.tenantId));
  const queues = boot.queues.filter(({ tenantId }) => tenantId === call.tenantId);
  const [to, setTo] = useState<To>(agents.length > 0 ? "agent" : "queue");
  const [agent, setAgent] = useState(agents[0]?.id ?? "");
  const [queue, setQueue] = useState(queues[0]?.id ?? "");
  const [number, setNumber] = useState("");
  const target =
    to === "number"
      ? ({ type: "number", number: number.replace(/[\s()-]/g, "") } as const)
      : ({ type: to, id: to === "agent" ? agent : queue } as const);
  const chosen = target.type === "number" ? target.number !== "" : target.id !== "";
  const go = (mode: "blind" | "attended"): void => {
    phone.command({ name: "transfer", callId: call.callId, to: target, mode }).catch(explain);
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("phone.transfer")}
      closeLabel={t("common.close")}
      actions={
        <>
          {to === "queue" ? null : (
            <Button disabled={!chosen} onClick={() => go("attended")}>
              {t("phone.consultFirst")}
            </Button>
          )}
          <Button look="primary" disabled={!chosen} onClick={() => go("blind")}>
            {t("phone.transferNow")}
          </Button>
        </>
      }
    >
      <Select
        label={t("phone.transferTo")}
        value={to}
        onValue={(value) => setTo(value as To)}
        choices={(["agent", "queue", "number"] as const).map((value) => ({ value, label: t(`phone.to.${value}`) }))}
      />
      {to === "agent" ? (
        <Select
          label={t("phone.to.agent")}
          value={agent}
          onValue={setAgent}
          choices={agents.map(({ id, name }) => ({ value: id, label: name }))}
        />
      ) : to === "queue" ? (
        <Select
          label={t("phone.to.queue")}
          value={queue}
          onValue={setQueue}
          choices={queues.map(({ id, name }) => ({ value: id, label: name }))}
        />
      ) : (
        <TextField
          label={t("phone.to.number")}
          type="tel"
          value={number}
          onChange={(event) => setNumber(event.target.value)}
        />
      )}
    </Dialog>
  );
};

import { useState, type FormEvent, type ReactNode } from "react";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Select, TextField, typed } from "../../kit/field.tsx";
import { channelTitle, useDesk, useWords } from "../context.ts";
import type { Targets } from "./target.ts";

/** An address the hub does not know yet, on an account that can write first. */
const TypeAddress = ({ targets, onClose }: { targets: Targets; onClose: () => void }): ReactNode => {
  const { t, maybe } = useWords();
  const { boot } = useDesk();
  const [accountId, setAccountId] = useState(targets.own[0]?.accountId ?? "");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const address = typed(new FormData(event.currentTarget), "address").trim();
    const account = targets.own.find((one) => one.accountId === accountId);
    if (account === undefined || address === "") return;
    targets.type(account, address);
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("ways.type")}
      closeLabel={t("common.close")}
      actions={
        <Button type="submit" form="type-address" look="primary">
          {t("ways.use")}
        </Button>
      }
    >
      <form id="type-address" className="form" onSubmit={submit}>
        <Select
          label={t("begin.account")}
          value={accountId}
          onValue={setAccountId}
          choices={targets.own.map((one) => ({
            value: one.accountId,
            label: `${channelTitle({ boot, maybe, kind: one.channel })} · ${one.accountName}`,
          }))}
        />
        <TextField label={t("begin.address")} name="address" required autoFocus maxLength={254} />
      </form>
    </Dialog>
  );
};
export default TypeAddress;

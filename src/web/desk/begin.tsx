import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { useLocation } from "wouter";
import type { Gives } from "#wire";
import { Skeleton } from "../kit/bits.tsx";
import { Button } from "../kit/controls.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Select, TextField, typed } from "../kit/field.tsx";
import { explain } from "./actions.ts";
import { addressWord } from "./contact/address.ts";
import { channelTitle, profileIn, roleIn, useDesk, useWords } from "./context.ts";

type Ways = Gives<"begin.ways">;

/** A new conversation: with a contact's address, or with one that is typed in. Writing comes after. */
const Begin = ({
  contact,
  onClose,
}: {
  contact?: { readonly id: string; readonly tenantId: string; readonly name: string };
  onClose: () => void;
}): ReactNode => {
  const { t, maybe } = useWords();
  const desk = useDesk();
  const { boot } = desk;
  const [, go] = useLocation();
  const tenants = boot.tenants.filter(({ id }) => roleIn(boot, id) !== "client_viewer");
  const [tenantId, setTenantId] = useState(contact?.tenantId ?? tenants[0]?.id ?? "");
  const [found, setFound] = useState<Ways | null>(null);
  const [chosen, setChosen] = useState("");
  const [busy, setBusy] = useState(false);
  const contactId = contact?.id;
  useEffect(() => {
    let gone = false;
    setFound(null);
    desk
      .ask("begin.ways", { tenantId, ...(contactId === undefined ? {} : { contactId }) })
      .then((ways) => !gone && setFound(ways), explain);
    return () => {
      gone = true;
    };
  }, [desk, tenantId, contactId]);

  const titleOf = (channel: string) => channelTitle({ boot, maybe, kind: channel });
  const ways = (found?.ways ?? []).filter((way) => way.identityId !== null && way.state !== "busy");
  const own = profileIn(boot, tenantId) === "normal" ? (found?.own ?? []) : [];
  const choices = [
    ...ways.map((way) => ({
      value: way.key,
      label: `${titleOf(way.channel)} · ${addressWord({ maybe, kind: way.addressKind, value: way.address })} · ${way.accountName}`,
    })),
    ...own.map((account) => ({
      value: account.accountId,
      label: `${titleOf(account.channel)} · ${account.accountName}`,
    })),
  ];
  const value = choices.some((one) => one.value === chosen) ? chosen : (choices[0]?.value ?? "");
  const way = ways.find((one) => one.key === value);
  const account = own.find((one) => one.accountId === value);
  const takesSubject = (way?.takes ?? account?.takes)?.subject === true;

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      const { row } = await desk.ask("conversation.begin", {
        tenantId,
        accountId: way?.accountId ?? value,
        ...(way === undefined || way.identityId === null
          ? { address: typed(form, "address").trim(), name: typed(form, "name").trim() }
          : { identityId: way.identityId }),
        subject: typed(form, "subject").trim(),
      });
      desk.inbox.push([row]);
      onClose();
      go(`/inbox/mine/${row.id}`);
      setTimeout(() => document.getElementById("composer")?.focus(), 300);
    } catch (thrown) {
      explain(thrown);
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("begin.title")}
      closeLabel={t("common.close")}
      actions={
        <Button type="submit" form="begin" look="primary" disabled={busy || value === ""}>
          {t("begin.go")}
        </Button>
      }
    >
      <form id="begin" className="form" onSubmit={(event) => void submit(event)}>
        {contact === undefined ? (
          <Select
            label={t("begin.company")}
            value={tenantId}
            onValue={setTenantId}
            choices={tenants.map((tenant) => ({ value: tenant.id, label: tenant.name }))}
          />
        ) : (
          <p>
            <strong>{contact.name === "" ? t("contact.anonymous") : contact.name}</strong>
          </p>
        )}
        {found === null ? (
          <Skeleton lines={2} />
        ) : choices.length === 0 ? (
          <p className="notice notice-bad">{t("begin.none")}</p>
        ) : (
          <>
            <Select label={t("begin.account")} value={value} onValue={setChosen} choices={choices} />
            {way === undefined ? (
              <>
                <TextField label={t("begin.address")} name="address" required maxLength={254} />
                <TextField label={t("begin.name")} name="name" maxLength={200} />
              </>
            ) : null}
            {takesSubject ? <TextField label={t("begin.subject")} name="subject" maxLength={500} /> : null}
          </>
        )}
      </form>
    </Dialog>
  );
};
export default Begin;

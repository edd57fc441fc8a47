import { useState, type ReactNode } from "react";
import type { ChannelAccountBody, ChannelAccountView, ChannelTest, SettingField } from "#wire";
import { toast } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Check, Select, TextArea, TextField } from "../../kit/field.tsx";
import { Refused, refusalOf } from "../../state/refused.ts";
import { useDesk, useWords } from "../context.ts";
import { Load, useReload } from "../query.tsx";
import { useAccountWords } from "./account-words.ts";
import { Checks } from "./checks.tsx";
import { channelsPath } from "./paths.ts";

interface Kind {
  readonly kind: string;
  readonly title: string;
  readonly fields: readonly SettingField[];
}

const asText = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

/** One setting of a connector, drawn from its own description. A secret that is set shows only how it ends. */
const Setting = ({
  field,
  value,
  endsIn,
  onValue,
}: {
  field: SettingField;
  value: unknown;
  endsIn: string | undefined;
  onValue: (value: unknown) => void;
}): ReactNode => {
  const { t } = useWords();
  const set = endsIn === undefined ? "" : t("channels.secretSet", { end: endsIn });
  const help = [field.description, set].filter((part) => part !== "").join(" ");
  const label = field.required ? field.title : t("channels.optional", { title: field.title });
  switch (field.type) {
    case "boolean":
      return <Check label={field.title} help={help} checked={value === true} onChecked={onValue} />;
    case "enum":
      return (
        <Select
          label={label}
          help={help}
          value={asText(value)}
          choices={(field.options ?? []).map((option) => ({ value: option, label: option }))}
          onValue={onValue}
        />
      );
    case "list":
      return (
        <TextArea
          label={label}
          help={`${help} ${t("channels.onePerLine")}`.trim()}
          rows={3}
          value={Array.isArray(value) ? value.join("\n") : ""}
          onValue={(text) => onValue(text.split("\n"))}
        />
      );
    case "number":
      return (
        <TextField
          label={label}
          help={help}
          type="number"
          step="any"
          required={field.required}
          value={asText(value)}
          onChange={(event) => onValue(event.target.value === "" ? undefined : Number(event.target.value))}
        />
      );
    case "string":
    default:
      return (
        <TextField
          label={label}
          help={help}
          type={field.secret ? "password" : "text"}
          autoComplete={field.secret ? "new-password" : "off"}
          required={field.required && endsIn === undefined}
          value={asText(value)}
          onChange={(event) => onValue(event.target.value)}
        />
      );
  }
};

export const ChannelForm = ({
  account,
  onClose,
}: {
  account: ChannelAccountView | null;
  onClose: () => void;
}): ReactNode => {
  const { t } = useWords();
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={account === null ? t("channels.add") : account.name}
      closeLabel={t("common.close")}
    >
      <Load<{ kinds: readonly Kind[] }> path="/api/admin/channel-kinds">
        {({ kinds }) => <Form account={account} kinds={kinds} onClose={onClose} />}
      </Load>
    </Dialog>
  );
};

const Form = ({
  account,
  kinds,
  onClose,
}: {
  account: ChannelAccountView | null;
  kinds: readonly Kind[];
  onClose: () => void;
}): ReactNode => {
  const { t, maybe } = useWords();
  const { api, boot } = useDesk();
  const reload = useReload();
  const [tenantId, setTenantId] = useState(account?.tenantId ?? boot.tenants[0]?.id ?? "");
  const [kind, setKind] = useState(account?.kind ?? kinds[0]?.kind ?? "");
  const [name, setName] = useState(account?.name ?? "");
  const [queueId, setQueueId] = useState(account?.queueId ?? "");
  const [enabled, setEnabled] = useState(account?.enabled ?? true);
  const [config, setConfig] = useState<Readonly<Record<string, unknown>>>(account?.config ?? {});
  const [busy, setBusy] = useState(false);
  const [says, setSays] = useState<{ ok: boolean; text: string; checks?: ChannelTest["checks"] } | null>(null);
  const words = useAccountWords();
  const fields = kinds.find((one) => one.kind === kind)?.fields ?? [];

  const body = (): ChannelAccountBody => ({
    tenantId,
    kind,
    name,
    queueId: queueId === "" ? null : queueId,
    enabled,
    config: Object.fromEntries(
      fields.flatMap((field) => {
        const value = config[field.key] ?? (field.secret ? undefined : field.default);
        if (value === undefined || (value === "" && (field.secret || !field.required))) return [];
        return [[field.key, Array.isArray(value) ? value.filter((line) => line !== "") : value]];
      }),
    ),
  });
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setSays(null);
    try {
      await work();
    } catch (thrown) {
      const why =
        thrown instanceof Refused && ["bad-request", "forbidden"].includes(thrown.code)
          ? ` ${words.told(thrown.message)}`
          : "";
      setSays({ ok: false, text: t(`refusal.${refusalOf(thrown)}`) + why });
    } finally {
      setBusy(false);
    }
  };
  const save = () =>
    attempt(async () => {
      if (account === null) await api.send("POST", channelsPath, body());
      else await api.send("PATCH", `${channelsPath}/${account.id}`, body());
      await reload(channelsPath);
      toast({ text: t("common.saved") });
      onClose();
    });
  const test = () =>
    attempt(async () => {
      const path = account === null ? `${channelsPath}/test` : `${channelsPath}/test?id=${account.id}`;
      const answer = await api.send<ChannelTest>("POST", path, body());
      setSays({ ok: answer.ok, text: words.told(answer.says), checks: answer.checks });
    });

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div className="form-pair">
        <Select
          label={t("common.client")}
          value={tenantId}
          disabled={account !== null}
          choices={boot.tenants.map((tenant) => ({ value: tenant.id, label: tenant.name }))}
          onValue={setTenantId}
        />
        <Select
          label={t("channels.kind")}
          value={kind}
          disabled={account !== null}
          choices={kinds.map((one) => ({ value: one.kind, label: maybe(`channel.${one.kind}`, one.title) }))}
          onValue={setKind}
        />
      </div>
      <div className="form-pair">
        <TextField
          label={t("common.name")}
          required
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Select
          label={t("channels.queue")}
          value={queueId}
          choices={[
            { value: "", label: t("channels.noQueue") },
            ...boot.queues
              .filter((queue) => queue.tenantId === tenantId)
              .map((queue) => ({ value: queue.id, label: queue.name })),
          ]}
          onValue={setQueueId}
        />
      </div>
      {kind === "whatsapp-web" ? <p className="notice notice-warn">{t("link.risk")}</p> : null}
      {fields.map((field) => (
        <Setting
          key={`${kind}.${field.key}`}
          field={words.field(kind, field)}
          value={config[field.key] ?? (field.secret ? undefined : field.default)}
          endsIn={account?.secrets[field.key]}
          onValue={(value) => setConfig({ ...config, [field.key]: value })}
        />
      ))}
      <Check label={t("channels.enabled")} checked={enabled} onChecked={setEnabled} />
      {says === null ? null : (
        <p className={says.ok ? "notice notice-good" : "notice notice-bad"} role="alert">
          {says.text}
        </p>
      )}
      <Checks checks={says?.checks ?? []} />
      <div className="form-actions">
        <Button disabled={busy} onClick={() => void test()}>
          {t("channels.test")}
        </Button>
        <span className="spacer" />
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button type="submit" look="primary" disabled={busy}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
};

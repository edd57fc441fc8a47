import { useState, type ReactNode } from "react";
import type { TenantPatch, TenantView } from "#wire";
import { locales } from "../../i18n/words.ts";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Select, TextArea, TextField } from "../../kit/field.tsx";
import { useDesk, useWords } from "../context.ts";
import { languageNames } from "../login.tsx";
import { tenantsPath } from "./paths.ts";
import { useSave } from "./save.ts";

/** What is shown of a company that is not there yet. */
const blank = (locale: TenantView["locale"]): Omit<TenantView, "id"> => ({
  key: "",
  name: "",
  color: "#3b5bdb",
  greeting: "",
  signature: "",
  locale,
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  undoSeconds: {},
  reopenDays: 7,
});

export const TenantForm = ({ tenant, onClose }: { tenant: TenantView | null; onClose: () => void }): ReactNode => {
  const { t, locale } = useWords();
  const { boot } = useDesk();
  const { save, fault, busy } = useSave({ taken: t("tenants.taken"), onDone: onClose });
  const [set, setAll] = useState(() => tenant ?? blank(locale));
  const change = (patch: Partial<Omit<TenantView, "id">>) => setAll({ ...set, ...patch });
  const zones = [...new Set([...Intl.supportedValuesOf("timeZone"), set.timezone])];

  const undoOf = (kind: string, typed: string) => {
    const { [kind]: _, ...others } = set.undoSeconds;
    change({ undoSeconds: typed === "" ? others : { ...others, [kind]: Number(typed) } });
  };
  const submit = () => {
    const { name, color, greeting, signature, timezone, undoSeconds, reopenDays } = set;
    const body: TenantPatch = {
      name,
      color,
      greeting,
      signature,
      locale: set.locale,
      timezone,
      undoSeconds,
      reopenDays,
    };
    return tenant === null
      ? save("POST", tenantsPath, { ...body, key: set.key })
      : save("PATCH", `${tenantsPath}/${tenant.id}`, body);
  };

  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={tenant === null ? t("tenants.add") : tenant.name}
      closeLabel={t("common.close")}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div className="form-pair">
          <TextField
            label={t("common.name")}
            required
            maxLength={120}
            value={set.name}
            onChange={(event) => change({ name: event.target.value })}
          />
          <TextField
            label={t("tenants.key")}
            help={tenant === null ? t("tenants.keyHelp") : undefined}
            required
            disabled={tenant !== null}
            maxLength={40}
            pattern="[a-z0-9]+(-[a-z0-9]+)*"
            value={set.key}
            onChange={(event) => change({ key: event.target.value })}
          />
        </div>
        <div className="form-pair">
          <Select
            label={t("tenants.locale")}
            value={set.locale}
            choices={locales.map((one) => ({ value: one, label: languageNames[one] }))}
            onValue={(value) => change({ locale: locales.find((one) => one === value) ?? set.locale })}
          />
          <Select
            label={t("tenants.timezone")}
            value={set.timezone}
            choices={zones.map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") }))}
            onValue={(timezone) => change({ timezone })}
          />
        </div>
        <TextArea
          label={t("tenants.greeting")}
          help={t("tenants.greetingHelp")}
          rows={2}
          value={set.greeting}
          onValue={(greeting) => change({ greeting })}
        />
        <TextArea
          label={t("tenant.signature")}
          help={t("tenant.signatureHelp")}
          rows={3}
          value={set.signature}
          onValue={(signature) => change({ signature })}
        />
        <div className="form-pair">
          <TextField
            label={t("tenants.color")}
            type="color"
            value={set.color}
            onChange={(event) => change({ color: event.target.value })}
          />
          <TextField
            label={t("tenants.reopenDays")}
            help={t("tenants.reopenHelp")}
            type="number"
            required
            min={0}
            max={365}
            value={set.reopenDays}
            onChange={(event) => change({ reopenDays: Number(event.target.value) })}
          />
        </div>
        {boot.channels.length === 0 ? null : (
          <fieldset className="membership">
            <legend>{t("tenants.undo")}</legend>
            <p className="muted">{t("tenants.undoHelp")}</p>
            <div className="form-pair">
              {boot.channels.map(({ kind, title }) => (
                <TextField
                  key={kind}
                  label={title}
                  type="number"
                  min={0}
                  max={300}
                  value={set.undoSeconds[kind] ?? ""}
                  onChange={(event) => undoOf(kind, event.target.value)}
                />
              ))}
            </div>
          </fieldset>
        )}
        {fault === null ? null : (
          <p className="notice notice-bad" role="alert">
            {fault}
          </p>
        )}
        <div className="form-actions">
          <span className="spacer" />
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" disabled={busy}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

import { useState, type FormEvent, type ReactNode } from "react";
import { speak } from "../i18n/index.ts";
import { locales, type Locale } from "../i18n/words.ts";
import { toast, useValue } from "../kit/bits.tsx";
import { Button } from "../kit/controls.tsx";
import { Check, Select, TextField, typed } from "../kit/field.tsx";
import { refusalOf } from "../state/refused.ts";
import { explain } from "./actions.ts";
import { useDesk, useWords } from "./context.ts";
import { languageNames } from "./login.tsx";
import { rememberLocale, setSingleKeys, setTheme, singleKeys, theme, type Theme } from "./settings.ts";
import "./styles/pages.css";

const themes = ["system", "light", "dark"] as const;

const Profile = (): ReactNode => {
  const { t, locale } = useWords();
  const { api, boot } = useDesk();
  const look = useValue(theme);
  const keys = useValue(singleKeys);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | undefined>(undefined);

  const choose = async (next: Locale) => {
    rememberLocale(next);
    await speak(next);
    await api.send("PATCH", "/api/me", { locale: next }).catch(explain);
  };
  const changePassword = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const next = typed(data, "next");
    if (next !== typed(data, "again")) {
      setFault(t("profile.mismatch"));
      return;
    }
    setBusy(true);
    setFault(undefined);
    try {
      await api.send("POST", "/api/me/password", { current: typed(data, "current"), next });
      form.reset();
      toast({ text: t("profile.passwordDone") });
    } catch (thrown) {
      const code = refusalOf(thrown);
      if (code === "forbidden" || code === "unauthorized") setFault(t("profile.wrongPassword"));
      else explain(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="page" id="main">
      <h1>{t("shell.profile")}</h1>
      <p className="muted">
        {boot.me.name} · {boot.me.email}
      </p>
      <section className="card">
        <h2>{t("profile.look")}</h2>
        <Select
          label={t("profile.language")}
          value={locale}
          choices={locales.map((one) => ({ value: one, label: languageNames[one] }))}
          onValue={(value) => {
            const next = locales.find((one) => one === value);
            if (next !== undefined) void choose(next);
          }}
        />
        <Select
          label={t("profile.theme")}
          value={look}
          choices={themes.map((one) => ({ value: one, label: t(`theme.${one}`) }))}
          onValue={(value) => setTheme(themes.find((one) => one === value) ?? ("system" satisfies Theme))}
        />
        <Check label={t("keys.single")} help={t("keys.singleHelp")} checked={keys} onChecked={setSingleKeys} />
      </section>
      <section className="card">
        <h2>{t("profile.password")}</h2>
        <form className="form" onSubmit={(event) => void changePassword(event)}>
          <input type="hidden" name="username" autoComplete="username" value={boot.me.email} readOnly />
          <TextField
            label={t("profile.current")}
            name="current"
            type="password"
            autoComplete="current-password"
            required
          />
          <TextField
            label={t("profile.next")}
            help={t("profile.nextHelp")}
            name="next"
            type="password"
            minLength={10}
            autoComplete="new-password"
            required
          />
          <TextField
            label={t("profile.again")}
            fault={fault}
            name="again"
            type="password"
            autoComplete="new-password"
            required
          />
          <Button type="submit" look="primary" disabled={busy}>
            {t("profile.change")}
          </Button>
        </form>
      </section>
    </main>
  );
};
export default Profile;

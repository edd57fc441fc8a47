import { useState, type FormEvent, type ReactNode } from "react";
import { speak } from "../i18n/index.ts";
import { locales } from "../i18n/words.ts";
import { Button } from "../kit/controls.tsx";
import { TextField, typed } from "../kit/field.tsx";
import type { Api } from "../state/api.ts";
import { refusalOf } from "../state/refused.ts";
import { useWords } from "./context.ts";
import { rememberLocale } from "./settings.ts";

export const languageNames = { en: "English", cs: "Čeština", sk: "Slovenčina", pl: "Polski" } as const;

export const Login = ({
  api,
  why,
  onDone,
}: {
  api: Api;
  why: "expired" | "logged-out" | "revoked" | null;
  onDone: () => void;
}): ReactNode => {
  const { t, maybe, locale } = useWords();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFault(null);
    try {
      await api.login({ email: typed(form, "email").trim(), password: typed(form, "password") });
      onDone();
    } catch (thrown) {
      const code = refusalOf(thrown);
      setFault(maybe(`login.${code}`, t("login.failed")));
      setBusy(false);
    }
  };

  return (
    <div className="login">
      <main className="login-card">
        <div className="brand">
          <img src="/linka.svg" width={36} height={36} alt="" />
          <h1>Linka</h1>
        </div>
        <p className="login-lead">{t("login.lead")}</p>
        {why === null || why === "logged-out" ? null : <p className="notice">{t(`login.why.${why}`)}</p>}
        <form onSubmit={(event) => void submit(event)}>
          <TextField label={t("login.email")} name="email" type="email" autoComplete="username" required autoFocus />
          <TextField
            label={t("login.password")}
            name="password"
            type="password"
            autoComplete="current-password"
            required
          />
          {fault === null ? null : (
            <p className="notice notice-bad" role="alert">
              {fault}
            </p>
          )}
          <Button type="submit" look="primary" disabled={busy}>
            {t("login.submit")}
          </Button>
        </form>
      </main>
      <nav className="login-languages" aria-label={t("profile.language")}>
        {locales.map((one) => (
          <button
            key={one}
            type="button"
            lang={one}
            aria-pressed={one === locale}
            onClick={() => {
              rememberLocale(one);
              void speak(one);
            }}
          >
            {languageNames[one]}
          </button>
        ))}
      </nav>
    </div>
  );
};

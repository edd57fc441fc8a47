import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useSearchParams } from "wouter";
import type { ChannelAccountView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { refusalOf } from "../../state/refused.ts";
import { useDesk, useWords } from "../context.ts";
import { channelsPath } from "./paths.ts";

const outcomes = ["done", "expired", "refused", "failed"] as const;

/** What became of a sign-in at a provider's page, once the browser is back. */
export const SignInOutcome = (): ReactNode => {
  const { t } = useWords();
  const [parameters] = useSearchParams();
  const outcome = outcomes.find((one) => one === parameters.get("signIn"));
  if (outcome === undefined) return null;
  return (
    <p className={outcome === "done" ? "notice notice-good" : "notice notice-bad"} role="alert">
      {t(`signIn.${outcome}`)}
    </p>
  );
};

/** For accounts that sign in at their provider's page: the way there, and the address to register first. */
export const SignIn = ({ account, copy }: { account: ChannelAccountView; copy: (text: string) => void }): ReactNode => {
  const { t } = useWords();
  const { api } = useDesk();
  const [refused, setRefused] = useState<ReturnType<typeof refusalOf> | null>(null);
  const path = `${channelsPath}/${account.id}/sign-in`;
  const { data } = useQuery({
    queryKey: [path, account.config],
    queryFn: () => api.get<{ offered: boolean; redirectUri: string }>(path),
  });
  if (data?.offered !== true) return null;
  const go = async (): Promise<void> => {
    try {
      const { url } = await api.send<{ url: string }>("POST", path);
      window.location.assign(url);
    } catch (thrown) {
      setRefused(refusalOf(thrown));
    }
  };
  return (
    <>
      <p className="webhook">
        <span className="muted">{t("signIn.redirect")}</span> <code>{data.redirectUri}</code>
        <Button look="quiet" icon="copy" onClick={() => copy(data.redirectUri)}>
          {t("common.copy")}
        </Button>
      </p>
      <p className="webhook">
        <Button look={account.state === "needs-login" ? "primary" : "plain"} icon="key" onClick={() => void go()}>
          {t("signIn.connect")}
        </Button>
      </p>
      {refused === null ? null : (
        <p className="notice notice-bad" role="alert">
          {t(`refusal.${refused}`)}
        </p>
      )}
    </>
  );
};

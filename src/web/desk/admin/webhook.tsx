import type { ReactNode } from "react";
import type { ChannelAccountView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { useWords } from "../context.ts";

/** What is pasted at the provider, each with a copy button, and whether anything has arrived over it yet. */
export const Webhook = ({
  account,
  copy,
}: {
  account: ChannelAccountView;
  copy: (text: string) => void;
}): ReactNode => {
  const { t } = useWords();
  const { webhookUrl, webhookToken } = account;
  if (webhookUrl === null) return null;
  const line = (label: string, value: string): ReactNode => (
    <p className="webhook">
      <span className="muted">{label}</span> <code>{value}</code>
      <Button look="quiet" icon="copy" onClick={() => copy(value)}>
        {t("common.copy")}
      </Button>
    </p>
  );
  return (
    <>
      {line(t("channels.webhook"), webhookUrl)}
      {webhookToken === null ? null : line(t("channels.webhookToken"), webhookToken)}
      {account.enabled && webhookToken !== null && account.lastInAt === null ? (
        <p className="muted">{t("channels.nothingYet")}</p>
      ) : null}
    </>
  );
};

import { useState, type ReactNode } from "react";
import type { ChannelAccountView } from "#wire";
import { Empty, toast } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { ChannelIcon } from "../../kit/icons.tsx";
import { channelTitle, tenantOf, useDesk, useWords } from "../context.ts";
import { Load } from "../query.tsx";
import { useAccountWords } from "./account-words.ts";
import { AutoReplyButton } from "./auto-reply.tsx";
import { channelsPath } from "./paths.ts";
import { SignIn, SignInOutcome } from "./sign-in.tsx";
import { Webhook } from "./webhook.tsx";
import { ChannelForm } from "./channel-form.tsx";
import { ChannelLink } from "./channel-link.tsx";

/** In one word; an account that works and yet needs somebody is no good news. */
const Health = ({ account }: { account: ChannelAccountView }): ReactNode => {
  const { t } = useWords();
  const { enabled, state, stateText } = account;
  if (!enabled) return <span className="health health-stopped">{t("channels.off")}</span>;
  const warned = state === "online" && stateText !== "";
  return (
    <span className={warned ? "health health-warning" : `health health-${state}`}>
      {t(warned ? "channelState.warning" : `channelState.${state}`)}
    </span>
  );
};

/** Every channel account with its health in words. */
export const Channels = (): ReactNode => {
  const { t, maybe, dateTime, compare } = useWords();
  const { told } = useAccountWords();
  const { boot } = useDesk();
  const [edited, setEdited] = useState<ChannelAccountView | "new" | null>(null);
  const moment = (at: string | null) => (at === null ? t("channels.never") : dateTime(at));
  const copy = (text: string) =>
    void navigator.clipboard.writeText(text).then(
      () => toast({ text: t("common.copied") }),
      () => toast({ text: text, ms: 20_000 }),
    );
  return (
    <>
      <div className="toolbar">
        <Button look="primary" icon="plus" onClick={() => setEdited("new")}>
          {t("channels.add")}
        </Button>
      </div>
      <SignInOutcome />
      <Load<{ channels: readonly ChannelAccountView[] }> path={channelsPath} everyMs={10_000}>
        {({ channels }) =>
          channels.length === 0 ? (
            <Empty icon="inbox" title={t("channels.none")} />
          ) : (
            <ul className="accounts">
              {channels
                .toSorted(
                  (a, b) =>
                    compare(tenantOf(boot, a.tenantId)?.name ?? "", tenantOf(boot, b.tenantId)?.name ?? "") ||
                    compare(a.name, b.name),
                )
                .map((account) => (
                  <li key={account.id} className="card account">
                    <div className="account-head">
                      <span
                        className="row-stripe"
                        style={{ background: tenantOf(boot, account.tenantId)?.color ?? "transparent" }}
                      />
                      <ChannelIcon
                        kind={account.kind}
                        title={channelTitle({ boot, maybe, kind: account.kind })}
                        size={18}
                      />
                      <div className="account-name">
                        <h2>{account.name}</h2>
                        <p className="muted">
                          {tenantOf(boot, account.tenantId)?.name}
                          {account.address === "" ? "" : ` · ${account.address}`}
                        </p>
                      </div>
                      <Health account={account} />
                      <AutoReplyButton account={account} />
                      <Button onClick={() => setEdited(account)}>{t("common.edit")}</Button>
                    </div>
                    {account.stateText === "" ? null : <p className="account-says">{told(account.stateText)}</p>}
                    {account.lastError === "" || account.lastError === account.stateText ? null : (
                      <p className="account-error">
                        <strong>{t("channels.lastError")}</strong> {told(account.lastError)}
                      </p>
                    )}
                    <dl className="facts">
                      <div>
                        <dt>{t("channels.lastIn")}</dt>
                        <dd>{moment(account.lastInAt)}</dd>
                      </div>
                      <div>
                        <dt>{t("channels.lastOut")}</dt>
                        <dd>{moment(account.lastOutAt)}</dd>
                      </div>
                      <div>
                        <dt>{t("channels.since")}</dt>
                        <dd>{dateTime(account.stateAt)}</dd>
                      </div>
                    </dl>
                    <ChannelLink account={account} />
                    <SignIn account={account} copy={copy} />
                    <Webhook account={account} copy={copy} />
                    {account.config["webCalls"] === true ? (
                      <p className="webhook">
                        <span className="muted">{t("phone.line.id")}</span> <code>{account.id}</code>
                        <Button look="quiet" icon="copy" onClick={() => copy(account.id)}>
                          {t("common.copy")}
                        </Button>
                      </p>
                    ) : null}
                    {account.embed === null ? null : (
                      <p className="webhook">
                        <span className="muted">{t("channels.embed")}</span> <code>{account.embed}</code>
                        <Button look="quiet" icon="copy" onClick={() => copy(account.embed ?? "")}>
                          {t("common.copy")}
                        </Button>
                      </p>
                    )}
                  </li>
                ))}
            </ul>
          )
        }
      </Load>
      {edited === null ? null : (
        <ChannelForm account={edited === "new" ? null : edited} onClose={() => setEdited(null)} />
      )}
    </>
  );
};

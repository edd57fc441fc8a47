import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import type { ChannelAccountView, ChannelLink as LinkNow } from "#wire";
import { Skeleton } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Refused, refusalOf } from "../../state/refused.ts";
import { useDesk, useWords } from "../context.ts";
import { useAccountWords } from "./account-words.ts";
import { channelsPath } from "./paths.ts";

const QrCode = lazy(() => import("./qr.tsx"));
/** A code lives for about 20 s; a scan shows at once. */
const everyMs = 1_500;

type Act = (what: "reconnect" | "logout" | "code") => void;

const Code = ({ now }: { now: LinkNow }): ReactNode => {
  const { t } = useWords();
  if (now.code !== null)
    return (
      <div className="link-code">
        <p>{t("link.howCode")}</p>
        <p className="link-typed">{`${now.code.slice(0, 4)}-${now.code.slice(4)}`}</p>
      </div>
    );
  if (now.qr === null) return null;
  return (
    <div className="link-code">
      <p>{t("link.how")}</p>
      <Suspense fallback={<Skeleton lines={6} />}>
        <QrCode text={now.qr} label={t("link.qr")} />
      </Suspense>
      <p className="muted">{t("link.fresh")}</p>
    </div>
  );
};

const good = new Set<LinkNow["phase"]>(["ready"]);
const moving = new Set<LinkNow["phase"]>(["starting", "linking"]);
const lookOf = (phase: LinkNow["phase"]): string =>
  good.has(phase) ? "health-online" : moving.has(phase) ? "health-connecting" : "health-needs-login";

const Facts = ({ now }: { now: LinkNow }): ReactNode => {
  const { t, dateTime, bytes } = useWords();
  const facts: readonly (readonly [string, string])[] = [
    ...(now.linked === null ? [] : [[t("link.number"), `+${now.linked.split("@")[0] ?? ""}`] as const]),
    [t("link.since"), dateTime(now.since)],
    ...(now.memoryBytes === null ? [] : [[t("link.memory"), bytes(now.memoryBytes)] as const]),
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
};

const Actions = ({ now, busy, act }: { now: LinkNow; busy: boolean; act: Act }): ReactNode => {
  const { t } = useWords();
  const [sure, setSure] = useState(false);
  const waits = now.phase === "waiting" || now.phase === "off";
  const linked = now.phase === "ready" || now.phase === "degraded";
  return (
    <div className="form-actions">
      {now.phase === "code" && now.code === null ? (
        <Button disabled={busy} onClick={() => act("code")}>
          {t("link.useCode")}
        </Button>
      ) : null}
      <span className="spacer" />
      {linked ? (
        <Button
          look="danger"
          disabled={busy}
          onClick={() => {
            if (sure) act("logout");
            setSure(!sure);
          }}
        >
          {t(sure ? "link.logoutSure" : "link.logout")}
        </Button>
      ) : null}
      <Button look={waits ? "primary" : "plain"} disabled={busy} onClick={() => act("reconnect")}>
        {t(waits ? "link.connect" : "link.reconnect")}
      </Button>
    </div>
  );
};

const Live = ({ account }: { account: ChannelAccountView }): ReactNode => {
  const { t } = useWords();
  const { told } = useAccountWords();
  const { api } = useDesk();
  const queries = useQueryClient();
  const path = `${channelsPath}/${account.id}/link`;
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const query = useQuery({
    queryKey: [path],
    queryFn: () => api.get<LinkNow>(path),
    refetchInterval: everyMs,
    // A code is gone from the browser's memory with the dialog.
    gcTime: 0,
    staleTime: 0,
  });
  const act: Act = (what) => {
    setBusy(true);
    setFailed(null);
    api
      .send<LinkNow>("POST", path, { do: what })
      .then((now) => queries.setQueryData([path], now))
      .catch((thrown: unknown) => {
        const why = thrown instanceof Refused ? told(thrown.message) : t(`refusal.${refusalOf(thrown)}`);
        setFailed(t("link.failed", { why }));
      })
      .finally(() => setBusy(false));
  };
  const now = query.data;
  const phase = now?.phase;
  // The list behind the dialog shows the same account.
  useEffect(() => {
    if (phase !== undefined) void queries.invalidateQueries({ queryKey: [channelsPath] });
  }, [phase, queries]);
  if (query.isError && now === undefined)
    return (
      <p className="notice notice-bad" role="alert">
        {refusalOf(query.error) === "unavailable" ? t("link.nobody") : t(`refusal.${refusalOf(query.error)}`)}
      </p>
    );
  if (now === undefined) return <Skeleton lines={6} />;
  return (
    <div className="form">
      <p aria-live="polite">
        <span className={`health ${lookOf(now.phase)}`}>{t(`link.phase.${now.phase}`)}</span>{" "}
        {now.says === "" || now.phase === "code" ? null : told(now.says)}
      </p>
      <Code now={now} />
      <Facts now={now} />
      {failed === null ? null : (
        <p className="notice notice-bad" role="alert">
          {failed}
        </p>
      )}
      <p className="notice notice-warn">{t("link.risk")}</p>
      <Actions now={now} busy={busy} act={act} />
    </div>
  );
};

/** For accounts that work through a phone: how the link stands, live, and what can be done with it. */
export const ChannelLink = ({ account }: { account: ChannelAccountView }): ReactNode => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  if (!account.linkable || !account.enabled) return null;
  return (
    <p className="webhook">
      <Button look={account.state === "needs-login" ? "primary" : "plain"} icon="phone" onClick={() => setOpen(true)}>
        {t(account.state === "needs-login" ? "link.connect" : "link.open")}
      </Button>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title={t("link.title", { name: account.name })}
        closeLabel={t("common.close")}
      >
        {open ? <Live account={account} /> : null}
      </Dialog>
    </p>
  );
};

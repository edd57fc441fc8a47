import type { ReactNode } from "react";
import { Link } from "wouter";
import type { PhoneCall } from "#wire";
import { useSeconds, useValue } from "../../kit/bits.tsx";
import { Button, Menu } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import type { Phone } from "../../state/phone.ts";
import { explain } from "../actions.ts";
import { tenantOf, useDesk, useWords } from "../context.ts";
import { CallControls } from "./controls.tsx";
import { dialWish, lasted, whoCalls } from "./words.ts";

/** One line on top of everything: how the phone stands, and the call that runs. */
export const CallBar = ({ phone, onShift }: { phone: Phone; onShift: () => void }): ReactNode => {
  const { t } = useWords();
  const calls = useValue(phone.calls);
  const call = calls.find(({ state }) => state !== "ringing" && state !== "wrapup" && state !== "ended");
  return (
    <section className={call === undefined ? "call-bar" : `call-bar call-${call.state}`} aria-label={t("phone.bar")}>
      {call === undefined ? <Idle phone={phone} onShift={onShift} /> : <Running phone={phone} call={call} />}
    </section>
  );
};

const Idle = ({ phone, onShift }: { phone: Phone; onShift: () => void }): ReactNode => {
  const { t } = useWords();
  const { boot } = useDesk();
  const { at, media, ready, why } = useValue(phone.state);
  const take = (force: boolean): void => void phone.start(force).catch(explain);
  if (at !== "on")
    return (
      <>
        <Icon name="phone" />
        <span className="call-says" role="status">
          {t(`phone.at.${at}`)}
        </span>
        {at === "elsewhere" ? <Button onClick={() => take(true)}>{t("phone.takeOver")}</Button> : null}
        {at === "off" || at === "blocked" ? (
          <Button look="primary" onClick={onShift}>
            {t("phone.startShift")}
          </Button>
        ) : null}
      </>
    );
  const says = media === "connected" ? (ready ? "ready" : (why ?? "break")) : media === "lost" ? "lost" : "connecting";
  const [tenant] = boot.tenants;
  return (
    <>
      <Menu
        trigger={
          <button type="button" className={`ready-pill ready-${media === "connected" && ready ? "yes" : "no"}`}>
            <span className="ready-dot" aria-hidden="true" />
            {t(`phone.state.${says}`)}
            <Icon name="down" size={13} />
          </button>
        }
        entries={[
          {
            label: t("phone.state.ready"),
            checked: ready,
            disabled: media !== "connected",
            run: () => void phone.setReady(true).catch(explain),
          },
          { label: t("phone.state.break"), checked: !ready, run: () => void phone.setReady(false).catch(explain) },
          "line",
          { label: t("phone.devices"), run: onShift },
          { label: t("phone.stop"), icon: "exit", run: () => void phone.stop().catch(explain) },
        ]}
      />
      <span className="hidden" role="status">
        {t(`phone.state.${says}`)}
      </span>
      <span className="call-space" />
      {tenant === undefined ? null : (
        <Button icon="phone" onClick={() => dialWish.set({ tenantId: tenant.id, to: "" })}>
          {t("phone.dial")}
        </Button>
      )}
    </>
  );
};

const Running = ({ phone, call }: { phone: Phone; call: PhoneCall }): ReactNode => {
  const { t } = useWords();
  const { boot } = useDesk();
  const now = useSeconds();
  const { media } = useValue(phone.state);
  const tenant = tenantOf(boot, call.tenantId);
  const who = whoCalls(call, t("phone.withheld"));
  return (
    <>
      <span className="call-tenant" style={{ background: tenant?.color }} aria-hidden="true" />
      <p className="call-who">
        {call.conversationId === null ? (
          <strong>{who}</strong>
        ) : (
          <Link href={`/inbox/mine/${call.conversationId}`}>
            <strong>{who}</strong>
          </Link>
        )}
        <span className="muted">
          {tenant?.name} · {t(`phone.call.${call.state}`)}
          {call.other === null ? "" : ` · ${call.other.name} (${t(`phone.other.${call.other.state}`)})`}
        </span>
      </p>
      <time className="call-time" aria-label={t("phone.duration")}>
        {lasted(now - Date.parse(call.answeredAt ?? call.since))}
      </time>
      <span className={`call-recording recording-${call.recording}`}>{t(`phone.recording.${call.recording}`)}</span>
      {media === "connected" ? null : (
        <span className="call-lost" role="alert">
          {t("phone.state.lost")}
        </span>
      )}
      <span className="call-space" />
      <CallControls phone={phone} call={call} />
    </>
  );
};

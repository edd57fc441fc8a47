import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { useNow, useValue } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Check, Select } from "../../kit/field.tsx";
import type { Alert } from "../../state/alerts.ts";
import { tenantOf, useDesk, useWords } from "../context.ts";
import { play, sounds } from "./sound.ts";
import { wish, wishes } from "./wishes.ts";

const permission = (): NotificationPermission =>
  typeof Notification === "undefined" ? "denied" : Notification.permission;

/** Everything an agent was told of, and how they want to be told. */
const Panel = ({ shown, onClose }: { shown: readonly Alert[]; onClose: () => void }): ReactNode => {
  const { t, short } = useWords();
  const { boot, alerts } = useDesk();
  const [, go] = useLocation();
  const now = useNow();
  const { sound, volume, unassigned } = useValue(wishes);
  const [allowed, setAllowed] = useState(permission);
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("alerts.title")}
      closeLabel={t("common.close")}
      actions={
        shown.some((alert) => !alert.seen) ? <Button onClick={alerts.seeAll}>{t("alerts.seeAll")}</Button> : undefined
      }
    >
      {shown.length === 0 ? <p className="muted">{t("alerts.none")}</p> : null}
      <ul className="alerts">
        {shown.map((alert) => (
          <li key={alert.conversationId}>
            <button
              type="button"
              className={alert.seen ? "alert" : "alert alert-new"}
              onClick={() => {
                alerts.see(alert.conversationId);
                onClose();
                go(`/inbox/${alert.mine ? "mine" : "unassigned"}/${alert.conversationId}`);
              }}
            >
              <span className="dot" style={{ background: tenantOf(boot, alert.tenantId)?.color ?? "transparent" }} />
              <span className="alert-name">{alert.name === "" ? t("contact.anonymous") : alert.name}</span>
              <span className="muted">{tenantOf(boot, alert.tenantId)?.name}</span>
              <time dateTime={alert.at}>{short(alert.at, now)}</time>
            </button>
          </li>
        ))}
      </ul>
      <div className="form alert-wishes">
        <Select
          label={t("alerts.sound")}
          value={sound}
          onValue={(next) => {
            const chosen = sounds.find((one) => one === next);
            wish({ sound: chosen ?? "off" });
            if (chosen !== undefined) play(chosen, volume);
          }}
          choices={[...sounds, "off" as const].map((value) => ({ value, label: t(`alerts.sound.${value}`) }))}
        />
        <label className="field">
          <span>{t("alerts.volume")}</span>
          <input
            type="range"
            min={0}
            max={1}
            step={0.1}
            value={volume}
            disabled={sound === "off"}
            onChange={(event) => wish({ volume: Number(event.target.value) })}
            onPointerUp={() => sound !== "off" && play(sound, volume)}
          />
        </label>
        <Check label={t("alerts.unassigned")} checked={unassigned} onChecked={(on) => wish({ unassigned: on })} />
        {allowed === "default" ? (
          <Button onClick={() => void Notification.requestPermission().then(setAllowed)}>{t("alerts.allow")}</Button>
        ) : (
          <p className="muted">{t(allowed === "granted" ? "alerts.allowed" : "alerts.denied")}</p>
        )}
      </div>
    </Dialog>
  );
};
export default Panel;

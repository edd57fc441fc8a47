import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import { useValue } from "../../kit/bits.tsx";
import { Hint } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import { tenantOf, useDesk, useWords } from "../context.ts";
import { play } from "./sound.ts";
import { wishes } from "./wishes.ts";

const Panel = lazy(() => import("./panel.tsx"));

/** News from customers: counted here and in the tab's title, heard, and told by the system when the tab is hidden. */
export const Bell = (): ReactNode => {
  const { t } = useWords();
  const { boot, alerts } = useDesk();
  const list = useValue(alerts.list);
  const { unassigned } = useValue(wishes);
  const [open, setOpen] = useState(false);
  const shown = list.filter((alert) => alert.mine || unassigned);
  const count = shown.filter((alert) => !alert.seen).length;

  useEffect(() => {
    document.title = count === 0 ? "Linka" : `(${count}) Linka`;
  }, [count]);
  useEffect(
    () =>
      alerts.onNew((alert) => {
        const { sound, volume, unassigned: others } = wishes.get();
        if (!alert.mine && !others) return;
        if (sound !== "off") play(sound, volume);
        if (!document.hidden || typeof Notification === "undefined" || Notification.permission !== "granted") return;
        // Who, and for which client; never what was said: it would stand on a screen that others see.
        const tenant = tenantOf(boot, alert.tenantId)?.name ?? "";
        const news = new Notification(alert.name === "" ? t("contact.anonymous") : alert.name, {
          body: tenant,
          tag: alert.conversationId,
          silent: true,
        });
        news.addEventListener("click", () => focus());
      }),
    [alerts, boot, t],
  );

  return (
    <>
      <Hint text={t("alerts.title")}>
        <button
          type="button"
          className="icon-button rail-link bell"
          aria-label={count === 0 ? t("alerts.title") : t("alerts.count", { n: count })}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <Icon name="bell" size={20} />
          {count === 0 ? null : (
            <span className="badge bell-count" aria-hidden="true">
              {count}
            </span>
          )}
        </button>
      </Hint>
      {open ? (
        <Suspense>
          <Panel shown={shown} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  );
};

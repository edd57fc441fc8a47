import { useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { Link, useLocation, useRoute } from "wouter";
import { Avatar, useSeconds, useValue } from "../kit/bits.tsx";
import { Hint, IconButton, Menu } from "../kit/controls.tsx";
import { Icon, type IconName } from "../kit/icons.tsx";
import { explain } from "./actions.ts";
import { Bell } from "./alerts/bell.tsx";
import { useDesk, useWords } from "./context.ts";
import { setTheme, theme } from "./settings.ts";
import { useTroubled } from "./troubled.ts";

const RailLink = ({
  href,
  base,
  icon,
  label,
  keys,
  alarm = 0,
}: {
  href: string;
  base: string;
  icon: IconName;
  label: string;
  keys?: string;
  /** How much behind the link waits for somebody. */
  alarm?: number;
}): ReactNode => {
  const { t } = useWords();
  const [location] = useLocation();
  const here = location.startsWith(base);
  return (
    <Hint text={label} keys={keys}>
      <Link
        href={href}
        className={here ? "rail-link rail-here" : "rail-link"}
        aria-label={alarm === 0 ? label : `${label}. ${t("channels.needLook")}: ${alarm}`}
        {...(here ? { "aria-current": "page" as const } : {})}
      >
        <Icon name={icon} size={20} />
        {alarm === 0 ? null : <span className="rail-alarm">{alarm}</span>}
      </Link>
    </Hint>
  );
};

export const Rail = ({
  admin,
  onPalette,
  onBegin,
  onShortcuts,
}: {
  admin: boolean;
  onPalette: () => void;
  onBegin: () => void;
  onShortcuts: () => void;
}): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  const [, go] = useLocation();
  const look = useValue(theme);
  const [inConversation] = useRoute("/inbox/:view/:id");
  const me = desk.boot.me;
  const troubled = useTroubled(admin);
  return (
    <nav className={inConversation ? "rail rail-in-conversation" : "rail"} aria-label={t("shell.main")}>
      <img className="rail-brand" src="/linka.svg" alt="Linka" width={28} height={28} />
      <RailLink href="/inbox/mine" base="/inbox" icon="inbox" label={t("shell.inbox")} keys="g m" />
      <RailLink href="/contacts" base="/contacts" icon="contacts" label={t("shell.contacts")} keys="g k" />
      {admin ? (
        <RailLink href="/admin/channels" base="/admin" icon="settings" label={t("shell.admin")} alarm={troubled} />
      ) : null}
      <span className="rail-space" />
      <Bell />
      <IconButton icon="pen" label={t("begin.title")} keys="g n" className="rail-link" onClick={onBegin} />
      <IconButton icon="search" label={t("shell.palette")} keys="mod+k" className="rail-link" onClick={onPalette} />
      <Menu
        heading={me.name}
        trigger={
          <button type="button" className="rail-me">
            <Avatar id={me.id} name={me.name} />
            <span className="hidden">{t("shell.account", { name: me.name })}</span>
          </button>
        }
        entries={[
          { label: t("shell.profile"), icon: "user", keys: "g p", run: () => go("/profile") },
          { label: t("shell.shortcuts"), icon: "key", keys: "?", run: onShortcuts },
          "line",
          ...(["system", "light", "dark"] as const).map((one) => ({
            label: t(`theme.${one}`),
            checked: one === look,
            run: () => setTheme(one),
          })),
          "line",
          {
            label: t("shell.logout"),
            icon: "exit",
            run: () =>
              void desk.api.logout().then(
                () => location.assign("/"),
                (thrown: unknown) => explain(thrown),
              ),
          },
        ]}
      />
    </nav>
  );
};

/** Tells the truth about the line, but not before 1.5 s: a blink is not worth a word. */
export const Banner = (): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  const link = useValue(desk.session.link);
  const now = useSeconds();
  const waiting = useSyncExternalStore(desk.outbox.subscribeAll, desk.outbox.waiting);
  const [netless, setNetless] = useState(!navigator.onLine);
  useEffect(() => {
    const look = () => setNetless(!navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  const late = link.state !== "online" && link.state !== "ended" && now - link.since > 1_500;
  const says = !late
    ? null
    : link.state === "catching-up"
      ? t("banner.catchingUp")
      : netless
        ? t("banner.offline")
        : link.state === "connecting"
          ? t("banner.connecting")
          : t("banner.lost");
  return (
    <div className="banner-slot" role="status">
      {says === null ? null : (
        <p className="banner">
          <Icon name="warning" />
          <span>{says}</span>
          {waiting === 0 ? null : <strong>{t("banner.waiting", { n: waiting })}</strong>}
        </p>
      )}
    </div>
  );
};

import { lazy, Suspense, useCallback, useEffect, useState, type ReactNode } from "react";
import { io } from "socket.io-client";
import type { Boot } from "#wire";
import { asLocale, speak } from "../i18n/index.ts";
import { Empty, useValue } from "../kit/bits.tsx";
import { Button } from "../kit/controls.tsx";
import { createApi } from "../state/api.ts";
import { createDesk, type Desk } from "../state/desk.ts";
import { refusalOf } from "../state/refused.ts";
import type { Line } from "../state/session.ts";
import { App } from "./app.tsx";
import { DeskContext, useWords } from "./context.ts";
import { rememberLocale } from "./settings.ts";

// Who is logged in never sees it.
const Login = lazy(async () => ({ default: (await import("./login.tsx")).Login }));

const api = createApi();

const openLine = (): Line =>
  io({
    transports: ["websocket"],
    autoConnect: false,
    reconnectionDelay: 400,
    reconnectionDelayMax: 5_000,
  }) as unknown as Line;

const flushSoon = (flush: () => void): void => {
  // a hidden tab gets no animation frames
  if (document.hidden) setTimeout(flush, 1_000);
  else requestAnimationFrame(flush);
};

type Stage =
  | { readonly at: "loading" }
  | { readonly at: "unreachable" }
  | { readonly at: "login"; readonly why: "expired" | "logged-out" | "revoked" | null }
  | { readonly at: "desk"; readonly desk: Desk };

/** Decides what is on the screen: the login, the desk, or why neither. */
export const Start = (): ReactNode => {
  const { t } = useWords();
  const [stage, setStage] = useState<Stage>({ at: "loading" });

  const begin = useCallback(async () => {
    let boot: Boot;
    try {
      boot = await api.boot();
    } catch (thrown) {
      setStage(refusalOf(thrown) === "unauthorized" ? { at: "login", why: null } : { at: "unreachable" });
      return;
    }
    const locale = asLocale(boot.me.locale);
    if (locale !== null) {
      rememberLocale(locale);
      await speak(locale);
    }
    const desk = createDesk({
      boot,
      api,
      line: openLine(),
      now: () => Date.now(),
      schedule: flushSoon,
      key: () => crypto.randomUUID(),
      onRights: () => void begin(),
      looking: (id) => !document.hidden && location.pathname.endsWith(`/${id}`),
    });
    setStage((before) => {
      if (before.at === "desk") before.desk.stop();
      return { at: "desk", desk };
    });
    desk.session.start();
  }, []);

  useEffect(() => {
    void begin();
  }, [begin]);

  if (stage.at === "loading") return <div className="splash" aria-busy="true" />;
  if (stage.at === "unreachable")
    return (
      <main className="splash">
        <Empty icon="warning" title={t("start.unreachable")}>
          <Button look="primary" onClick={() => void begin()}>
            {t("common.tryAgain")}
          </Button>
        </Empty>
      </main>
    );
  if (stage.at === "login")
    return (
      <Suspense>
        <Login api={api} why={stage.why} onDone={() => void begin()} />
      </Suspense>
    );
  return (
    <DeskContext value={stage.desk}>
      <Ended desk={stage.desk} onEnd={(why) => setStage({ at: "login", why })} />
      <App />
    </DeskContext>
  );
};

/** Leaves the desk when the session ends, and saves drafts when the tab is hidden or closed. */
const Ended = ({
  desk,
  onEnd,
}: {
  desk: Desk;
  onEnd: (why: "expired" | "logged-out" | "revoked") => void;
}): ReactNode => {
  const link = useValue(desk.session.link);
  useEffect(() => {
    if (link.state !== "ended") return;
    desk.stop();
    onEnd(link.reason);
  }, [link, desk, onEnd]);
  useEffect(() => {
    const hide = () => {
      if (document.hidden) desk.drafts.flush();
    };
    const leaving = (event: BeforeUnloadEvent) => {
      desk.drafts.flush();
      if (desk.outbox.waiting() > 0) event.preventDefault();
    };
    document.addEventListener("visibilitychange", hide);
    addEventListener("beforeunload", leaving);
    return () => {
      document.removeEventListener("visibilitychange", hide);
      removeEventListener("beforeunload", leaving);
    };
  }, [desk]);
  return null;
};

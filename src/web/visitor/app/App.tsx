/** @jsxImportSource preact */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Call } from "./call.ts";
import type { CallBar } from "./CallBar.tsx";
import type { Chat } from "./chat.ts";
import { readableIn, readableOn } from "./color.ts";
import { Composer } from "./Composer.tsx";
import { FirstForm, LeaveMessage } from "./Forms.tsx";
import { Header } from "./Header.tsx";
import { Log } from "./Log.tsx";
import { News } from "./News.tsx";
import type { Look } from "./protocol.ts";
import { type State, useStore } from "./state.ts";
import type { Texts } from "./texts/index.ts";

/** Surfaces of style.css: what the account's colour must be readable on. */
const surfaces = { light: "#ffffff", dark: "#161a1d" };

const paint = ({ color }: Look): void => {
  const style = document.documentElement.style;
  style.setProperty("--accent", color);
  style.setProperty("--on-accent", readableOn(color));
  style.setProperty("--ink-light", readableIn(color, surfaces.light, "#000000"));
  style.setProperty("--ink-dark", readableIn(color, surfaces.dark, "#ffffff"));
};

const bannerAfterMs = 1500;

const Banner = ({ state, texts }: { state: State; texts: Texts }) => {
  const [late, setLate] = useState(false);
  const down = state.phase === "chat" && !state.up;
  useEffect(() => {
    setLate(false);
    if (!down) return undefined;
    const timer = setTimeout(() => setLate(true), bannerAfterMs);
    return () => clearTimeout(timer);
  }, [down, state.downSince]);
  return (
    <p class="banner" role="status" hidden={!(down && late)}>
      {down && late ? texts.t(state.look ? "reconnecting" : "connecting") : ""}
    </p>
  );
};

export interface Telephone {
  readonly call: Call;
  readonly Bar: typeof CallBar;
}

interface Props {
  readonly chat: Chat;
  /** Loads the telephone. */
  readonly openCall: () => Promise<Telephone>;
  readonly texts: Texts;
  readonly close: () => void;
  readonly leave: (url: string) => void;
}

export const App = ({ chat, openCall, texts, close, leave }: Props) => {
  const state = useStore(chat);
  const [telephone, setTelephone] = useState<Telephone | null>(null);
  const [dragged, setDragged] = useState(false);
  const escaped = useRef(0);
  const main = useRef<HTMLElement>(null);
  const { look, phase } = state;
  const quickExit = look?.quickExitUrl ?? "";

  useEffect(() => {
    if (look) paint(look);
  }, [look?.color]);
  useEffect(() => {
    if (state.open) main.current?.querySelector<HTMLElement>("[data-first]")?.focus();
  }, [state.open, phase, look === null, state.form.length > 0]);

  const keys = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const twice = event.timeStamp - escaped.current < 600;
    escaped.current = event.timeStamp;
    if (quickExit && twice) leave(quickExit);
    else if (!quickExit) close();
  };
  const dial = async (): Promise<void> => {
    if (!look?.call) return;
    const opened = telephone ?? (await openCall());
    setTelephone(opened);
    await opened.call.start(look.call.line, look.call.session);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setDragged(false);
    for (const file of event.dataTransfer?.files ?? []) chat.attach(file);
  };

  const talks = phase === "chat" && look !== null && state.form.length === 0;
  const leaves = talks && !look.open && state.lines.length === 0;
  return (
    <main
      ref={main}
      class={dragged ? "dragged" : ""}
      data-drop={texts.t("dropped")}
      onKeyDown={keys}
      onDragOver={(event) => {
        event.preventDefault();
        setDragged(talks);
      }}
      onDragLeave={() => setDragged(false)}
      onDrop={drop}
    >
      <Header
        {...{ state, texts, close, chat }}
        dial={() => void dial()}
        leave={quickExit ? () => leave(quickExit) : undefined}
      />
      {telephone && <telephone.Bar call={telephone.call} texts={texts} />}
      <Banner state={state} texts={texts} />
      {phase === "refused" && <p class="note">{texts.t("refused")}</p>}
      {phase === "ended" && (
        <div class="note">
          <p>{texts.t("ended")}</p>
          <button type="button" class="primary" data-first onClick={() => chat.again()}>
            {texts.t("again")}
          </button>
        </div>
      )}
      {phase === "chat" && look === null && <div class="empty" aria-hidden="true" />}
      {phase === "chat" && look !== null && state.form.length > 0 && <FirstForm {...{ chat, state, texts, look }} />}
      {leaves && <LeaveMessage {...{ chat, texts, look }} />}
      {talks && !leaves && (
        <>
          <Log {...{ chat, state, texts, look }} />
          <Composer {...{ chat, texts, look }} />
        </>
      )}
      <News lines={state.lines} typing={state.typing} texts={texts} operator={look?.agentName ?? ""} />
    </main>
  );
};

/** @jsxImportSource preact */
import { useLayoutEffect, useRef } from "preact/hooks";
import { Bubble } from "./Bubble.tsx";
import type { Chat } from "./chat.ts";
import { Avatar } from "./Header.tsx";
import type { Line } from "./lines.ts";
import type { Look } from "./protocol.ts";
import type { State } from "./state.ts";
import type { Texts } from "./texts/index.ts";

const together = 5 * 60_000;
/** Pixels from the end that still count as reading the end. */
const nearEnd = 60;

const sameDay = (a: number, b: number): boolean => new Date(a).toDateString() === new Date(b).toDateString();
const joined = (a: Line | undefined, b: Line): boolean =>
  a !== undefined &&
  a.from === b.from &&
  a.author.name === b.author.name &&
  b.at - a.at < together &&
  sameDay(a.at, b.at);

interface Props {
  readonly chat: Chat;
  readonly state: State;
  readonly texts: Texts;
  readonly look: Look;
}

/** What stands under the visitor's newest line. */
const ownState = ({ lines, agentRead, up }: State): "read" | "stored" | "sending" | "waiting" | undefined => {
  const own = lines.findLastIndex(({ from, state }) => from === "visitor" && state !== "failed");
  const line = lines[own];
  if (!line) return undefined;
  if (line.state === "sending") return up ? "sending" : "waiting";
  const readTo = lines.findIndex(({ key }) => key === agentRead);
  const answered = lines.slice(own + 1).some(({ from }) => from === "agent");
  return readTo >= own || answered ? "read" : "stored";
};

export const Log = ({ chat, state, texts, look }: Props) => {
  const box = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  const { lines } = state;
  const lastOwn = lines.findLast(({ from, state }) => from === "visitor" && state !== "failed")?.key;
  const first = lines[0]?.key;
  const shownFirst = useRef(first);
  const shownOwn = useRef(lastOwn);
  const atEnd = useRef(true);

  // Whoever reads the end sees new lines; whoever reads above is left there, also when older lines come on top.
  useLayoutEffect(() => {
    const log = box.current;
    if (!log) return;
    const older = shownFirst.current !== undefined && first !== shownFirst.current;
    const wrote = lastOwn !== shownOwn.current;
    shownFirst.current = first;
    shownOwn.current = lastOwn;
    if (older) log.scrollTop += log.scrollHeight - height.current;
    else if (atEnd.current || wrote) log.scrollTop = log.scrollHeight;
    height.current = log.scrollHeight;
  }, [lines, state.typing]);
  const scrolled = (log: HTMLElement): void => {
    atEnd.current = log.scrollHeight - log.scrollTop - log.clientHeight < nearEnd;
  };
  const grown = (log: HTMLElement): void => {
    if (atEnd.current) log.scrollTop = log.scrollHeight;
    height.current = log.scrollHeight;
  };

  const agent = lines.findLast(({ from }) => from === "agent")?.author;
  const operator = agent?.name || look.agentName || texts.t("operator");
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard
    <div
      class="log"
      ref={box}
      role="log"
      aria-live="off"
      aria-label={texts.t("log")}
      tabIndex={0}
      onScroll={(event) => scrolled(event.currentTarget)}
      onLoadCapture={(event) => grown(event.currentTarget)}
    >
      {state.older && (
        <button type="button" class="quiet" onClick={() => void chat.loadOlder().catch(() => {})}>
          {texts.t("older")}
        </button>
      )}
      {!state.older && (
        <p class={lines.length === 0 ? "greeting alone" : "greeting"}>{look.greeting || texts.t("greeting")}</p>
      )}
      {lines.map((line, index) => {
        const before = lines[index - 1];
        const next = lines[index + 1];
        const starts = !joined(before, line);
        const ends = next === undefined || !joined(line, next);
        return (
          <div key={line.key}>
            {(!before || !sameDay(before.at, line.at)) && <p class="day">{texts.day(line.at)}</p>}
            <div class={`row ${line.from}${starts ? " starts" : ""}${ends ? " ends" : ""}`}>
              {line.from === "agent" && (ends ? <Avatar author={line.author} /> : <span class="avatar gap" />)}
              <Bubble
                {...{ chat, line, texts, look, starts, ends }}
                own={line.key === lastOwn ? ownState(state) : undefined}
              />
            </div>
          </div>
        );
      })}
      {!look.open && lines.length > 0 && <p class="greeting">{look.offlineText || texts.t("left")}</p>}
      {state.typing && (
        <div class="row agent starts ends">
          <Avatar author={agent ?? { name: operator }} />
          <p class="dots">
            <span class="unseen">{texts.t("typing", { name: operator })}</span>
            <i />
            <i />
            <i />
          </p>
        </div>
      )}
    </div>
  );
};

/** @jsxImportSource preact */
import { useState } from "preact/hooks";
import type { Chat } from "./chat.ts";
import { Icon } from "./Icon.tsx";
import type { State } from "./state.ts";
import type { Texts } from "./texts/index.ts";

/** A picture that does not load leaves the first letters. */
export const Avatar = ({ author }: { author: { readonly name: string; readonly avatarUrl?: string } }) => {
  const [broken, setBroken] = useState(false);
  const letters = author.name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => /^./u.exec(word)?.[0] ?? "")
    .join("");
  return author.avatarUrl && !broken ? (
    <img class="avatar" src={author.avatarUrl} alt="" onError={() => setBroken(true)} />
  ) : (
    <span class="avatar" aria-hidden="true">
      {letters.toUpperCase()}
    </span>
  );
};

interface Props {
  readonly state: State;
  readonly texts: Texts;
  readonly chat: Chat;
  readonly dial: () => void;
  readonly close: () => void;
  readonly leave: (() => void) | undefined;
}

export const Header = ({ state, texts, chat, dial, close, leave }: Props) => {
  const { look } = state;
  const answered = state.lines.findLast(({ from }) => from === "agent")?.author;
  const title = answered?.name || look?.title || texts.t("title");
  const under = answered && look?.title ? look.title : texts.t(look?.open === false ? "closed" : "open");
  return (
    <header>
      <Avatar author={answered?.name ? answered : { name: look?.agentName || title }} />
      <div class="who">
        <h1>{title}</h1>
        <p class={look?.open === false ? "" : "on"}>{look ? under : ""}</p>
      </div>
      {leave && (
        <button
          type="button"
          class="icon exit"
          onClick={leave}
          title={texts.t("exitHint")}
          aria-label={texts.t("exit")}
        >
          <Icon name="exit" />
        </button>
      )}
      {look?.call && (
        <button type="button" class="icon" aria-label={texts.t("call")} onClick={dial}>
          <Icon name="phone" />
        </button>
      )}
      {look?.sound && (
        <button
          type="button"
          class="icon"
          aria-label={texts.t(state.muted ? "soundOn" : "soundOff")}
          onClick={() => chat.mute(!state.muted)}
        >
          <Icon name={state.muted ? "muted" : "sound"} />
        </button>
      )}
      <button type="button" class="icon" aria-label={texts.t("close")} onClick={close}>
        <Icon name="close" />
      </button>
    </header>
  );
};

/** @jsxImportSource preact */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "./chat.ts";
import { Icon } from "./Icon.tsx";
import type { Look } from "./protocol.ts";
import type { Texts } from "./texts/index.ts";

const emoji = "😀 😂 🙂 😉 😍 🤔 😅 😢 😮 😡 👍 👎 🙏 👏 💪 👋 🌷 🌱 🌳 🌞 ❤️ 🎉 ✨ 🔥 ✅ ❌ ❓ ❗ 📦 🚚 💳 📞".split(
  " ",
);
const typingEveryMs = 3000;
const warnBelow = 200;

interface Props {
  readonly chat: Chat;
  readonly texts: Texts;
  readonly look: Look;
}

export const Composer = ({ chat, texts, look }: Props) => {
  const [text, setText] = useState("");
  const [picking, setPicking] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLDivElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const told = useRef({ at: 0, idle: undefined as ReturnType<typeof setTimeout> | undefined });

  useEffect(() => {
    if (picking) picker.current?.querySelector("button")?.focus();
  }, [picking]);

  const quiet = (): void => {
    clearTimeout(told.current.idle);
    if (told.current.at > 0) chat.typing(false);
    told.current.at = 0;
  };
  const typed = (value: string): void => {
    setText(value);
    if (!value.trim()) {
      quiet();
      return;
    }
    if (Date.now() - told.current.at > typingEveryMs) {
      told.current.at = Date.now();
      chat.typing(true);
    }
    clearTimeout(told.current.idle);
    told.current.idle = setTimeout(quiet, typingEveryMs * 1.5);
  };
  const send = (): void => {
    if (text.trim()) chat.send(text.trim());
    setText("");
    quiet();
    area.current?.focus();
  };
  const pick = (one: string): void => {
    const at = area.current?.selectionStart ?? text.length;
    typed(text.slice(0, at) + one + text.slice(area.current?.selectionEnd ?? at));
    setPicking(false);
    area.current?.focus();
    requestAnimationFrame(() => area.current?.setSelectionRange(at + one.length, at + one.length));
  };
  const attach = (files: FileList | null | undefined): void => {
    for (const one of files ?? []) chat.attach(one);
  };
  const left = look.textLimit - text.length;

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {picking && (
        <div
          class="emoji"
          ref={picker}
          role="group"
          aria-label={texts.t("emoji")}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            setPicking(false);
            area.current?.focus();
          }}
        >
          {emoji.map((one) => (
            <button key={one} type="button" onClick={() => pick(one)}>
              {one}
            </button>
          ))}
        </div>
      )}
      {left < warnBelow && <p class="left">{texts.t("characters", { n: left })}</p>}
      <div class="field">
        <textarea
          ref={area}
          data-first
          rows={1}
          aria-label={texts.t("input")}
          placeholder={texts.t("input")}
          value={text}
          maxLength={look.textLimit}
          enterkeyhint="send"
          onInput={(event) => typed(event.currentTarget.value)}
          onPaste={(event) => {
            if (event.clipboardData?.files.length) event.preventDefault();
            attach(event.clipboardData?.files);
          }}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <button
          type="button"
          class="icon"
          aria-label={texts.t("emoji")}
          aria-expanded={picking}
          onClick={() => setPicking(!picking)}
        >
          <Icon name="emoji" />
        </button>
        <button type="button" class="icon" aria-label={texts.t("attach")} onClick={() => file.current?.click()}>
          <Icon name="attach" />
        </button>
        <input
          ref={file}
          type="file"
          hidden
          multiple
          accept={look.fileTypes.join(",")}
          onChange={(event) => {
            attach(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
        <button class="icon send" aria-label={texts.t("send")} disabled={!text.trim()}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
};

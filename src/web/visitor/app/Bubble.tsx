/** @jsxImportSource preact */
import type { Chat } from "./chat.ts";
import { Icon } from "./Icon.tsx";
import type { Line } from "./lines.ts";
import { isBigEmoji, linkify } from "./linkify.ts";
import type { Look, WireLine } from "./protocol.ts";
import type { Texts } from "./texts/index.ts";

const Words = ({ text }: { text: string }) => (
  <>
    {linkify(text).map((part) =>
      part.href === undefined ? (
        part.text
      ) : (
        <a href={part.href} target="_blank" rel="noopener noreferrer nofollow">
          {part.text}
        </a>
      ),
    )}
  </>
);

const File = ({ file, texts }: { file: WireLine["files"][number]; texts: Texts }) => {
  const { name, url, type } = file;
  const size = texts.bytes(file.bytes);
  if (url && /^image\/(png|jpeg|gif|webp)$/.test(type))
    return (
      <a class="picture" href={url} target="_blank" rel="noopener noreferrer">
        <img src={url} alt={texts.t("picture", { name })} loading="lazy" />
      </a>
    );
  const face = (
    <>
      <Icon name="file" />
      <span>
        {name}
        <small>{size}</small>
      </span>
    </>
  );
  return url ? (
    <a class="file" href={url} download={name}>
      <span class="unseen">{texts.t("download")}</span>
      {face}
    </a>
  ) : (
    <span class="file">{face}</span>
  );
};

interface Props {
  readonly chat: Chat;
  readonly line: Line;
  readonly texts: Texts;
  readonly look: Look;
  readonly starts: boolean;
  readonly ends: boolean;
  /** Set under the visitor's newest line. */
  readonly own: "read" | "stored" | "sending" | "waiting" | undefined;
}

export const Bubble = ({ chat, line, texts, look, starts, ends, own }: Props) => {
  const { state, reason, progress, text, key } = line;
  const name = line.from === "visitor" ? texts.t("you") : line.author.name || look.agentName || texts.t("operator");
  const why = reason && reason !== "failed" ? ` ${texts.t(reason, { size: texts.bytes(look.fileBytes) })}` : "";
  return (
    <div class="line">
      <span class={line.from === "agent" && starts ? "name" : "unseen"}>{name}</span>
      {line.files.map((file) => (
        <File key={file.name} file={file} texts={texts} />
      ))}
      {state === "sending" && progress !== undefined && <progress value={progress} aria-label={texts.t("sending")} />}
      {text && (
        <p class={isBigEmoji(text) ? "bubble big" : "bubble"}>
          <Words text={text} />
        </p>
      )}
      {state === "failed" ? (
        <p class="failed" role="alert">
          <span>{texts.t("failed") + why}</span>
          {reason !== "too-large" && reason !== "unsupported" && (
            <button type="button" onClick={() => chat.retry(key)}>
              {texts.t("retry")}
            </button>
          )}
          <button type="button" onClick={() => chat.discard(key)}>
            {texts.t("discard")}
          </button>
        </p>
      ) : (
        (ends || own) && (
          <small class="meta">
            <time dateTime={new Date(line.at).toISOString()}>{texts.time(line.at)}</time>
            {own && ` · ${texts.t(own)}`}
          </small>
        )
      )}
    </div>
  );
};

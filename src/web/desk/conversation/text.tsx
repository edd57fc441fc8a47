import { Fragment, useState, type ReactNode } from "react";
import { useWords } from "../context.ts";

const link = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/g;

/** Text with addresses made clickable; nothing else is interpreted. */
const Linked = ({ text }: { text: string }): ReactNode =>
  text.split(link).map((part, i) =>
    i % 2 === 1 ? (
      <a key={i} href={part} target="_blank" rel="noopener noreferrer nofollow">
        {part}
      </a>
    ) : (
      <Fragment key={i}>{part}</Fragment>
    ),
  );

const offset = (value: unknown, text: string): number | null =>
  typeof value === "number" && value >= 0 && value <= text.length ? value : null;

/** The text of a message; quoted letters and signatures are folded by the offsets the channel found. */
export const FoldedText = ({
  text,
  detail,
  kind,
}: {
  text: string;
  detail: Readonly<Record<string, unknown>>;
  kind: string;
}): ReactNode => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const quoted = offset(detail["quotedFrom"], text);
  const signature = offset(detail["signatureFrom"], text);
  const from = Math.min(quoted ?? text.length, signature ?? text.length);
  const to = Math.max(
    quoted === null ? 0 : (offset(detail["quotedTo"], text) ?? text.length),
    signature === null ? 0 : (offset(detail["signatureTo"], text) ?? text.length),
  );
  const visible = (text.slice(0, from) + (to > from ? text.slice(to) : "")).trim();
  // a message that is nothing but a quotation is shown whole
  const foldable = from < text.length && visible !== "";
  const shown = foldable && !open ? visible : text.trim();
  const emoji =
    /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\s){1,8}$/u.test(shown) &&
    /\p{Extended_Pictographic}/u.test(shown);
  if (kind === "unsupported")
    return (
      <p className="muted">
        {t("message.unsupported")} {text}
      </p>
    );
  return (
    <>
      {shown === "" ? null : (
        <p className={emoji ? "text text-emoji" : "text"}>
          <Linked text={shown} />
        </p>
      )}
      {foldable ? (
        <button type="button" className="fold" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? t("message.hideQuoted") : t("message.showQuoted")}
        </button>
      ) : null}
    </>
  );
};

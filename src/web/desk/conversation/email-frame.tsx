import { useRef, useState, type ReactNode } from "react";
import type { AttachmentView, MessageView } from "#wire";
import { useWords } from "../context.ts";
import { hideQuoted } from "./quoted.ts";
import { FoldedText } from "./text.tsx";

/** No script, no form, no remote anything; only our own style sheet and pictures of this hub. */
const policy =
  "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-src 'none'";

const page = (html: string): string =>
  `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">` +
  `<meta name="referrer" content="no-referrer"><base target="_blank"><link rel="stylesheet" href="/mail.css">` +
  `<body>${html}</body>`;

const ownPictures = (frame: Document, attachments: readonly AttachmentView[]): void => {
  for (const image of frame.querySelectorAll("img")) {
    const source = image.getAttribute("src") ?? "";
    if (!/^cid:/i.test(source)) continue;
    const wanted = source.slice(4).replace(/^<|>$/g, "");
    const part = attachments.find((one) => one.contentId?.replace(/^<|>$/g, "") === wanted);
    if (part?.url === undefined || part.url === null) image.removeAttribute("src");
    else image.src = part.url;
  }
};

/** Puts the pictures that were held back in place, each fetched by the hub, in the order the hub counts them. */
const remotePictures = (frame: Document, messageId: string): void => {
  const known: string[] = [];
  for (const image of frame.querySelectorAll("img[data-blocked-src]")) {
    const source = image.getAttribute("data-blocked-src") ?? "";
    if (source === "" || !(image instanceof (frame.defaultView?.HTMLImageElement ?? HTMLImageElement))) continue;
    if (!known.includes(source)) known.push(source);
    image.src = `/api/messages/${messageId}/pictures/${known.indexOf(source)}`;
  }
};

/**
 * A letter in a frame that may run nothing. Same-origin without scripts, so that its height can be measured and its
 * inline styles (which the content policy ignores) be set one by one; remote pictures stay out.
 */
export const EmailFrame = ({ message }: { message: MessageView }): ReactNode => {
  const { t } = useWords();
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(120);
  const [plain, setPlain] = useState(false);
  const html = message.html ?? "";
  const [pictures, setPictures] = useState(false);
  const [quoted, setQuoted] = useState<readonly HTMLElement[]>([]);
  const [unfolded, setUnfolded] = useState(false);
  const blocked = /data-blocked-src="[^"]/.test(html) && !pictures;
  const measure = () => {
    const inside = frame.current?.contentDocument;
    if (inside === null || inside === undefined) return;
    // The frame is as high as what it shows, also when that has become less.
    setHeight(Math.min(4_000, Math.ceil(inside.body.getBoundingClientRect().height) + 1));
  };
  const showPictures = () => {
    const inside = frame.current?.contentDocument;
    if (inside === null || inside === undefined) return;
    setPictures(true);
    remotePictures(inside, message.id);
    for (const image of inside.images) image.addEventListener("load", measure);
  };
  const unfold = () => {
    for (const element of quoted) element.hidden = unfolded;
    setUnfolded(!unfolded);
    measure();
  };
  const loaded = () => {
    const inside = frame.current?.contentDocument;
    if (inside === null || inside === undefined) return;
    for (const element of inside.querySelectorAll<HTMLElement>("[style]"))
      element.style.cssText = element.getAttribute("style") ?? "";
    ownPictures(inside, message.attachments);
    const { quotedFrom: from, quotedTo: to } = message.detail;
    setQuoted(hideQuoted({ body: inside.body, text: message.text, from, to }));
    setUnfolded(false);
    if (pictures) remotePictures(inside, message.id);
    measure();
    for (const image of inside.images) image.addEventListener("load", measure);
  };
  return (
    <div className="email">
      {plain ? (
        <FoldedText text={message.text} detail={message.detail} kind={message.kind} />
      ) : (
        <iframe
          ref={frame}
          className="email-frame"
          title={t("email.frame", { subject: message.subject ?? "" })}
          sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
          referrerPolicy="no-referrer"
          srcDoc={page(html)}
          style={{ height }}
          onLoad={loaded}
        />
      )}
      <p className="email-tools">
        {quoted.length > 0 && !plain ? (
          <button type="button" className="fold" aria-expanded={unfolded} onClick={unfold}>
            {unfolded ? t("message.hideQuoted") : t("message.showQuoted")}
          </button>
        ) : null}
        {blocked && !plain ? (
          <>
            <span>{t("email.blocked")}</span>
            <button type="button" className="link" title={t("mail.picturesNote")} onClick={showPictures}>
              {t("mail.showPictures")}
            </button>
          </>
        ) : null}
        <button type="button" className="link" onClick={() => setPlain(!plain)}>
          {plain ? t("email.showHtml") : t("email.showText")}
        </button>
      </p>
    </div>
  );
};

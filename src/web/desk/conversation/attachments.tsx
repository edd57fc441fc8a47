import { useState, type ReactNode } from "react";
import type { AttachmentView } from "#wire";
import { Dialog } from "../../kit/dialog.tsx";
import { Icon } from "../../kit/icons.tsx";
import { useWords } from "../context.ts";

const isPicture = (mime: string): boolean => /^image\/(?:png|jpeg|gif|webp|avif)$/.test(mime);

const isSound = (mime: string): boolean => /^audio\/(?:ogg|opus|mpeg|mp4|aac|wav|webm|x-m4a)\b/.test(mime);
const isFilm = (mime: string): boolean => /^video\/(?:mp4|webm|ogg)\b/.test(mime);

/** Files of a message: pictures as previews, sounds and films with their player, the rest by name, size and state. */
export const Attachments = ({ of }: { of: readonly AttachmentView[] }): ReactNode => {
  const { t, bytes } = useWords();
  const [shown, setShown] = useState<AttachmentView | null>(null);
  const visible = of.filter((one) => !(one.inline && one.contentId !== null));
  if (visible.length === 0) return null;
  return (
    <ul className="files">
      {visible.map((file) => (
        <li key={file.id}>
          {file.url !== null && isPicture(file.mime) ? (
            <button
              type="button"
              className="picture"
              aria-label={t("file.show", { name: file.name })}
              onClick={() => setShown(file)}
            >
              <img src={file.url} alt="" loading="lazy" />
            </button>
          ) : file.url !== null && file.mime === "application/pdf" ? (
            <button
              type="button"
              className="file"
              aria-label={t("file.preview", { name: file.name })}
              onClick={() => setShown(file)}
            >
              <Icon name="file" />
              <span className="file-name">{file.name}</span>
              <span className="file-size">{bytes(file.size)}</span>
            </button>
          ) : file.url !== null && isSound(file.mime) ? (
            <audio className="sound" controls preload="metadata" src={file.url} aria-label={file.name} />
          ) : file.url !== null && isFilm(file.mime) ? (
            <video className="film" controls preload="metadata" src={file.url} aria-label={file.name} />
          ) : file.url !== null ? (
            <a className="file" href={file.url} target="_blank" rel="noopener noreferrer" download={file.name}>
              <Icon name="file" />
              <span className="file-name">{file.name}</span>
              <span className="file-size">{bytes(file.size)}</span>
            </a>
          ) : (
            <span className="file file-off">
              <Icon name="file" />
              <span className="file-name">{file.name}</span>
              <span className="file-size">{t(`file.${file.state}`)}</span>
            </span>
          )}
        </li>
      ))}
      {shown === null ? null : (
        <Dialog open wide onClose={() => setShown(null)} title={shown.name} closeLabel={t("common.close")}>
          {isPicture(shown.mime) ? (
            <img className="picture-large" src={shown.url ?? ""} alt={shown.name} />
          ) : (
            // The browser's own viewer: a process without rights, for a file that our server lets load nothing.
            <iframe
              className="pdf"
              src={`${shown.url ?? ""}#navpanes=0&view=FitH`}
              title={t("file.preview", { name: shown.name })}
            />
          )}
          <p className="muted">
            {bytes(shown.size)} ·{" "}
            <a href={shown.url ?? ""} download={shown.name}>
              {t("file.download")}
            </a>
          </p>
        </Dialog>
      )}
    </ul>
  );
};

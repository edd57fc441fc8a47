import { useEffect, useRef, useState, type ReactNode } from "react";
import type { RefusalCode, UploadView } from "#wire";
import { Icon } from "../../kit/icons.tsx";
import { refusalOf } from "../../state/refused.ts";
import { useDesk, useWords } from "../context.ts";

interface Item {
  readonly key: number;
  readonly file: File;
  readonly done: number;
  readonly upload: UploadView | null;
  readonly refusal: RefusalCode | null;
  readonly stop: AbortController;
}

export interface Uploads {
  readonly list: readonly Item[];
  readonly done: readonly UploadView[];
  readonly busy: boolean;
  readonly add: (files: readonly File[]) => void;
  readonly drop: (key: number) => void;
  readonly again: (key: number) => void;
  readonly clear: () => void;
}

/** Files on their way to the hub, before the message they belong to. Leaving the conversation cancels them. */
export const useUploads = (conversationId: string): Uploads => {
  const { api, boot } = useDesk();
  const [list, setList] = useState<readonly Item[]>([]);
  const counter = useRef(0);
  const latest = useRef(list);
  latest.current = list;
  useEffect(
    () => () => {
      for (const item of latest.current) item.stop.abort();
    },
    [],
  );

  const change = (key: number, patch: Partial<Item>) =>
    setList((items) => items.map((item) => (item.key === key ? { ...item, ...patch } : item)));

  const start = (item: Item) => {
    if (item.file.size > boot.uploadMaxBytes) {
      change(item.key, { refusal: "too-large" });
      return;
    }
    api
      .upload({
        conversationId,
        file: item.file,
        signal: item.stop.signal,
        onProgress: (done) => change(item.key, { done }),
      })
      .then(
        (upload) => change(item.key, { upload, done: 1 }),
        (thrown: unknown) => change(item.key, { refusal: refusalOf(thrown) }),
      );
  };

  return {
    list,
    done: list.flatMap((item) => item.upload ?? []),
    busy: list.some((item) => item.upload === null),
    add: (files) => {
      const items = files.map((file): Item => {
        counter.current += 1;
        return { key: counter.current, file, done: 0, upload: null, refusal: null, stop: new AbortController() };
      });
      setList((before) => [...before, ...items]);
      for (const item of items) start(item);
    },
    drop: (key) => {
      list.find((item) => item.key === key)?.stop.abort();
      setList((items) => items.filter((item) => item.key !== key));
    },
    again: (key) => {
      const item = list.find((one) => one.key === key);
      if (item === undefined) return;
      change(key, { refusal: null, done: 0 });
      start(item);
    },
    clear: () => setList([]),
  };
};

export const Files = ({ uploads }: { uploads: Uploads }): ReactNode => {
  const { t, bytes } = useWords();
  if (uploads.list.length === 0) return null;
  return (
    <ul className="uploads">
      {uploads.list.map((item) => (
        <li key={item.key} className={item.refusal === null ? "upload" : "upload upload-bad"}>
          <Icon name="clip" size={14} />
          <span className="file-name">{item.file.name}</span>
          <span className="file-size">{bytes(item.file.size)}</span>
          {item.refusal !== null ? (
            <>
              <span role="alert">{t(`refusal.${item.refusal}`)}</span>
              <button type="button" className="link" onClick={() => uploads.again(item.key)}>
                {t("common.tryAgain")}
              </button>
            </>
          ) : item.upload === null ? (
            <progress max={1} value={item.done} aria-label={t("composer.uploading", { name: item.file.name })} />
          ) : null}
          <button
            type="button"
            className="icon-button icon-small"
            aria-label={t("composer.removeFile", { name: item.file.name })}
            onClick={() => uploads.drop(item.key)}
          >
            <Icon name="close" size={13} />
          </button>
        </li>
      ))}
    </ul>
  );
};

import { useRef, useState, type ClipboardEvent, type DragEvent, type KeyboardEvent, type ReactNode } from "react";
import type { ConversationRow, ThreadView } from "#wire";
import { useNow } from "../../kit/bits.tsx";
import { Button, Hint, IconButton } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import type { Held } from "../../state/conversations.ts";
import type { Mode } from "../../state/drafts.ts";
import { useCommands } from "../commands.ts";
import { channelOf, channelTitle, roleIn, usePending, useDesk, useWords } from "../context.ts";
import { addressWord } from "../contact/address.ts";
import { Conflict } from "./conflict.tsx";
import { Slash, useSlash } from "./slash.tsx";
import { Files, useUploads } from "./uploads.tsx";
import { useDraft, useThread, WindowNote } from "./parts.tsx";

/** Where an answer or a note is written. The two never look alike and never share a text. */
export const Composer = ({
  id,
  row,
  held,
  onDone,
}: {
  id: string;
  row: ConversationRow;
  held: Held | null;
  onDone: () => void;
}): ReactNode => {
  const { t, maybe, dateTime } = useWords();
  const desk = useDesk();
  const now = useNow();
  const [mode, setMode] = useState<Mode>("reply");
  const [subject, setSubject] = useState<string | null>(null);
  const [dragging, setDragging] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [text, write] = useDraft(id, mode);
  const pending = usePending(id);
  const { thread, threads, choose } = useThread(held);
  const uploads = useUploads(id);
  const slash = useSlash({ area, text, write, tenantId: row.tenantId });
  const channel = channelOf(desk.boot, thread?.channel ?? null);
  const note = mode === "note";
  const way = (one: ThreadView): string => {
    const title = channelTitle({ boot: desk.boot, maybe, kind: one.channel });
    const address = addressWord({ maybe, kind: one.addressKind, value: one.address });
    return address === title || address === "" ? title : t("composer.viaOne", { channel: title, address });
  };
  const shut = !note && thread?.windowUntil !== null && thread !== null && Date.parse(thread.windowUntil) <= now;
  const noThread = !note && held !== null && held.state === "ready" && thread === null;
  const limit = channel?.textLimit ?? 100_000;
  const left = limit - text.length;
  const filesRefused = !note && channel?.attachments === false && uploads.list.length > 0;
  const stale = pending.find((letter) => letter.state === "stale");
  const readOnly = roleIn(desk.boot, row.tenantId) === "client_viewer";
  const ready =
    held?.state === "ready" &&
    (text.trim() !== "" || uploads.done.length > 0) &&
    !uploads.busy &&
    !shut &&
    !noThread &&
    !filesRefused;

  const focus = (next: Mode) => {
    setMode(next);
    // at once: the next key pressed already belongs to the text
    area.current?.focus();
  };
  useCommands(readOnly ? {} : { r: () => focus("reply"), n: () => focus("note") });

  const send = (close: boolean) => {
    if (!ready || held === null) return;
    const lines = channel?.subject === true && !note ? (subject ?? thread?.subject ?? row.subject) : null;
    desk.outbox.add({
      conversationId: id,
      mode,
      threadId: note ? null : (thread?.id ?? null),
      channel: note ? null : (thread?.channel ?? null),
      text,
      subject: lines,
      uploads: uploads.done,
      expectedSeq: note ? null : (held.messages.at(-1)?.seq ?? 0),
      thenStatus: close ? "closed" : null,
    });
    write("");
    uploads.clear();
    desk.drafts.flush();
    desk.presence.rested(id);
    if (close) onDone();
  };

  const keys = (event: KeyboardEvent) => {
    if (slash.press(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      send(event.shiftKey);
    }
  };
  const paste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    uploads.add([...event.clipboardData.files]);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setDragging(false);
    uploads.add([...event.dataTransfer.files]);
  };

  if (readOnly) return <p className="composer composer-off">{t("composer.readOnly")}</p>;
  const label = t(note ? "composer.note" : "composer.reply");
  return (
    <div
      className={`composer ${note ? "composer-note" : ""} ${dragging ? "composer-drop" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setDragging(true);
      }}
      onDragLeave={() => setDragging(false)}
      onDrop={drop}
    >
      <div className="composer-top">
        <div className="segments" role="group" aria-label={t("composer.mode")}>
          <button type="button" aria-pressed={!note} onClick={() => focus("reply")}>
            <Icon name="reply" size={14} /> {t("composer.reply")}
          </button>
          <button type="button" aria-pressed={note} onClick={() => focus("note")}>
            <Icon name="lock" size={14} /> {t("composer.note")}
          </button>
        </div>
        {note ? (
          <span className="composer-hint">{t("composer.noteHint")}</span>
        ) : threads.length > 1 ? (
          <select
            className="composer-thread"
            aria-label={t("composer.via")}
            value={thread?.id ?? ""}
            onChange={(event) => choose(event.target.value)}
          >
            {threads.map((one) => (
              <option key={one.id} value={one.id}>
                {way(one)}
              </option>
            ))}
          </select>
        ) : thread === null ? null : (
          <span className="composer-hint" title={thread.address}>
            {way(thread)}
          </span>
        )}
        <WindowNote until={note ? null : (thread?.windowUntil ?? null)} />
      </div>
      {!note && channel?.subject === true ? (
        <label className="composer-subject">
          <span>{t("composer.subject")}</span>
          <input
            value={subject ?? thread?.subject ?? row.subject ?? ""}
            maxLength={500}
            onChange={(event) => setSubject(event.target.value)}
          />
        </label>
      ) : null}
      <div className="composer-field">
        <textarea
          ref={area}
          id="composer"
          rows={2}
          aria-label={label}
          placeholder={t(note ? "composer.notePlaceholder" : "composer.placeholder")}
          value={text}
          spellCheck
          {...slash.aria}
          onChange={(event) => {
            write(event.target.value);
            slash.look(event.target);
            desk.presence.typed({ id, mode });
          }}
          onSelect={(event) => slash.look(event.currentTarget)}
          onKeyDown={keys}
          onPaste={paste}
          onBlur={() => {
            desk.drafts.flush();
            desk.presence.rested(id);
            slash.close();
          }}
        />
        <Slash {...slash} />
      </div>
      <Files uploads={uploads} />
      {shut ? (
        <p className="notice notice-bad">{t("composer.windowClosed", { at: dateTime(thread?.windowUntil ?? "") })}</p>
      ) : null}
      {noThread ? <p className="notice notice-bad">{t("composer.noThread")}</p> : null}
      {filesRefused ? <p className="notice notice-bad">{t("composer.noFiles")}</p> : null}
      <div className="composer-bottom">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            uploads.add([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
        <IconButton
          icon="clip"
          label={t("composer.attach")}
          disabled={!note && channel?.attachments === false}
          onClick={() => picker.current?.click()}
        />
        <span className="composer-tip">{t("composer.slashTip")}</span>
        {!note && (left < 0 || left < limit / 5) ? (
          <span className={left < 0 ? "composer-left composer-over" : "composer-left"} role="status">
            {left < 0 ? t("composer.split", { n: Math.ceil(text.length / limit) }) : t("composer.left", { n: left })}
          </span>
        ) : null}
        <div className="composer-send">
          <Hint text={t(note ? "composer.saveNoteClose" : "composer.sendClose")} keys="mod+shift+Enter">
            <Button disabled={!ready} onClick={() => send(true)}>
              {t(note ? "composer.saveNoteClose" : "composer.sendClose")}
            </Button>
          </Hint>
          <Hint text={t(note ? "composer.saveNote" : "composer.send")} keys="mod+Enter">
            <Button
              look={note ? "note" : "primary"}
              icon={note ? "lock" : "send"}
              disabled={!ready}
              onClick={() => send(false)}
            >
              {t(note ? "composer.saveNote" : "composer.send")}
            </Button>
          </Hint>
        </div>
      </div>
      {stale === undefined ? null : <Conflict letter={stale} />}
    </div>
  );
};

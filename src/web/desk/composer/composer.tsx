import { useRef, useState, type DragEvent, type KeyboardEvent, type ReactNode } from "react";
import type { ContentType, ConversationRow } from "#wire";
import { useNow } from "../../kit/bits.tsx";
import { Button, Hint, IconButton } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import type { Held } from "../../state/conversations.ts";
import type { Mode } from "../../state/drafts.ts";
import type { Letter } from "../../state/outbox.ts";
import { useCommands } from "../commands.ts";
import { profileIn, roleIn, usePending, useDesk, useWords } from "../context.ts";
import { continuing } from "./continues.ts";
import { Dialogs, Doubts } from "./dialogs.tsx";
import { Extras } from "./extras.tsx";
import { Field } from "./field.tsx";
import { useFilled } from "./filled.ts";
import { Later } from "./later.tsx";
import { useLetter } from "./letter.ts";
import { LetterHead } from "./letter-head.tsx";
import { useDraft, WindowNote } from "./parts.tsx";
import { useSlash } from "./slash.tsx";
import { closesAt, type Target, useTargets } from "./target.ts";
import { Files, useUploads } from "./uploads.tsx";
import { useRich } from "./use-rich.ts";
import { Prefers, Ways } from "./ways.tsx";

const viaOf = ({ accountId, identityId, typed }: Target) => ({
  accountId,
  ...(identityId === null ? {} : { identityId }),
  ...(typed === null ? {} : { address: typed }),
});

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
  const { t, dateTime, locale } = useWords();
  const desk = useDesk();
  const now = useNow();
  const [mode, setMode] = useState<Mode>("reply");
  const [typedSubject, setSubject] = useState<string | null>(null);
  const [dragging, setDragging] = useState(false);
  const [sendAt, setSendAt] = useState<Date | null>(null);
  const [special, setSpecial] = useState<ContentType | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [text, write] = useDraft(id, mode);
  const pending = usePending(id);
  const targets = useTargets(id, held);
  const { target } = targets;
  const uploads = useUploads(id);
  const rich = useRich(id);
  const slash = useSlash({ area, text, write, row });
  const note = mode === "note";
  const takes = target?.takes ?? null;
  const isLetter = !note && takes?.subject === true && target?.addressKind === "email";
  const mayName = profileIn(desk.boot, row.tenantId) === "normal";
  const letter = useLetter({ held, target, on: isLetter, mayName });
  const subject = typedSubject ?? letter.subject ?? target?.subject ?? row.subject ?? "";
  const missing = useFilled(text, row);
  const closes = target === null ? null : closesAt(target);
  const shut = !note && closes !== null && closes <= now;
  const noThread = !note && held !== null && held.state === "ready" && target === null;
  const limit = takes?.text ?? 100_000;
  const left = limit - text.length;
  const filesRefused = !note && takes?.attachments === false && uploads.list.length > 0;
  const readOnly = roleIn(desk.boot, row.tenantId) === "client_viewer";
  const ready =
    held?.state === "ready" &&
    (text.trim() !== "" ||
      uploads.done.length > 0 ||
      letter.parts.length > 0 ||
      (isLetter && rich.pictures().length > 0)) &&
    !uploads.busy &&
    !shut &&
    !noThread &&
    !filesRefused &&
    missing.length === 0 &&
    letter.ready;

  const focus = (next: Mode) => {
    setMode(next);
    // at once: the next key pressed already belongs to the text
    (area.current ?? document.getElementById("composer"))?.focus();
  };
  useCommands(readOnly ? {} : { r: () => focus("reply"), n: () => focus("note") });

  const post = (what: Pick<Letter, "text" | "uploads" | "thenStatus" | "more">) => {
    if (held === null) return;
    const via = note || target === null || target.threadId !== null ? undefined : viaOf(target);
    desk.outbox.add({
      conversationId: id,
      mode,
      threadId: note || letter.how === "forward" ? null : (target?.threadId ?? null),
      channel: note ? null : (target?.channel ?? null),
      subject: !note && takes?.subject === true ? subject : null,
      expectedSeq: note ? null : (held.messages.at(-1)?.seq ?? 0),
      ...what,
      more: {
        ...what.more,
        ...(note ? {} : letter.more()),
        ...(via === undefined || letter.how === "forward" ? {} : { via }),
        ...(note || sendAt === null ? {} : { sendAt: sendAt.toISOString() }),
      },
    });
    setSendAt(null);
    setSubject(null);
    letter.setHow("reply");
    desk.drafts.flush();
    desk.presence.rested(id);
    if (what.thenStatus === "closed") onDone();
  };
  const send = (close: boolean) => {
    if (!ready) return;
    const html = isLetter ? rich.html() : null;
    post({
      text,
      uploads: [...uploads.done, ...(isLetter ? rich.pictures() : [])],
      thenStatus: close ? "closed" : null,
      more: html === null ? {} : { html },
    });
    write("");
    uploads.clear();
    rich.clear();
  };

  const keys = (event: KeyboardEvent) => {
    if (slash.press(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      send(event.shiftKey);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setDragging(false);
    uploads.add([...event.dataTransfer.files]);
  };

  if (readOnly) return <p className="composer composer-off">{t("composer.readOnly")}</p>;
  const templated = takes?.content.includes("template") === true;
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
        ) : (
          <>
            <Ways
              targets={targets}
              mayType={mayName}
              onChange={() => {
                if (text.trim() === "") write(continuing(held?.contact?.language ?? null, locale));
              }}
            />
            <Prefers targets={targets} preferred={held?.contact?.preferred?.channel ?? null} />
          </>
        )}
        <WindowNote until={note ? null : closes} />
      </div>
      {note || takes?.subject !== true ? null : (
        <LetterHead
          letter={isLetter && (target?.threadId !== null || letter.to.length > 0) ? letter : null}
          fixed={!mayName}
          subject={subject}
          onSubject={setSubject}
        />
      )}
      <Field
        id={id}
        mode={mode}
        area={area}
        text={text}
        write={write}
        slash={slash}
        rich={isLetter ? rich : null}
        onKeys={keys}
        onFiles={uploads.add}
      />
      <Files uploads={uploads} />
      {shut ? (
        <p className="notice notice-bad">
          {closes === 0 ? t("composer.windowNone") : t("composer.windowClosed", { at: dateTime(closes ?? 0) })}{" "}
          {templated ? (
            <button type="button" className="link" onClick={() => setSpecial("template")}>
              {t("template.title")}
            </button>
          ) : null}
        </p>
      ) : null}
      {noThread ? <p className="notice notice-bad">{t("composer.noThread")}</p> : null}
      {filesRefused ? <p className="notice notice-bad">{t("composer.noFiles")}</p> : null}
      {missing.length === 0 ? null : (
        <p className="notice notice-bad" role="status">
          {t("composer.missing", { names: missing.map((name) => `{{${name}}}`).join(", ") })}
        </p>
      )}
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
          disabled={!note && takes?.attachments === false}
          onClick={() => picker.current?.click()}
        />
        {note || takes === null ? null : (
          <>
            <Extras takes={takes} shut={shut} onPick={setSpecial} />
            <Later at={sendAt} onAt={setSendAt} />
            {isLetter ? (
              <IconButton icon="text" label={t("rich.toggle")} aria-pressed={rich.on} onClick={rich.toggle} />
            ) : null}
            {isLetter ? (
              <label className="composer-quote">
                <input type="checkbox" checked={letter.quote} onChange={() => letter.setQuote(!letter.quote)} />
                <span>{t("letter.quote")}</span>
              </label>
            ) : null}
          </>
        )}
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
              icon={note ? "lock" : sendAt === null ? "send" : "clock"}
              disabled={!ready}
              onClick={() => send(false)}
            >
              {t(note ? "composer.saveNote" : sendAt === null ? "composer.send" : "later.send")}
            </Button>
          </Hint>
        </div>
      </div>
      <Doubts letters={pending} />
      <Dialogs
        kind={special}
        target={target}
        row={row}
        text={text}
        onClose={() => setSpecial(null)}
        onPost={(what, usesText) => {
          post(what);
          if (usesText) write("");
          setSpecial(null);
        }}
      />
    </div>
  );
};

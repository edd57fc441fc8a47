import { lazy, memo, Suspense, type ReactNode } from "react";
import type { MessageView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { Avatar } from "../../kit/bits.tsx";
import { ChannelIcon, Icon } from "../../kit/icons.tsx";
import { explain } from "../actions.ts";
import { channelOf, channelTitle, useDesk, useWords } from "../context.ts";
import type { Pending } from "../../state/outbox.ts";
import { Attachments } from "./attachments.tsx";
import { cardInstead, hasCards } from "./cards-of.ts";
import { DeliveryMark, RecipientStates } from "./delivery.tsx";
import { EmailFrame } from "./email-frame.tsx";
import { InviteCard } from "./invite.tsx";
import { LetterHead } from "./letter-head.tsx";
import { ActionNotes, MessageMenu } from "./message-menu.tsx";
import { FoldedText } from "./text.tsx";

const CallCard = lazy(() => import("../phone/card.tsx"));
const Cards = lazy(() => import("./cards.tsx"));

/** The files of a message; an invitation that is drawn as a card is not offered as a file too. */
const shownFiles = ({ attachments, detail }: MessageView): MessageView["attachments"] =>
  detail["calendar"] === undefined
    ? attachments
    : attachments.filter(({ mime }) => !/^(?:text\/calendar|application\/ics)\b/.test(mime));

const bubbleClass = (direction: MessageView["direction"]): string => `bubble bubble-${direction}`;

/** One message. A note looks like a note, a letter like a letter, and a doubtful one waits for a decision. */
export const Bubble = memo(function Bubble({
  message,
  first,
  channelChanged,
  subjectChanged,
}: {
  message: MessageView;
  first: boolean;
  channelChanged: boolean;
  subjectChanged: boolean;
}): ReactNode {
  const { t, maybe, time, dateTime } = useWords();
  const { boot } = useDesk();
  const channel = channelOf(boot, message.channel);
  const channelName = channel === undefined ? "" : channelTitle({ boot, maybe, kind: channel.kind });
  const author = message.author.name === "" ? t("contact.anonymous") : message.author.name;
  const revoked = message.revokedAt !== null;
  const card = message.html !== null && !revoked;
  return (
    <article
      className={`message message-${message.direction} ${first ? "message-first" : ""} ${card ? "message-card" : ""}`}
      aria-label={t(`message.${message.direction}`, { name: author, at: time(message.occurredAt) })}
    >
      {first ? (
        <p className="message-head">
          {message.direction === "in" ? <Avatar id={message.author.id ?? author} name={author} small /> : null}
          {message.direction === "note" ? <Icon name="lock" size={13} /> : null}
          <strong>{author}</strong>
          {message.direction === "note" ? <span className="note-mark">{t("message.noteMark")}</span> : null}
          {message.author.type === "bot" ? <span className="note-mark">{t("message.bot")}</span> : null}
          {message.author.type === "device" ? <span className="note-mark">{t("message.device")}</span> : null}
          {channelChanged && channel !== undefined ? (
            <span className="message-channel">
              <ChannelIcon kind={channel.kind} title={channelName} size={13} />
              <span aria-hidden="true">{channelName}</span>
            </span>
          ) : null}
        </p>
      ) : null}
      <div className={bubbleClass(message.direction)}>
        {message.held ? <HeldCard message={message} /> : null}
        {subjectChanged && channel?.subject === true ? <h2 className="message-subject">{message.subject}</h2> : null}
        {channel?.subject === true && !revoked && message.direction !== "note" ? (
          <LetterHead message={message} />
        ) : null}
        {message.detail["calendar"] === undefined || revoked ? null : <InviteCard message={message} />}
        {revoked ? (
          <p className="revoked">{t("message.revoked")}</p>
        ) : message.kind === "call" ? (
          <Suspense fallback={<p>{message.text}</p>}>
            <CallCard message={message} />
          </Suspense>
        ) : message.html !== null ? (
          <EmailFrame message={message} />
        ) : cardInstead(message) ? null : (
          <FoldedText text={message.text} detail={message.detail} kind={message.kind} />
        )}
        {revoked || !hasCards(message) ? null : (
          <Suspense fallback={cardInstead(message) ? <p>{message.text}</p> : null}>
            <Cards message={message} />
          </Suspense>
        )}
        {revoked ? null : <Attachments of={shownFiles(message)} />}
        <MessageMenu message={message} />
        <p className="message-foot">
          <ActionNotes message={message} />
          {message.editedAt === null ? null : <span title={dateTime(message.editedAt)}>{t("message.edited")}</span>}
          <time dateTime={message.occurredAt} title={dateTime(message.occurredAt)}>
            {time(message.occurredAt)}
          </time>
          <DeliveryMark message={message} />
        </p>
        {revoked ? null : <RecipientStates message={message} />}
      </div>
      {message.reactions.length === 0 ? null : (
        <p className="reactions" aria-label={t("message.reactions")}>
          {message.reactions.map((reaction) => (
            <span key={`${reaction.actor}${reaction.emoji}`} title={reaction.actor.replace(/^agent:/, "")}>
              {reaction.emoji}
            </span>
          ))}
        </p>
      )}
    </article>
  );
});

const HeldCard = ({ message }: { message: MessageView }): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  return (
    <div className="held-card">
      <p>
        <Icon name="warning" /> {t("held.why", { name: message.author.name })}
      </p>
      <Button
        onClick={() =>
          void desk.ask("message.accept", { messageId: message.id }).then(
            (answer) => desk.conversations.learn({ id: message.conversationId, messages: [answer.message] }),
            (thrown: unknown) => explain(thrown),
          )
        }
      >
        {t("held.accept")}
      </Button>
    </div>
  );
};

/** What was written here and is not confirmed yet. */
export const PendingBubble = ({ letter }: { letter: Pending }): ReactNode => {
  const { t } = useWords();
  const { outbox, drafts } = useDesk();
  const direction = letter.mode === "note" ? "note" : "out";
  const edit = () => {
    const taken = outbox.withdraw(letter.clientKey);
    if (taken === null) return;
    const slot = { id: taken.conversationId, mode: taken.mode };
    const now = drafts.body(slot);
    drafts.write({ ...slot, body: now === "" ? taken.text : `${taken.text}\n\n${now}` });
    document.getElementById("composer")?.focus();
  };
  return (
    <article
      className={`message message-${direction} message-first`}
      data-pending={letter.state}
      aria-label={t(`pending.${letter.state}`)}
    >
      <div className={`${bubbleClass(direction)} bubble-pending`}>
        <FoldedText text={letter.text} detail={{}} kind="text" />
        {letter.uploads.length === 0 ? null : (
          <p className="muted">
            <Icon name="clip" size={13} /> {letter.uploads.map((upload) => upload.name).join(", ")}
          </p>
        )}
        <p className={letter.state === "failed" ? "message-foot foot-bad" : "message-foot"}>
          {letter.state === "failed" ? (
            <>
              <Icon name="warning" size={13} />
              <span role="alert">
                {t("pending.failed")} {t(`refusal.${letter.refusal ?? "failed"}`)}
              </span>
              <button type="button" className="link" onClick={() => outbox.retry({ clientKey: letter.clientKey })}>
                {t("common.tryAgain")}
              </button>
              <button type="button" className="link" onClick={edit}>
                {t("pending.edit")}
              </button>
            </>
          ) : (
            <>
              <Icon name="clock" size={13} /> <span>{t(`pending.${letter.state}`)}</span>
              {letter.state === "waiting" ? (
                <button type="button" className="link" onClick={edit}>
                  {t("common.undo")}
                </button>
              ) : null}
            </>
          )}
        </p>
      </div>
    </article>
  );
};

import { useState, type ReactNode } from "react";
import type { Asks, MessageView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextArea } from "../../kit/field.tsx";
import { useWords } from "../context.ts";

const emojis = ["👍", "❤️", "😊", "🙏", "🎉", "😮"];

/** Edits, removes or reacts to a message the customer has; asks before anything leaves. */
const MessageDialog = ({
  kind,
  message,
  onChange,
  onClose,
}: {
  kind: "edit" | "remove" | "react";
  message: MessageView;
  onChange: <Q extends "message.edit" | "message.remove" | "message.react">(question: Q, takes: Asks<Q>) => void;
  onClose: () => void;
}): ReactNode => {
  const { t } = useWords();
  const [text, setText] = useState(message.text);
  const { id: messageId } = message;
  const mine = message.reactions.find(({ actor }) => actor.startsWith("agent:"))?.emoji;
  const frame = { open: true, onClose, closeLabel: t("common.close") } as const;
  if (kind === "edit")
    return (
      <Dialog
        {...frame}
        title={t("act.editTitle")}
        actions={
          <Button
            look="primary"
            disabled={text.trim() === "" || text.trim() === message.text.trim()}
            onClick={() => onChange("message.edit", { messageId, text })}
          >
            {t("common.save")}
          </Button>
        }
      >
        <TextArea label={t("composer.reply")} help={t("act.editHelp")} value={text} onValue={setText} rows={6} />
      </Dialog>
    );
  if (kind === "remove")
    return (
      <Dialog
        {...frame}
        title={t("act.remove")}
        actions={
          <Button look="danger" onClick={() => onChange("message.remove", { messageId })}>
            {t("act.remove")}
          </Button>
        }
      >
        <p>{t("act.removeSure")}</p>
        <p className="conflict-yours">{message.text}</p>
      </Dialog>
    );
  return (
    <Dialog {...frame} title={t("act.react")}>
      <div className="emoji-row">
        {emojis.map((emoji) => (
          <button
            key={emoji}
            type="button"
            aria-pressed={emoji === mine}
            aria-label={emoji}
            onClick={() => onChange("message.react", { messageId, emoji: emoji === mine ? "" : emoji })}
          >
            {emoji}
          </button>
        ))}
      </div>
    </Dialog>
  );
};
export default MessageDialog;

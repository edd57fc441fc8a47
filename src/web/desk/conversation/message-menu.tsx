import { lazy, Suspense, useState, type ReactNode } from "react";
import type { Asks, MessageView } from "#wire";
import { toast } from "../../kit/bits.tsx";
import { IconButton, Menu, type MenuEntry } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import type { Desk } from "../../state/desk.ts";
import { explain } from "../actions.ts";
import { roleIn, useDesk, useHeld, useWords } from "../context.ts";

const MessageDialog = lazy(() => import("./message-dialog.tsx"));

type Question = "message.edit" | "message.remove" | "message.react" | "message.again";

const change = <Q extends Question>(desk: Desk, message: MessageView, question: Q, takes: Asks<Q>): void =>
  void desk.ask(question, takes).then(
    (answer) => desk.conversations.learn({ id: message.conversationId, messages: [answer.message] }),
    (thrown: unknown) => explain(thrown),
  );

/** What can still be done with a message the customer has: only what its channel can. */
export const MessageMenu = ({ message }: { message: MessageView }): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  const held = useHeld(message.conversationId);
  const [open, setOpen] = useState<"edit" | "remove" | "react" | null>(null);
  const can = held?.threads.find((thread) => thread.id === message.threadId)?.takes.abilities ?? [];
  const mayWork =
    held?.row !== undefined && held.row !== null && roleIn(desk.boot, held.row.tenantId) !== "client_viewer";
  const there = message.deliveries.some(({ state }) => state === "sent" || state === "delivered" || state === "read");
  const own = message.direction === "out" && there;
  const plain = message.html === null && message.detail["content"] === undefined;
  const entries: MenuEntry[] = [
    ...(can.includes("react") && (own || message.direction === "in")
      ? [{ label: t("act.react"), run: () => setOpen("react") }]
      : []),
    ...(own && plain && can.includes("edit")
      ? [
          {
            label: t("act.edit"),
            icon: "pen" as const,
            run: () => setOpen("edit"),
          },
        ]
      : []),
    ...(own && can.includes("remove")
      ? [{ label: t("act.remove"), icon: "close" as const, run: () => setOpen("remove") }]
      : []),
    {
      label: t("act.copy"),
      icon: "copy",
      run: () =>
        void navigator.clipboard.writeText(message.text).then(() => toast({ text: t("common.copied") }), explain),
    },
  ];
  if (!mayWork || message.revokedAt !== null || message.direction === "event") return null;
  return (
    <div className="message-menu">
      <Menu trigger={<IconButton icon="more" label={t("act.menu")} className="icon-small" />} entries={entries} />
      {open === null ? null : (
        <Suspense>
          <MessageDialog
            kind={open}
            message={message}
            onClose={() => setOpen(null)}
            onChange={(question, takes) => {
              change(desk, message, question, takes);
              setOpen(null);
            }}
          />
        </Suspense>
      )}
    </div>
  );
};

/** Where the customer's side still differs from what is shown here. */
export const ActionNotes = ({ message }: { message: MessageView }): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  return message.actions.map(({ op, state }) => (
    <span key={op} className={state === "failed" ? "action-note foot-bad" : "action-note"}>
      <Icon name={state === "failed" ? "warning" : "clock"} size={13} />
      <span {...(state === "failed" ? { role: "alert" } : {})}>
        {t(`act.${state === "failed" ? "failed" : "queued"}.${op}`)}
      </span>
      {state === "failed" ? (
        <button
          type="button"
          className="link"
          onClick={() => change(desk, message, "message.again", { messageId: message.id })}
        >
          {t("common.tryAgain")}
        </button>
      ) : null}
    </span>
  ));
};

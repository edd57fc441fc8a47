import type { Asks, ConversationRow } from "#wire";
import { words } from "../i18n/index.ts";
import { toast } from "../kit/bits.tsx";
import type { Desk } from "../state/desk.ts";
import { refusalOf } from "../state/refused.ts";
import { agentName } from "./context.ts";

type Update = Asks<"conversation.update">["set"];

/** Shows a refusal in the agent's language. */
export const explain = (thrown: unknown): void => {
  const { t } = words.get();
  toast({ text: t(`refusal.${refusalOf(thrown)}`), bad: true });
};

/** Changes a conversation at once on the screen; taken back when the hub refuses. */
export const update = async (input: {
  desk: Desk;
  row: ConversationRow;
  set: Update;
  locked?: boolean;
}): Promise<boolean> => {
  const { desk, row, set, locked = false } = input;
  const { assigneeId, ...rest } = set;
  const guess = {
    ...row,
    ...rest,
    ...(assigneeId === undefined ? {} : { assigneeId: assigneeId === "me" ? desk.boot.me.id : assigneeId }),
  } as ConversationRow;
  const show = (shown: ConversationRow) => {
    desk.conversations.learn({ id: row.id, row: shown });
    desk.inbox.push([shown]);
  };
  show(guess);
  try {
    const answer = await desk.ask("conversation.update", {
      id: row.id,
      set,
      ...(locked ? { expectedVersion: row.version } : {}),
    });
    show(answer.row);
    return true;
  } catch (thrown) {
    const now = desk.conversations.get(row.id)?.row ?? row;
    if (now.version === row.version) show(row);
    explain(thrown);
    return false;
  }
};

export const claim = (desk: Desk, row: ConversationRow): Promise<boolean> =>
  update({ desk, row, set: { assigneeId: "me" } });

export const assign = async (desk: Desk, row: ConversationRow, userId: string | null): Promise<void> => {
  const done = await update({ desk, row, set: { assigneeId: userId } });
  const { t } = words.get();
  if (done && userId !== null) toast({ text: t("done.assigned", { name: agentName(desk.boot, userId) ?? "" }) });
};

const undoable = async (
  desk: Desk,
  row: ConversationRow,
  set: Update,
  said: "done.closed" | "done.snoozed" | "done.reopened",
): Promise<void> => {
  const { t } = words.get();
  const before: Update = { status: row.status, snoozedUntil: row.snoozedUntil };
  if (!(await update({ desk, row, set }))) return;
  toast({
    text: t(said, { number: `#${row.number}` }),
    ms: 8_000,
    action: {
      label: t("common.undo"),
      run: () => {
        const now = desk.conversations.get(row.id)?.row ?? desk.inbox.row(row.id) ?? row;
        void update({ desk, row: now, set: before });
      },
    },
  });
};

export const close = (desk: Desk, row: ConversationRow): Promise<void> =>
  undoable(desk, row, { status: "closed" }, "done.closed");
export const reopen = (desk: Desk, row: ConversationRow): Promise<void> =>
  undoable(desk, row, { status: "open", snoozedUntil: null }, "done.reopened");
export const snooze = (desk: Desk, row: ConversationRow, until: Date): Promise<void> =>
  undoable(desk, row, { status: "snoozed", snoozedUntil: until.toISOString() }, "done.snoozed");

/** The moments one snoozes to, in the agent's own time zone. */
export const snoozeTimes = (now: Date): readonly { key: "hour" | "evening" | "tomorrow" | "monday"; at: Date }[] => {
  const at = (days: number, hour: number): Date => {
    const when = new Date(now);
    when.setDate(when.getDate() + days);
    when.setHours(hour, 0, 0, 0);
    return when;
  };
  const toMonday = (8 - now.getDay()) % 7 || 7;
  return [
    { key: "hour", at: new Date(now.getTime() + 3_600_000) },
    ...(now.getHours() < 16 ? [{ key: "evening" as const, at: at(0, 17) }] : []),
    { key: "tomorrow", at: at(1, 8) },
    { key: "monday", at: at(toMonday, 8) },
  ];
};

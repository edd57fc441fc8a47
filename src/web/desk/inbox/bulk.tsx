import { useState, type FormEvent, type ReactNode } from "react";
import type { Asks, ConversationRow } from "#wire";
import { toast } from "../../kit/bits.tsx";
import { Button, IconButton, Menu } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextField } from "../../kit/field.tsx";
import { snoozeTimes } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";

type Update = Asks<"conversation.update">["set"];
const atOnce = 6;

const TagForm = ({ onTag, onClose }: { onTag: (tag: string) => void; onClose: () => void }): ReactNode => {
  const { t } = useWords();
  const [tag, setTag] = useState("");
  const add = (event: FormEvent) => {
    event.preventDefault();
    if (tag.trim() === "") return;
    onTag(tag.trim().slice(0, 40));
    onClose();
  };
  return (
    <Dialog open onClose={onClose} title={t("bulk.tag")} closeLabel={t("common.close")}>
      <form className="form" onSubmit={add}>
        <TextField
          label={t("tags.add")}
          required
          maxLength={40}
          value={tag}
          onChange={(event) => setTag(event.target.value)}
        />
        <div className="form-actions">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary">
            {t("common.add")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

/** What can be done to all chosen conversations at once. Each is asked for on its own: one refusal stops no other. */
export const Bulk = ({ chosen, onClear }: { chosen: ReadonlySet<string>; onClear: () => void }): ReactNode => {
  const { t, compare } = useWords();
  const { ask, inbox, boot } = useDesk();
  const [busy, setBusy] = useState(false);
  const [tagging, setTagging] = useState(false);
  const run = async (change: (row: ConversationRow) => Update) => {
    setBusy(true);
    const waiting = [...chosen];
    let refused = 0;
    const work = async () => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        const row = inbox.row(id);
        if (row === undefined) continue;
        try {
          const answer = await ask("conversation.update", { id, set: change(row) });
          inbox.push([answer.row]);
        } catch {
          refused += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    setBusy(false);
    onClear();
    const done = chosen.size - refused;
    toast({
      text: refused === 0 ? t("bulk.done", { n: done }) : t("bulk.refused", { n: refused }),
      ...(refused > 0 ? { bad: true } : {}),
    });
  };
  const agents = boot.agents.filter(({ id }) => id !== boot.me.id).toSorted((a, b) => compare(a.name, b.name));
  return (
    <div className="bulk" role="toolbar" aria-label={t("bulk.title")}>
      <span className="bulk-count" role="status">
        {t("bulk.chosen", { n: chosen.size })}
      </span>
      <Menu
        trigger={<IconButton icon="user" label={t("header.assignee")} disabled={busy} />}
        entries={[
          { label: t("bulk.mine"), icon: "user", run: () => void run(() => ({ assigneeId: "me" })) },
          { label: t("bulk.nobody"), run: () => void run(() => ({ assigneeId: null })) },
          "line",
          ...agents.map((agent) => ({ label: agent.name, run: () => void run(() => ({ assigneeId: agent.id })) })),
        ]}
      />
      <Menu
        trigger={<IconButton icon="clock" label={t("bulk.snooze")} disabled={busy} />}
        entries={snoozeTimes(new Date()).map(({ key, at }) => ({
          label: t(`snooze.${key}`),
          run: () => void run(() => ({ status: "snoozed", snoozedUntil: at.toISOString() })),
        }))}
      />
      <IconButton icon="tag" label={t("bulk.tag")} disabled={busy} onClick={() => setTagging(true)} />
      <IconButton
        icon="check"
        label={t("bulk.close")}
        disabled={busy}
        onClick={() => void run(() => ({ status: "closed" }))}
      />
      <IconButton icon="close" label={t("bulk.clear")} onClick={onClear} />
      {tagging ? (
        <TagForm
          onClose={() => setTagging(false)}
          onTag={(tag) => void run((row) => ({ tags: [...new Set([...row.tags, tag])].slice(0, 30) }))}
        />
      ) : null}
    </div>
  );
};

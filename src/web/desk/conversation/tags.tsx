import { useState, type FormEvent, type ReactNode } from "react";
import type { ConversationRow } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextField } from "../../kit/field.tsx";
import { Icon } from "../../kit/icons.tsx";
import { update } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";

export const Tags = ({ row, onClose }: { row: ConversationRow; onClose: () => void }): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  const [fresh, setFresh] = useState("");
  const set = (tags: readonly string[]) => void update({ desk, row, set: { tags: [...tags] } });
  const add = (event: FormEvent) => {
    event.preventDefault();
    const tag = fresh.trim().slice(0, 40);
    if (tag !== "" && !row.tags.includes(tag)) set([...row.tags, tag]);
    setFresh("");
  };
  return (
    <Dialog open onClose={onClose} title={t("header.tags")} closeLabel={t("common.close")}>
      <ul className="tag-list">
        {row.tags.map((tag) => (
          <li key={tag} className="tag">
            {tag}
            <button
              type="button"
              className="tag-drop"
              aria-label={t("tags.remove", { tag })}
              onClick={() => set(row.tags.filter((one) => one !== tag))}
            >
              <Icon name="close" size={12} />
            </button>
          </li>
        ))}
      </ul>
      <form className="inline-form" onSubmit={add}>
        <TextField
          label={t("tags.add")}
          value={fresh}
          maxLength={40}
          autoFocus
          onChange={(event) => setFresh(event.target.value)}
        />
        <Button type="submit">{t("common.add")}</Button>
      </form>
    </Dialog>
  );
};

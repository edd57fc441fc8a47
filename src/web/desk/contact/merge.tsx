import { useEffect, useState, type ReactNode } from "react";
import type { ContactView } from "#wire";
import { toast } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextField } from "../../kit/field.tsx";
import { explain } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";

interface Found {
  readonly id: string;
  readonly name: string;
  readonly identities: readonly string[];
}

/** Finds the other record of the same person and joins it into this one. Can be taken back. */
export const Merge = ({
  contact,
  onClose,
  onMerged,
  onUndo,
}: {
  contact: ContactView;
  onClose: () => void;
  onMerged: (contact: ContactView) => void;
  onUndo: (mergeId: string) => void;
}): ReactNode => {
  const { t } = useWords();
  const { api } = useDesk();
  const [query, setQuery] = useState(contact.name);
  const [found, setFound] = useState<readonly Found[]>([]);
  const [chosen, setChosen] = useState<string | null>(null);
  const [reason, setReason] = useState("");

  useEffect(() => {
    const wanted = query.trim();
    if (wanted.length < 2) {
      setFound([]);
      return undefined;
    }
    let mine = true;
    const timer = setTimeout(() => {
      api
        .get<{ contacts: readonly Found[] }>(
          `/api/contacts?${new URLSearchParams({ tenantId: contact.tenantId, query: wanted })}`,
        )
        .then((answer) => {
          if (mine) setFound(answer.contacts.filter((one) => one.id !== contact.id));
          return mine;
        })
        .catch(explain);
    }, 200);
    return () => {
      mine = false;
      clearTimeout(timer);
    };
  }, [api, query, contact.id, contact.tenantId]);

  const merge = async () => {
    if (chosen === null) return;
    try {
      const answer = await api.send<{ mergeId: string; contact: ContactView }>(
        "POST",
        `/api/contacts/${contact.id}/merge`,
        {
          fromId: chosen,
          reason: reason.trim() === "" ? t("merge.defaultReason") : reason.trim(),
        },
      );
      toast({
        text: t("merge.done", { name: contact.name }),
        ms: 10_000,
        action: { label: t("common.undo"), run: () => onUndo(answer.mergeId) },
      });
      onMerged(answer.contact);
    } catch (thrown) {
      explain(thrown);
    }
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("merge.title", { name: contact.name })}
      closeLabel={t("common.close")}
      actions={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="primary" icon="merge" disabled={chosen === null} onClick={() => void merge()}>
            {t("merge.submit")}
          </Button>
        </>
      }
    >
      <p className="muted">{t("merge.lead")}</p>
      <TextField
        label={t("merge.find")}
        type="search"
        value={query}
        autoFocus
        onChange={(event) => setQuery(event.target.value)}
      />
      <fieldset className="found">
        <legend className="hidden">{t("merge.found")}</legend>
        {found.map((one) => (
          <label key={one.id}>
            <input type="radio" name="merge" checked={chosen === one.id} onChange={() => setChosen(one.id)} />
            <span>
              <strong>{one.name === "" ? t("contact.anonymous") : one.name}</strong>
              <span className="muted">{one.identities.join(" · ")}</span>
            </span>
          </label>
        ))}
        {found.length === 0 ? <p className="muted">{t("merge.nobody")}</p> : null}
      </fieldset>
      <TextField
        label={t("merge.reason")}
        value={reason}
        maxLength={300}
        onChange={(event) => setReason(event.target.value)}
      />
    </Dialog>
  );
};

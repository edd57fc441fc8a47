import { useState, type FormEvent, type ReactNode } from "react";
import { toast } from "../../kit/bits.tsx";
import { Button, IconButton } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Check, Select, TextField } from "../../kit/field.tsx";
import { Icon } from "../../kit/icons.tsx";
import { agentName, channelTitle, useDesk, useWords } from "../context.ts";
import { isNarrowed, type Filter } from "./filter.ts";

type Change = (filter: Filter) => void;

const FilterForm = ({
  filter,
  onFilter,
  onClose,
}: {
  filter: Filter;
  onFilter: Change;
  onClose: () => void;
}): ReactNode => {
  const { t, maybe, compare } = useWords();
  const { boot } = useDesk();
  const [draft, setDraft] = useState(filter);
  const any = { value: "", label: t("filter.any") };
  const apply = (event: FormEvent) => {
    event.preventDefault();
    onFilter({ ...draft, tag: draft.tag?.trim() === "" ? null : (draft.tag?.trim() ?? null) });
    onClose();
  };
  return (
    <Dialog open onClose={onClose} title={t("filter.title")} closeLabel={t("common.close")}>
      <form className="form" onSubmit={apply}>
        <Select
          label={t("filter.channel")}
          value={draft.channel ?? ""}
          onValue={(channel) => setDraft({ ...draft, channel: channel === "" ? null : channel })}
          choices={[
            any,
            ...boot.channels.map(({ kind }) => ({ value: kind, label: channelTitle({ boot, maybe, kind }) })),
          ]}
        />
        <Select
          label={t("filter.assignee")}
          value={draft.assigneeId ?? ""}
          onValue={(id) => setDraft({ ...draft, assigneeId: id === "" ? null : id })}
          choices={[
            any,
            ...boot.agents
              .toSorted((a, b) => compare(a.name, b.name))
              .map((agent) => ({ value: agent.id, label: agent.name })),
          ]}
        />
        <TextField
          label={t("filter.tag")}
          maxLength={40}
          value={draft.tag ?? ""}
          onChange={(event) => setDraft({ ...draft, tag: event.target.value === "" ? null : event.target.value })}
        />
        <Check
          label={t("filter.unanswered")}
          checked={draft.unanswered}
          onChecked={(unanswered) => setDraft({ ...draft, unanswered })}
        />
        <Check
          label={t("filter.urgent")}
          checked={draft.urgent}
          onChecked={(urgent) => setDraft({ ...draft, urgent })}
        />
        <div className="form-actions">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary">
            {t("filter.apply")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

const NameForm = ({ onName, onClose }: { onName: (name: string) => void; onClose: () => void }): ReactNode => {
  const { t } = useWords();
  const [name, setName] = useState("");
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") return;
    onName(name.trim());
    onClose();
    toast({ text: t("common.saved") });
  };
  return (
    <Dialog open onClose={onClose} title={t("filter.save")} closeLabel={t("common.close")}>
      <form className="form" onSubmit={save}>
        <TextField
          label={t("common.name")}
          required
          maxLength={60}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <div className="form-actions">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary">
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

/** Opens the filter. */
export const FilterButton = ({ filter, onFilter }: { filter: Filter; onFilter: Change }): ReactNode => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  return (
    <>
      <IconButton
        icon="filter"
        label={t("filter.title")}
        aria-pressed={isNarrowed(filter)}
        onClick={() => setOpen(true)}
      />
      {open ? <FilterForm filter={filter} onFilter={onFilter} onClose={() => setOpen(false)} /> : null}
    </>
  );
};

/** What the list is narrowed to, each part with its end, and the way to keep it as a view. */
export const FilterChips = ({
  filter,
  onFilter,
  onSave,
}: {
  filter: Filter;
  onFilter: Change;
  onSave: (name: string) => void;
}): ReactNode => {
  const { t, maybe } = useWords();
  const { boot } = useDesk();
  const [naming, setNaming] = useState(false);
  const tenant = boot.tenants.find(({ id }) => id === filter.tenantId);
  const queue = boot.queues.find(({ id }) => id === filter.queueId);
  const chips: readonly { readonly says: string; readonly without: Filter }[] = [
    ...(tenant === undefined ? [] : [{ says: tenant.name, without: { ...filter, tenantId: null } }]),
    ...(queue === undefined ? [] : [{ says: queue.name, without: { ...filter, queueId: null } }]),
    ...(filter.channel === null
      ? []
      : [{ says: channelTitle({ boot, maybe, kind: filter.channel }), without: { ...filter, channel: null } }]),
    ...(filter.assigneeId === null
      ? []
      : [
          {
            says: agentName(boot, filter.assigneeId) ?? t("filter.assignee"),
            without: { ...filter, assigneeId: null },
          },
        ]),
    ...(filter.tag === null ? [] : [{ says: `#${filter.tag}`, without: { ...filter, tag: null } }]),
    ...(filter.unanswered ? [{ says: t("filter.unanswered"), without: { ...filter, unanswered: false } }] : []),
    ...(filter.urgent ? [{ says: t("filter.urgent"), without: { ...filter, urgent: false } }] : []),
  ];
  if (chips.length === 0 && filter.query === "") return null;
  return (
    <div className="chips">
      {chips.map(({ says, without }) => (
        <button
          key={says}
          type="button"
          className="chip"
          aria-label={t("filter.remove", { what: says })}
          onClick={() => onFilter(without)}
        >
          {says}
          <Icon name="close" size={11} />
        </button>
      ))}
      <button type="button" className="chip chip-save" onClick={() => setNaming(true)}>
        {t("filter.save")}
      </button>
      {naming ? <NameForm onName={onSave} onClose={() => setNaming(false)} /> : null}
    </div>
  );
};

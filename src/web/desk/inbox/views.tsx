import type { ReactNode } from "react";
import { Link } from "wouter";
import type { ViewSpec } from "#wire";
import { useValue } from "../../kit/bits.tsx";
import { Icon, type IconName } from "../../kit/icons.tsx";
import { useDesk, useWords } from "../context.ts";
import type { Filter, SavedView } from "./filter.ts";

const views: readonly { kind: ViewSpec["kind"]; icon: IconName; keys: string }[] = [
  { kind: "mine", icon: "user", keys: "g m" },
  { kind: "unassigned", icon: "inbox", keys: "g u" },
  { kind: "all", icon: "queue", keys: "g a" },
  { kind: "snoozed", icon: "clock", keys: "g s" },
  { kind: "closed", icon: "check", keys: "g c" },
];

const Choice = ({
  on,
  label,
  color,
  onChoose,
}: {
  on: boolean;
  label: string;
  color?: string;
  onChoose: () => void;
}): ReactNode => (
  <li>
    <button type="button" className={on ? "view view-here" : "view"} aria-pressed={on} onClick={onChoose}>
      {color === undefined ? null : <span className="dot" style={{ background: color }} />}
      <span className="view-name">{label}</span>
    </button>
  </li>
);

/** The fixed views with their counts, then one's clients and queues as filters. */
export const Views = ({
  kind,
  filter,
  onFilter,
  saved,
  onSaved,
  onForget,
}: {
  kind: ViewSpec["kind"];
  filter: Filter;
  onFilter: (filter: Filter) => void;
  saved: readonly SavedView[];
  onSaved: (view: SavedView) => void;
  onForget: (view: SavedView) => void;
}): ReactNode => {
  const { t, compare } = useWords();
  const { boot, inbox } = useDesk();
  const counts = useValue(inbox.counts);
  const queues = boot.queues
    .filter((queue) => filter.tenantId === null || queue.tenantId === filter.tenantId)
    .toSorted((a, b) => compare(a.name, b.name));
  const tenantName = (id: string) => boot.tenants.find((tenant) => tenant.id === id)?.name ?? "";
  const ambiguous = (name: string) => queues.filter((queue) => queue.name === name).length > 1;
  return (
    <nav className="views" aria-label={t("views.title")}>
      <ul>
        {views.map((view) => {
          const count = view.kind === "closed" ? null : counts[view.kind];
          return (
            <li key={view.kind}>
              <Link
                href={`/inbox/${view.kind}`}
                className={view.kind === kind ? "view view-here" : "view"}
                {...(view.kind === kind ? { "aria-current": "page" as const } : {})}
              >
                <Icon name={view.icon} />
                <span className="view-name">{t(`views.${view.kind}`)}</span>
                {count === null ? null : <span className="view-count">{count}</span>}
              </Link>
            </li>
          );
        })}
      </ul>
      {saved.length === 0 ? null : (
        <>
          <h2>{t("views.saved")}</h2>
          <ul>
            {saved.map((one) => (
              <li key={one.id} className="view-saved">
                <button
                  type="button"
                  className={one.kind === kind && one.filter === filter ? "view view-here" : "view"}
                  aria-pressed={one.kind === kind && one.filter === filter}
                  onClick={() => onSaved(one)}
                >
                  <Icon name="filter" />
                  <span className="view-name">{one.name}</span>
                </button>
                <button
                  type="button"
                  className="icon-button view-forget"
                  aria-label={t("views.forget", { name: one.name })}
                  onClick={() => onForget(one)}
                >
                  <Icon name="close" size={12} />
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {boot.tenants.length > 1 ? (
        <>
          <h2>{t("views.clients")}</h2>
          <ul>
            {boot.tenants.map((tenant) => (
              <Choice
                key={tenant.id}
                on={filter.tenantId === tenant.id}
                label={tenant.name}
                color={tenant.color}
                onChoose={() =>
                  onFilter({ ...filter, queueId: null, tenantId: filter.tenantId === tenant.id ? null : tenant.id })
                }
              />
            ))}
          </ul>
        </>
      ) : null}
      {queues.length === 0 ? null : (
        <>
          <h2>{t("views.queues")}</h2>
          <ul>
            {queues.map((queue) => (
              <Choice
                key={queue.id}
                on={filter.queueId === queue.id}
                label={ambiguous(queue.name) ? `${queue.name} · ${tenantName(queue.tenantId)}` : queue.name}
                onChoose={() => onFilter({ ...filter, queueId: filter.queueId === queue.id ? null : queue.id })}
              />
            ))}
          </ul>
        </>
      )}
    </nav>
  );
};

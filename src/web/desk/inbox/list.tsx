import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import type { ViewSpec } from "#wire";
import { Empty, Skeleton, useValue } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { useDesk, useWords } from "../context.ts";
import { Row, rowHeight, rowId } from "./row.tsx";
import { Bulk } from "./bulk.tsx";
import { isNarrowed, type Filter } from "./filter.ts";
import { FilterButton, FilterChips } from "./filters.tsx";

/** The list with its search box. Its order stands still under the pointer; what waits is one click away. */
export const List = ({
  kind,
  filter,
  onFilter,
  onSave,
  active,
  onOpen,
  chosen,
  onChoose,
  onChooseNone,
}: {
  kind: ViewSpec["kind"];
  filter: Filter;
  onFilter: (filter: Filter) => void;
  onSave: (name: string) => void;
  active: string | null;
  onOpen: (id: string) => void;
  chosen: ReadonlySet<string>;
  onChoose: (id: string) => void;
  onChooseNone: () => void;
}): ReactNode => {
  const { t } = useWords();
  const { boot, inbox } = useDesk();
  const [, go] = useLocation();
  const window = useValue(inbox.window);
  const counts = useValue(inbox.counts);
  const [query, setQuery] = useState(filter.query);
  const [asked, setAsked] = useState(filter.query);
  // A saved view brings its own words.
  if (asked !== filter.query) {
    setAsked(filter.query);
    setQuery(filter.query);
  }
  // nothing moves while somebody is about to point at a row, or reads further down
  const hold = useRef({ pointer: false, away: false });
  const holding = useCallback(
    (change: { pointer?: boolean; away?: boolean }) => {
      hold.current = { ...hold.current, ...change };
      inbox.freeze(hold.current.pointer || hold.current.away);
    },
    [inbox],
  );
  const scrolled = useCallback((away: boolean) => holding({ away }), [holding]);
  const end = useCallback(() => void inbox.loadMore(), [inbox]);

  useEffect(() => {
    if (query === filter.query) return undefined;
    const timer = setTimeout(() => onFilter({ ...filter, query: query.trim() }), 250);
    return () => clearTimeout(timer);
  }, [query, filter, onFilter]);
  useEffect(() => () => inbox.freeze(false), [inbox]);

  const tenant = boot.tenants.find((one) => one.id === filter.tenantId);
  const total =
    kind === "closed" ||
    filter.query !== "" ||
    filter.tenantId !== null ||
    filter.queueId !== null ||
    isNarrowed(filter)
      ? null
      : counts[kind];

  return (
    <section
      className="list"
      aria-labelledby="list-title"
      onPointerEnter={() => holding({ pointer: true })}
      onPointerLeave={() => holding({ pointer: false })}
    >
      <header className="list-head">
        <h1 id="list-title">
          {t(`views.${kind}`)}
          {tenant === undefined ? null : <span className="list-filter"> · {tenant.name}</span>}
        </h1>
        <select
          className="list-view-select"
          aria-label={t("views.title")}
          value={kind}
          onChange={(event) => go(`/inbox/${event.target.value}`)}
        >
          {(["mine", "unassigned", "all", "snoozed", "closed"] as const).map((one) => (
            <option key={one} value={one}>
              {t(`views.${one}`)}
            </option>
          ))}
        </select>
        {total === null ? null : <span className="list-total">{t("list.total", { n: total })}</span>}
        <div className="list-tools">
          <div className="search" role="search">
            <Icon name="search" />
            <input
              id="inbox-search"
              type="search"
              autoComplete="off"
              aria-label={t("list.search")}
              placeholder={t("list.search")}
              value={query}
              onChange={(event) => setQuery(event.target.value)}
              onKeyDown={(event) => {
                if (event.key !== "Escape") return;
                setQuery("");
                event.currentTarget.blur();
              }}
            />
          </div>
          <FilterButton filter={filter} onFilter={onFilter} />
          {window.waiting === 0 ? null : (
            <button
              type="button"
              className="pill"
              onClick={() => {
                document.querySelector(".virtual-list")?.scrollTo({ top: 0 });
                inbox.letGo();
              }}
            >
              {t("list.waiting", { n: window.waiting })}
            </button>
          )}
        </div>
        <FilterChips filter={filter} onFilter={onFilter} onSave={onSave} />
        {chosen.size === 0 ? null : <Bulk chosen={chosen} onClear={onChooseNone} />}
      </header>
      <div className="list-body">
        {window.state === "loading" ? <Skeleton lines={9} /> : null}
        {window.state === "refused" ? (
          <Empty icon="warning" title={t(`refusal.${window.refusal ?? "failed"}`)}>
            <Button onClick={() => void inbox.open(window.spec)}>{t("common.tryAgain")}</Button>
          </Empty>
        ) : null}
        {window.state === "ready" && window.order.length === 0 ? (
          <Empty
            icon="check"
            title={filter.query === "" && !isNarrowed(filter) ? t(`list.empty.${kind}`) : t("list.nothingFound")}
          />
        ) : null}
        {window.order.length === 0 ? null : (
          <VirtualList
            ids={window.order}
            height={rowHeight}
            active={active}
            label={t("list.title")}
            idOf={rowId}
            onActive={onOpen}
            onOpen={() => active !== null && document.getElementById("composer")?.focus()}
            onEnd={end}
            onScrolled={scrolled}
          >
            {(row) => <Row key={row.id} {...row} chosen={chosen.has(row.id)} onOpen={onOpen} onChoose={onChoose} />}
          </VirtualList>
        )}
      </div>
    </section>
  );
};

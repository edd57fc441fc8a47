import { useCallback, useEffect, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import type { ViewSpec } from "#wire";
import { Empty, useValue } from "../../kit/bits.tsx";
import { useCommands } from "../commands.ts";
import { useDesk, useWords } from "../context.ts";
import { Pane } from "../conversation/pane.tsx";
import { List } from "./list.tsx";
import { Views, type Filter } from "./views.tsx";

const kinds = ["mine", "unassigned", "all", "snoozed", "closed"] as const;
type Kind = ViewSpec["kind"];
const kindOf = (view: string): Kind => kinds.find((kind) => kind === view) ?? "mine";

/** Views, list and conversation. One column at a time on a narrow screen. */
export const Inbox = ({ view, id }: { view: string; id: string | null }): ReactNode => {
  const { t } = useWords();
  const { inbox } = useDesk();
  const [, go] = useLocation();
  const kind = kindOf(view);
  const [filter, setFilter] = useState<Filter>({ tenantId: null, queueId: null, query: "" });
  const [at, setAt] = useState<string | null>(id);
  const window = useValue(inbox.window);
  const active = id ?? at;

  useEffect(() => {
    void inbox.open({
      kind,
      ...(filter.tenantId === null ? {} : { tenantId: filter.tenantId }),
      ...(filter.queueId === null ? {} : { queueId: filter.queueId }),
      ...(filter.query === "" ? {} : { query: filter.query }),
    });
  }, [inbox, kind, filter]);

  const open = useCallback(
    (next: string) => {
      setAt(next);
      go(`/inbox/${kind}/${next}`);
    },
    [go, kind],
  );
  const step = (by: number) => {
    const order = window.order;
    const from = active === null ? -1 : order.indexOf(active);
    const next = order[Math.max(0, Math.min(order.length - 1, from + by))];
    if (next !== undefined) open(next);
  };
  useCommands({
    j: () => step(1),
    k: () => step(-1),
    Enter: () => active !== null && open(active),
    "/": () => document.getElementById("inbox-search")?.focus(),
  });

  return (
    <main id="main" className={id === null ? "inbox" : "inbox inbox-open"}>
      <Views kind={kind} filter={filter} onFilter={setFilter} />
      <List kind={kind} filter={filter} onFilter={setFilter} active={active} onOpen={open} />
      {id === null ? (
        <section className="pane pane-empty" aria-label={t("conversation.none")}>
          <Empty icon="inbox" title={t("conversation.none")}>
            <p className="muted">{t("conversation.noneHelp")}</p>
          </Empty>
        </section>
      ) : (
        <Pane
          key={id}
          id={id}
          onBack={() => {
            setAt(id);
            go(`/inbox/${kind}`);
          }}
        />
      )}
    </main>
  );
};

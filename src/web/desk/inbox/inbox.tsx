import { lazy, Suspense, useCallback, useEffect, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import type { ViewSpec } from "#wire";
import { Empty, useValue } from "../../kit/bits.tsx";
import { explain } from "../actions.ts";
import { useCommands } from "../commands.ts";
import { useDesk, useWords } from "../context.ts";
import { List } from "./list.tsx";
import { kinds, mostSaved, noFilter, savedViews, specOf, storedViews, type Filter, type SavedView } from "./filter.ts";
import { Views } from "./views.tsx";

// Asked for at once and not waited for: the list is on the screen before anybody opens a conversation.
const pane = import("../conversation/pane.tsx");
const Pane = lazy(async () => ({ default: (await pane).Pane }));

type Kind = ViewSpec["kind"];
const kindOf = (view: string): Kind => kinds.find((kind) => kind === view) ?? "mine";

/** Views, list and conversation. One column at a time on a narrow screen. */
export const Inbox = ({ view, id }: { view: string; id: string | null }): ReactNode => {
  const { t } = useWords();
  const { inbox, api, boot } = useDesk();
  const [, go] = useLocation();
  const kind = kindOf(view);
  const [filter, setFilter] = useState<Filter>(noFilter);
  const [saved, setSaved] = useState(() => savedViews(boot.settings));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState<string | null>(id);
  const window = useValue(inbox.window);
  const active = id ?? at;

  useEffect(() => {
    setChosen(new Set());
    void inbox.open(specOf(kind, filter));
  }, [inbox, kind, filter]);

  const keep = (views: readonly SavedView[]) => {
    const before = saved;
    setSaved(views);
    api.send("PATCH", "/api/me", { settings: storedViews(views) }).catch((thrown: unknown) => {
      setSaved(before);
      explain(thrown);
    });
  };
  const choose = useCallback(
    (next: string) =>
      setChosen((now) => {
        const then = new Set(now);
        if (!then.delete(next)) then.add(next);
        return then;
      }),
    [],
  );
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
    x: () => active !== null && choose(active),
    "/": () => document.getElementById("inbox-search")?.focus(),
  });

  return (
    <main id="main" className={id === null ? "inbox" : "inbox inbox-open"}>
      <Views
        kind={kind}
        filter={filter}
        onFilter={setFilter}
        saved={saved}
        onSaved={(one) => {
          setFilter(one.filter);
          go(`/inbox/${one.kind}`);
        }}
        onForget={(one) => keep(saved.filter(({ id }) => id !== one.id))}
      />
      <List
        kind={kind}
        filter={filter}
        onFilter={setFilter}
        onSave={(name) => keep([...saved, { id: crypto.randomUUID(), name, kind, filter }].slice(-mostSaved))}
        active={active}
        onOpen={open}
        chosen={chosen}
        onChoose={choose}
        onChooseNone={() => setChosen(new Set())}
      />
      {id === null ? (
        <section className="pane pane-empty" aria-label={t("conversation.none")}>
          <Empty icon="inbox" title={t("conversation.none")}>
            <p className="muted">{t("conversation.noneHelp")}</p>
          </Empty>
        </section>
      ) : (
        <Suspense fallback={<section className="pane" aria-busy="true" />}>
          <Pane
            key={id}
            id={id}
            onBack={() => {
              setAt(id);
              go(`/inbox/${kind}`);
            }}
          />
        </Suspense>
      )}
    </main>
  );
};

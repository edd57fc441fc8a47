import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import type { ConversationRow } from "#wire";
import { Empty, Skeleton } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Composer } from "../composer/composer.tsx";
import { inkOn, tenantOf, useDesk, useHeld, useWords } from "../context.ts";
import { Header } from "./header.tsx";
import { Thread } from "./thread.tsx";

const ContactPanel = lazy(async () => ({ default: (await import("../contact/panel.tsx")).ContactPanel }));

/** One conversation: for whom we speak, what was said, what we answer, and who the customer is. */
export const Pane = ({ id, onBack }: { id: string; onBack: () => void }): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  const held = useHeld(id);
  const [panel, setPanel] = useState(() => matchMedia("(min-width: 1180px)").matches);

  useEffect(() => {
    void desk.conversations.open(id);
    desk.presence.look(id);
    return () => {
      desk.drafts.flush();
      desk.presence.leave();
      desk.conversations.leave(id);
    };
  }, [desk, id]);

  const row = held?.row ?? desk.inbox.row(id) ?? null;
  useRead(id, held?.state === "ready" ? row : null);

  if (held?.state === "refused")
    return (
      <section className="pane pane-empty" aria-label={t("conversation.title")}>
        <Empty
          icon="warning"
          title={t(
            `conversation.refused.${held.refusal === "not-found" || held.refusal === "forbidden" ? "gone" : "failed"}`,
          )}
        >
          <Button onClick={() => void desk.conversations.open(id)}>{t("common.tryAgain")}</Button>
          <Button onClick={onBack}>{t("conversation.back")}</Button>
        </Empty>
      </section>
    );
  if (row === null)
    return (
      <section className="pane" aria-busy="true" aria-label={t("conversation.title")}>
        <Skeleton lines={8} />
      </section>
    );

  const tenant = tenantOf(desk.boot, row.tenantId);
  const color = tenant?.color ?? "#444444";
  return (
    <section
      className={panel ? "pane pane-with-panel" : "pane"}
      aria-label={t("conversation.number", { number: `#${row.number}` })}
    >
      <div className="pane-main">
        <p className="client-band" style={{ background: color, color: inkOn(color) }}>
          <strong>{tenant?.name}</strong>
          {tenant === undefined || tenant.greeting === "" ? null : <span>{tenant.greeting}</span>}
        </p>
        <Header row={row} onBack={onBack} panel={panel} onPanel={() => setPanel(!panel)} />
        {held === undefined || held.state === "loading" ? (
          <div className="thread-wait" aria-busy="true">
            <Skeleton lines={6} />
          </div>
        ) : (
          <Thread held={held} />
        )}
        <Composer id={id} row={row} held={held ?? null} onDone={onBack} />
      </div>
      {panel && held !== undefined && held.contact !== null ? (
        <Suspense fallback={<aside className="panel" aria-busy="true" />}>
          <ContactPanel contact={held.contact} row={row} onClose={() => setPanel(false)} />
        </Suspense>
      ) : null}
    </section>
  );
};

/** Marks what is on the screen as read, while somebody can see it. */
const useRead = (id: string, row: ConversationRow | null): void => {
  const desk = useDesk();
  const seq = row?.lastSeq ?? 0;
  const unread = row?.unread ?? 0;
  useEffect(() => {
    if (unread === 0) return undefined;
    const read = () => {
      if (!document.hidden) void desk.ask("conversation.read", { id, seq }).catch(() => undefined);
    };
    const timer = setTimeout(read, 700);
    document.addEventListener("visibilitychange", read);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", read);
    };
  }, [desk, id, seq, unread]);
};

import { memo, type ReactNode } from "react";
import { Avatar, useNow } from "../../kit/bits.tsx";
import { ChannelIcon, Icon } from "../../kit/icons.tsx";
import { agentName, channelTitle, tenantOf, useDesk, usePresence, useRow, useWords } from "../context.ts";

export const rowHeight = 68;
export const rowId = (id: string): string => `row-${id}`;

/** One conversation in the list. Subscribes to its own row only. */
export const Row = memo(function Row({
  id,
  top,
  position,
  size,
  active,
  chosen,
  onOpen,
  onChoose,
}: {
  id: string;
  top: number;
  position: number;
  size: number;
  active: boolean;
  /** Ticked, for what is done to many at once. */
  chosen: boolean;
  onOpen: (id: string) => void;
  onChoose: (id: string) => void;
}): ReactNode {
  const { t, maybe, short } = useWords();
  const { boot } = useDesk();
  const row = useRow(id);
  const around = usePresence(id);
  const now = useNow();
  if (row === undefined) return null;
  const tenant = tenantOf(boot, row.tenantId);
  const name = row.contact.name === "" ? t("contact.anonymous") : row.contact.name;
  const assignee = agentName(boot, row.assigneeId);
  const waits = row.waitingSince !== null && now - Date.parse(row.waitingSince) > 3_600_000 && row.status !== "closed";
  return (
    // keys are the listbox's business: options are never focused
    <div
      id={rowId(id)}
      role="option"
      aria-selected={active}
      aria-checked={chosen}
      aria-posinset={position}
      aria-setsize={size}
      className={`row ${active ? "row-active" : ""} ${chosen ? "row-chosen" : ""} ${row.unread > 0 ? "row-unread" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onOpen(id)}
    >
      <span className="row-stripe" style={{ background: tenant?.color ?? "transparent" }} />
      {/* a place for the pointer; the keyboard ticks with its own key */}
      <span
        className="row-tick"
        aria-hidden="true"
        title={t("bulk.choose")}
        onClick={(event) => {
          event.stopPropagation();
          onChoose(id);
        }}
      >
        <Avatar id={row.contact.id} name={name} />
        <span className="row-box">{chosen ? <Icon name="check" size={14} /> : null}</span>
      </span>
      <span className="row-top">
        <ChannelIcon
          kind={row.lastKind}
          title={row.lastKind === null ? "" : channelTitle({ boot, maybe, kind: row.lastKind })}
        />
        <span className="row-name">{name}</span>
        {row.priority > 0 ? <span className="row-flag">{t("row.priority")}</span> : null}
        <time className={waits ? "row-time row-late" : "row-time"} dateTime={row.lastAt}>
          {short(row.lastAt, now)}
        </time>
      </span>
      <span className="row-middle">
        {around.customerTyping ? (
          <span className="row-typing">{t("row.typing")}</span>
        ) : (
          <span className="row-preview">
            {row.lastDirection === "out" ? <span className="row-who">{t("row.you")} </span> : null}
            {row.lastDirection === "note" ? <span className="row-who">{t("row.note")} </span> : null}
            {row.preview}
          </span>
        )}
        {row.unread > 0 ? (
          <span className="badge">
            <span aria-hidden="true">{row.unread}</span>
            <span className="hidden">{t("row.unread", { n: row.unread })}</span>
          </span>
        ) : null}
      </span>
      <span className="row-bottom">
        <span className="row-tenant">{tenant?.name}</span>
        {row.subject === null || row.subject === "" ? null : <span className="row-subject">{row.subject}</span>}
        {around.viewers.length > 0 ? (
          <span className="row-viewers">
            <Icon name={around.viewers.some((one) => one.activity !== "viewing") ? "pen" : "eye"} size={13} />
            <span>{around.viewers.map((one) => one.name.split(" ")[0]).join(", ")}</span>
          </span>
        ) : assignee === null || row.assigneeId === boot.me.id ? null : (
          <span className="row-assignee">
            <span className="hidden">{t("header.assignee")} </span>
            {assignee}
          </span>
        )}
      </span>
    </div>
  );
});

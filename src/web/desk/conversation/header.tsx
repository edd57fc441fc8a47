import { lazy, Suspense, useState, type ReactNode } from "react";
import type { ConversationRow } from "#wire";
import { Button, Hint, IconButton, Menu, type MenuEntry } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import { assign, claim, close, reopen, snooze, snoozeTimes, update } from "../actions.ts";
import { useCommands } from "../commands.ts";
import { agentName, roleIn, useDesk, usePresence, useWords } from "../context.ts";
import { WindowLine } from "./window.tsx";

const Tags = lazy(async () => ({ default: (await import("./tags.tsx")).Tags }));

/** Who, which case, whose it is, and what can be done with it. */
export const Header = ({
  row,
  onBack,
  panel,
  onPanel,
}: {
  row: ConversationRow;
  onBack: () => void;
  panel: boolean;
  onPanel: () => void;
}): ReactNode => {
  const { t, dateTime, compare } = useWords();
  const desk = useDesk();
  const { boot } = desk;
  const around = usePresence(row.id);
  const [tags, setTags] = useState(false);
  const mayWork = roleIn(boot, row.tenantId) !== "client_viewer";
  const mine = row.assigneeId === boot.me.id;
  const closed = row.status === "closed";
  const sleeping = row.status === "snoozed";

  useCommands(
    mayWork
      ? {
          e: () => void (closed ? reopen(desk, row) : close(desk, row)),
          h: () => document.getElementById("snooze")?.click(),
          a: () => void claim(desk, row),
          Escape: () => {
            const focused = document.activeElement;
            if (focused instanceof HTMLElement && focused !== document.body) focused.blur();
            else onBack();
          },
        }
      : { Escape: onBack },
  );

  const agents: readonly MenuEntry[] = boot.agents
    .filter((agent) => agent.tenantIds.includes(row.tenantId))
    .toSorted((a, b) => (a.id === boot.me.id ? -1 : b.id === boot.me.id ? 1 : compare(a.name, b.name)))
    .map((agent) => ({
      label: agent.id === boot.me.id ? t("header.me", { name: agent.name }) : agent.name,
      checked: agent.id === row.assigneeId,
      run: () => void assign(desk, row, agent.id),
    }));
  const queues = boot.queues.filter((queue) => queue.tenantId === row.tenantId);
  const name = row.contact.name === "" ? t("contact.anonymous") : row.contact.name;

  return (
    <header className="head">
      <IconButton icon="back" label={t("conversation.back")} className="head-back" onClick={onBack} />
      <div className="head-who">
        <h1>{name}</h1>
        <p className="head-line">
          <span>#{row.number}</span>
          <span className={`status status-${row.status}`}>{t(`status.${row.status}`)}</span>
          {sleeping && row.snoozedUntil !== null ? (
            <span>{t("header.until", { at: dateTime(row.snoozedUntil) })}</span>
          ) : null}
          <WindowLine id={row.id} />
          {row.subject === null || row.subject === "" ? null : <span className="head-subject">{row.subject}</span>}
          {row.tags.length === 0 ? null : (
            <span className="head-tags" title={row.tags.join(", ")}>
              {row.tags.map((tag) => (
                <span key={tag} className="tag">
                  {tag}
                </span>
              ))}
            </span>
          )}
        </p>
      </div>
      {around.viewers.length === 0 ? null : (
        <p className="head-viewers" role="status">
          <Icon name={around.viewers.some((one) => one.activity !== "viewing") ? "pen" : "eye"} />
          <span>{around.viewers.map((one) => t(`header.${one.activity}`, { name: one.name })).join(", ")}</span>
        </p>
      )}
      <div className="head-actions">
        {mayWork ? (
          <>
            {row.assigneeId === null ? (
              <Hint text={t("header.claimHint")} keys="a">
                <Button look="primary" onClick={() => void claim(desk, row)}>
                  {t("header.claim")}
                </Button>
              </Hint>
            ) : null}
            <Menu
              heading={t("header.assignTo")}
              trigger={
                <Button className="head-assignee" icon="user">
                  <span className="hidden">{t("header.assignee")} </span>
                  <span className={row.assigneeId === null ? "hidden" : "head-name"}>
                    {mine ? t("header.you") : (agentName(boot, row.assigneeId) ?? t("header.nobody"))}
                  </span>
                  <Icon name="down" size={13} />
                </Button>
              }
              entries={[
                ...agents,
                "line",
                {
                  label: t("header.unassign"),
                  disabled: row.assigneeId === null,
                  run: () => void assign(desk, row, null),
                },
              ]}
            />
            <Menu
              heading={t("header.snoozeUntil")}
              trigger={
                <button
                  type="button"
                  id="snooze"
                  className="icon-button"
                  aria-label={t("header.snooze")}
                  title={`${t("header.snooze")} (h)`}
                >
                  <Icon name="clock" />
                </button>
              }
              entries={snoozeTimes(new Date()).map(({ key, at }) => ({
                label: `${t(`snooze.${key}`)} · ${dateTime(at.getTime())}`,
                run: () => void snooze(desk, row, at),
              }))}
            />
            <Menu
              trigger={
                <button type="button" className="icon-button" aria-label={t("header.more")} title={t("header.more")}>
                  <Icon name="more" />
                </button>
              }
              entries={[
                { label: t("header.tags"), icon: "tag", run: () => setTags(true) },
                {
                  label: row.priority > 0 ? t("header.normalPriority") : t("header.highPriority"),
                  icon: "warning",
                  run: () => void update({ desk, row, set: { priority: row.priority > 0 ? 0 : 1 } }),
                },
                ...(queues.length === 0 ? [] : ["line" as const]),
                ...queues.map((queue) => ({
                  label: t("header.toQueue", { name: queue.name }),
                  checked: queue.id === row.queueId,
                  run: () => void update({ desk, row, set: { queueId: queue.id } }),
                })),
              ]}
            />
            <Hint text={t(closed || sleeping ? "header.reopen" : "header.close")} keys="e">
              <Button
                icon={closed || sleeping ? "undo" : "check"}
                onClick={() => void (closed || sleeping ? reopen(desk, row) : close(desk, row))}
              >
                {t(closed || sleeping ? "header.reopen" : "header.close")}
              </Button>
            </Hint>
          </>
        ) : null}
        <IconButton icon="panel" label={t("header.panel")} aria-pressed={panel} onClick={onPanel} />
      </div>
      {tags ? (
        <Suspense>
          <Tags row={row} onClose={() => setTags(false)} />
        </Suspense>
      ) : null}
    </header>
  );
};

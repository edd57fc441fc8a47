import { createHash } from "node:crypto";
import type { CallReport } from "#contract";
import type { StoredChange } from "#core/records";
import { type Scope, systemScope } from "#core/scope";
import { searchable } from "#core/search";
import { preview } from "#core/text";
import type { Queryable } from "./db.ts";
import { type Locked, lockConversation } from "./locked.ts";
import { finishSteps } from "./step.ts";

/** An id that is the same in every report of the call: rows of its steps are written once. */
const stepId = (callId: string, what: string): string => {
  const hex = createHash("sha256").update(`${callId} ${what}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const workState = (report: CallReport): string => {
  if (report.state === "ended") return report.missed === true ? "cancelled" : "done";
  return report.state === "talking" ? "assigned" : "queued";
};

type Row = {
  readonly id: string;
  readonly user: string;
  readonly state: string;
  readonly at: Date;
  readonly end: Date | null;
};

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Offers in the order they were made, each with how it ended. */
const reservations = (report: CallReport): readonly Row[] => {
  const rows: { id: string; user: string; state: string; at: Date; end: Date | null }[] = [];
  const close = (state: string, at: Date, agent?: string): void => {
    const last = rows.at(-1);
    if (last === undefined || last.state !== "offered" || (agent !== undefined && last.user !== agent)) return;
    last.state = state;
    last.end = at;
  };
  for (const [index, { name, at, detail }] of report.events.entries()) {
    const agent = text(detail["agent"]);
    if (name === "offered") {
      close("cancelled", at);
      rows.push({ id: stepId(report.id, `offer ${index}`), user: agent, state: "offered", at, end: null });
    } else if (name === "bridged") close("accepted", at, agent);
    else if (name === "offerRejected" || name === "agentLost") close("rejected", at, agent);
    else if (name === "offerExpired") close("timeout", at, agent);
    else if (name === "ended") close("cancelled", at);
  }
  return rows;
};

/** Stretches in which an agent spoke with the customer. */
const assignments = (report: CallReport): readonly Row[] => {
  const rows: { id: string; user: string; state: string; at: Date; end: Date | null }[] = [];
  const close = (at: Date): void => {
    const last = rows.at(-1);
    if (last?.end === null) Object.assign(last, { state: "done", end: at });
  };
  for (const [index, { name, at, detail }] of report.events.entries()) {
    if (name === "bridged") {
      close(at);
      rows.push({
        id: stepId(report.id, `assign ${index}`),
        user: text(detail["agent"]),
        state: "active",
        at,
        end: null,
      });
    } else if (name === "transferred" || name === "ended" || name === "queued") close(at);
  }
  return rows;
};

const writeWork = async (q: Queryable, report: CallReport, conversation: Locked, queueId: string): Promise<void> => {
  const users = (rows: readonly Row[]): string =>
    JSON.stringify(rows.map(({ id, user, state, at, end }) => ({ id, user, state, at, end })));
  await q.query({
    name: "put-call-work",
    text: `insert into work_item (id, tenant_id, conversation_id, queue_id, channel_kind, state, queued_at, ended_at)
      values ($1, $2, $3, $4, 'phone', $5, $6, $7)
      on conflict (id) do update set queue_id = excluded.queue_id, state = excluded.state, ended_at = excluded.ended_at`,
    values: [
      report.id,
      conversation.tenantId,
      conversation.id,
      queueId,
      workState(report),
      report.startedAt,
      report.endedAt ?? null,
    ],
  });
  await q.query({
    name: "put-call-reservations",
    text: `insert into reservation (id, tenant_id, work_item_id, user_id, state, offered_at, ended_at)
      select r.id, $2, $1, r.user, r.state, r.at, r.end from json_to_recordset($3::json)
        as r(id uuid, "user" uuid, state text, at timestamptz, "end" timestamptz)
      join membership m on m.tenant_id = $2 and m.user_id = r.user
      on conflict (id) do update set state = excluded.state, ended_at = excluded.ended_at`,
    values: [report.id, conversation.tenantId, users(reservations(report))],
  });
  await q.query({
    name: "put-call-assignments",
    text: `insert into assignment (id, tenant_id, work_item_id, user_id, state, started_at, ended_at, disposition)
      select r.id, $2, $1, r.user, r.state, r.at, r.end, $4 from json_to_recordset($3::json)
        as r(id uuid, "user" uuid, state text, at timestamptz, "end" timestamptz)
      join membership m on m.tenant_id = $2 and m.user_id = r.user
      on conflict (id) do update set state = excluded.state, ended_at = excluded.ended_at, disposition = excluded.disposition`,
    values: [report.id, conversation.tenantId, users(assignments(report)), report.wrapUp?.disposition ?? null],
  });
};

interface Place {
  readonly threadId: string;
  readonly conversationId: string;
  readonly messageId: string;
  readonly queueId: string | null;
}

/** The call's thread, its conversation and its card; null while the call was not received yet. */
const findCall = async (
  q: Queryable,
  tenantId: string,
  accountId: string,
  report: CallReport,
): Promise<Place | null> => {
  const [row] = await q.query<Place>({
    name: "find-call",
    text: `select t.id as "threadId", m.conversation_id as "conversationId", m.id as "messageId",
        (select qu.id from queue qu where qu.tenant_id = $1 and qu.key = $5) as "queueId"
      from thread t join message m on m.thread_id = t.id and m.account_id = $2 and m.external_id = $4::uuid::text
      where t.tenant_id = $1 and t.account_id = $2 and t.external_key = $3`,
    values: [tenantId, accountId, report.thread, report.id, report.queue ?? ""],
  });
  return row ?? null;
};

/**
 * Stores how a call stands: its row, the card in its conversation, whose it is, and the work it was. The same report
 * again changes nothing that matters. Null: the call's thread is not known.
 */
export const putCall = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly accountId: string;
  readonly report: CallReport;
  readonly now: Date;
}): Promise<{ readonly change: StoredChange | null; readonly conversationId: string } | null> => {
  const { q, tenantId, accountId, report, now } = input;
  const place = await findCall(q, tenantId, accountId, report);
  if (place === null) return null;
  const conversation = await lockConversation({ q, scope: systemScope({ tenantId }), id: place.conversationId });
  await q.query({
    name: "put-call",
    text: `insert into call (id, tenant_id, thread_id, direction, state, legs, started_at, answered_at, ended_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      on conflict (id) do update set state = excluded.state, legs = excluded.legs,
        answered_at = coalesce(call.answered_at, excluded.answered_at), ended_at = coalesce(call.ended_at, excluded.ended_at)`,
    values: [
      report.id,
      tenantId,
      place.threadId,
      report.direction,
      report.state,
      JSON.stringify(report.events.filter(({ name }) => name !== "")),
      report.startedAt,
      report.answeredAt ?? null,
      report.endedAt ?? null,
    ],
  });
  const queueId = place.queueId ?? conversation.queueId;
  if (queueId !== null) await writeWork(q, report, conversation, queueId);
  const events = report.events
    .filter(({ name }) => name !== "")
    .map(({ at, name, detail }) => ({ at, name, ...detail }));
  await q.query({
    name: "put-call-card",
    text: `update message set body = $2, detail = detail || $3::jsonb, search_text = $4 where id = $1`,
    values: [
      place.messageId,
      report.text,
      JSON.stringify({ ...report.card, ...(events.length > 0 && { events }) }),
      searchable(undefined, report.text, report.wrapUp?.note ?? ""),
    ],
  });
  const talking = report.agentId !== undefined && report.state !== "queued" && report.missed !== true;
  await q.query({
    name: "put-call-conversation",
    text: `update conversation set
        queue_id = $2,
        assignee_id = case when $3::uuid is not null and exists (select 1 from membership
          where tenant_id = $4 and user_id = $3::uuid) then $3::uuid else assignee_id end,
        preview = case when last_seq = (select seq from message where id = $5) then $6 else preview end,
        waiting_since = case when $7 then null when $8 then coalesce(waiting_since, $9) else waiting_since end,
        unread = case when $7 then 0 else unread end,
        read_seq = case when $7 then last_seq else read_seq end
      where id = $1`,
    values: [
      conversation.id,
      queueId,
      talking ? (report.agentId ?? null) : null,
      tenantId,
      place.messageId,
      preview({ text: report.text, attachments: [] }),
      talking,
      report.missed === true,
      now,
    ],
  });
  const [change] = await finishSteps({
    q,
    steps: [
      {
        conversationId: conversation.id,
        tenantId,
        messageIds: [place.messageId],
        type: "message.changed",
        ...(queueId !== conversation.queueId && { formerQueueId: conversation.queueId }),
      },
    ],
  });
  return { change: change ?? null, conversationId: conversation.id };
};

/** Shows a stored recording on its call's card. */
export const showRecording = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
  readonly callId: string;
  readonly recording: { readonly id: string; readonly kind: string; readonly ms: number };
}): Promise<StoredChange | null> => {
  const { q, tenantId, callId, recording } = input;
  const [message] = await q.query<{ id: string; conversationId: string }>({
    name: "find-call-card",
    text: `select m.id, m.conversation_id as "conversationId" from call c
      join message m on m.thread_id = c.thread_id and m.external_id = c.id::text
      where c.id = $1 and c.tenant_id = $2`,
    values: [callId, tenantId],
  });
  if (message === undefined) return null;
  const { id } = await lockConversation({ q, scope: systemScope({ tenantId }), id: message.conversationId });
  await q.query({
    name: "show-recording",
    text: `update message set detail = jsonb_set(detail, '{recordings}', coalesce(detail->'recordings', '[]') || $2::jsonb)
      where id = $1 and not coalesce(detail->'recordings', '[]') @> $3::jsonb`,
    values: [message.id, JSON.stringify([recording]), JSON.stringify([{ id: recording.id }])],
  });
  const [change] = await finishSteps({
    q,
    steps: [{ conversationId: id, tenantId, messageIds: [message.id], type: "message.changed" }],
  });
  return change ?? null;
};

/** Keys of these queues of a tenant the scope sees: what a line's settings call them. */
export const queueKeys = async (input: {
  readonly db: Queryable;
  readonly scope: Scope;
  readonly tenantId: string;
  readonly queueIds: readonly string[];
}): Promise<readonly string[]> => {
  const rows = await input.db.query<{ key: string }>({
    name: "queue-keys",
    text: "select key from queue where tenant_id = $1 and tenant_id = any($2::uuid[]) and id = any($3::uuid[])",
    values: [input.tenantId, input.scope.tenantIds, input.queueIds],
  });
  return rows.map(({ key }) => key);
};

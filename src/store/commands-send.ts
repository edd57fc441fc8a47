import { randomBytes } from "node:crypto";
import type { Limits } from "#contract";
import type { MessageRecord, StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import { checkFiles, unseen } from "#core/reply";
import type { Scope } from "#core/scope";
import { preview } from "#core/text";
import { undoSeconds } from "#core/windows";
import type { Takes } from "#wire";
import type { Secrets } from "../secrets.ts";
import type { Begin } from "./begin.ts";
import type { Queryable } from "./db.ts";
import { loadConversations, loadMessages, loadSaidAfter } from "./load.ts";
import { type Locked, lockConversation } from "./locked.ts";
import {
  addDeliveries,
  addParts,
  ensureReplyToken,
  findParts,
  findUploads,
  type Recipient,
  type ReplyThread,
  type UploadedFile,
} from "./outgoing.ts";
import { newlySeen, type Seen } from "./seen.ts";
import { composeMessages } from "./send-compose.ts";
import { admitRecipients, isLetterThread, sendRecipients } from "./send-recipients.ts";
import { sendThread } from "./send-thread.ts";
import { actorOf, statusChange } from "./status.ts";
import { appendMessages, eventMessage, finishSteps } from "./step.ts";

/** What a send did: now, or when the same clientKey was here before. */
export interface SendResult {
  readonly message: MessageRecord;
  readonly change: StoredChange;
  /** Where something waits to go out, and when at the earliest. */
  readonly due: { readonly accountId: string; readonly at: Date } | null;
  /** Who answers has read. */
  readonly seen: readonly Seen[];
}

interface SendInput {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly takes: Takes<"message.send">;
  readonly secrets: Secrets;
  readonly limits: (kind: string) => Limits | undefined;
  /** Absent: no connection is open here, nothing can be begun. */
  readonly begin?: Begin;
  readonly now: Date;
}

type Sending = SendInput & { readonly begin: Begin };

const noThread = { thread: null, limits: null, linked: null } as const;

/**
 * What an earlier send with this clientKey did. It is told again, with all that came since: the hub that stored it may
 * have died, or lost the answer to its commit, before it told anybody.
 */
const already = async (input: SendInput, conversation: Locked): Promise<SendResult | undefined> => {
  const { q, takes } = input;
  const found = await q.query<{ id: string }>({
    name: "find-client-key",
    text: `select m.id from message k
        join message m on m.conversation_id = k.conversation_id and m.version >= k.version
      where k.conversation_id = $1 and k.client_key = $2`,
    values: [conversation.id, takes.clientKey],
  });
  if (found.length === 0) return undefined;
  const tenantIds = [conversation.tenantId];
  const messages = await loadMessages({ q, tenantIds, ids: found.map(({ id }) => id) });
  const [row] = await loadConversations({ q, tenantIds, ids: [conversation.id] });
  const message = messages.find((one) => one.clientKey === takes.clientKey);
  if (message === undefined || row === undefined) throw new Error("a stored message was not found");
  const [next] = message.deliveries.flatMap(({ state, nextAt }) =>
    (state === "held" || state === "queued") && nextAt !== null ? [nextAt] : [],
  );
  return {
    message,
    change: { prev: message.version - 1, row, messages },
    due: message.accountId === null || next === undefined ? null : { accountId: message.accountId, at: next },
    seen: [],
  };
};

const refuseStale = async (input: SendInput, conversation: Locked): Promise<void> => {
  const { expectedSeq } = input.takes;
  if (expectedSeq === undefined || expectedSeq >= conversation.lastSeq) return;
  const said = await loadSaidAfter({
    q: input.q,
    tenantId: conversation.tenantId,
    conversationId: conversation.id,
    seq: expectedSeq,
  });
  const messages = unseen({ messages: said, expectedSeq, writerId: input.scope.actor.id });
  if (messages.length > 0)
    throw new Refused("stale", "The conversation moved on while you were writing.", { messages });
};

/** A picture the letter's HTML refers to by its upload is a part of the text, not a file beside it. */
const placed =
  (html: string | undefined) =>
  (file: UploadedFile): UploadedFile =>
    html?.includes(`cid:${file.id}`) === true ? { ...file, contentId: file.id, inline: true } : file;

const year = 366 * 86_400_000;

/** When it goes: at the moment the agent chose, else when the time to take it back is over. */
const dueAt = (
  input: SendInput,
  conversation: Locked,
  thread: ReplyThread,
): { heldUntil: Date | null; scheduled: boolean } => {
  const { takes, now } = input;
  if (takes.sendAt !== undefined) {
    const at = new Date(takes.sendAt);
    const ahead = at.getTime() - now.getTime();
    if (ahead <= 0 || ahead > year) throw new Refused("bad-request", "Choose a moment within the next year.");
    return { heldUntil: at, scheduled: true };
  }
  const undo = undoSeconds({ policy: conversation.policy, kind: thread.kind });
  return { heldUntil: undo > 0 ? new Date(now.getTime() + undo * 1000) : null, scheduled: false };
};

const writeDeliveries = async (
  input: SendInput,
  o: {
    conversation: Locked;
    thread: ReplyThread;
    limits: Limits;
    recipients: readonly [Recipient, ...Recipient[]];
    messages: readonly { id: string; seq: number }[];
  },
): Promise<Date> => {
  const { q, secrets, now } = input;
  const { conversation, thread, limits, messages, recipients } = o;
  const { tenantId } = conversation;
  const { heldUntil, scheduled } = dueAt(input, conversation, thread);
  await addDeliveries({
    q,
    tenantId,
    conversationId: conversation.id,
    thread,
    messages,
    recipients,
    heldUntil,
    scheduled,
    now,
  });
  const [{ recipient }] = recipients;
  if (limits.subject && recipient !== "")
    await ensureReplyToken({
      q,
      tenantId,
      thread,
      recipientHash: secrets.keyedHash("reply-token", recipient),
      token: randomBytes(12).toString("hex"),
    });
  if (isLetterThread(thread, limits)) await admitRecipients(input, { tenantId, threadId: thread.id, recipients });
  return heldUntil ?? now;
};

/** Stores a reply with its deliveries, or a note, in the caller's transaction. Throws Refused. */
export const storeSend = async (given: SendInput): Promise<SendResult> => {
  const input: Sending = { begin: () => null, ...given };
  const { q, scope, takes, now } = input;
  const conversation = await lockConversation({ q, scope, id: takes.conversationId });
  const known = await already(input, conversation);
  if (known !== undefined) return known;

  const reply = takes.mode === "reply";
  if (reply) await refuseStale(input, conversation);
  const { thread, limits, linked } = reply ? await sendThread(input, conversation) : noThread;
  const { tenantId } = conversation;
  const files = [
    ...(await findUploads({ q, tenantId, ownerId: scope.actor.id, ids: takes.uploadIds })).map(placed(takes.html)),
    ...(await findParts({ q, conversationId: conversation.id, ids: takes.partIds ?? [] })),
  ];
  checkFiles({ limits: limits === null ? null : limits.attachments, files });
  const recipients =
    thread === null || limits === null ? null : await sendRecipients(input, { conversation, thread, limits });
  const messages = await composeMessages(input, { conversation, thread, limits, files });

  const me = scope.actor.type === "user" ? scope.actor.id : null;
  const takesOver = reply && conversation.assigneeId === null && me !== null;
  const actor = actorOf(scope, tenantId);
  const before = [
    ...(linked === null ? [] : [eventMessage({ actor, detail: { event: "linked", from: null, to: linked } })]),
    ...(takesOver ? [eventMessage({ actor, detail: { event: "assigned", from: null, to: me } })] : []),
  ];
  // Answering a sleeping or closed conversation wakes it, unless the agent says what shall become of it.
  const wakes = reply && (conversation.status === "snoozed" || conversation.status === "closed");
  const status = statusChange({
    conversation,
    to: takes.thenStatus ?? (wakes ? "open" : conversation.status),
    snoozedUntil: null,
    actor,
    now,
  });
  const all = [...before, ...messages, ...status.events];
  const firstSeq = conversation.lastSeq + before.length + 1;
  const lastSeq = await appendMessages({ q, conversation, messages: all, now });
  const last = messages.at(-1);
  if (last !== undefined) await addParts({ q, tenantId, messageId: last.id, files });
  const numbered = messages.map((message, index) => ({ id: message.id, seq: firstSeq + index }));
  const at =
    thread === null || limits === null || recipients === null
      ? null
      : await writeDeliveries(input, { conversation, thread, limits, recipients, messages: numbered });

  await q.query({
    name: "after-send",
    text: `update conversation set status = $2, snoozed_until = $3, 
        closed_at = case when $2 = 'closed' then coalesce(closed_at, $4) end, assignee_id = $5,
        last_kind = case when $6 = '' then last_kind else $6 end, last_direction = $7, preview = $8, last_at = $9,
        waiting_since = case when $10 then null else waiting_since end,
        read_seq = case when $10 then $11 else read_seq end, unread = case when $10 then 0 else unread end
      where id = $1`,
    values: [
      conversation.id,
      status.status,
      status.snoozedUntil,
      now,
      takesOver ? me : conversation.assigneeId,
      thread?.channel ?? "",
      reply ? "out" : "note",
      preview({ text: last?.body ?? "", attachments: files }),
      now,
      reply,
      lastSeq,
    ],
  });
  if (me !== null)
    await q.query({
      name: "clear-draft",
      text: "update draft set body = '', updated_at = $4 where conversation_id = $1 and user_id = $2 and mode = $3",
      values: [conversation.id, me, takes.mode, now],
    });
  const [change] = await finishSteps({
    q,
    steps: [
      {
        conversationId: conversation.id,
        tenantId,
        messageIds: all.map((message) => message.id),
        type: "message.added",
      },
    ],
  });
  const message = change?.messages.find((one) => one.clientKey === takes.clientKey);
  if (change === undefined || message === undefined) throw new Error("a message just written was not found");
  return {
    message,
    change,
    due: thread === null || at === null ? null : { accountId: thread.accountId, at },
    seen: reply
      ? await newlySeen({ q, conversationId: conversation.id, after: conversation.readSeq, upTo: conversation.lastSeq })
      : [],
  };
};

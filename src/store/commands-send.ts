import { randomBytes } from "node:crypto";
import type { Limits } from "#contract";
import type { MessageRecord, StoredChange } from "#core/records";
import { Refused } from "#core/refused";
import { checkFiles, composed, unseen } from "#core/reply";
import type { Scope } from "#core/scope";
import { searchable } from "#core/search";
import { splitText } from "#core/split";
import { preview } from "#core/text";
import { uuid } from "#core/uuid";
import { replyAllowed, undoSeconds } from "#core/windows";
import type { Takes } from "#wire";
import type { Secrets } from "../secrets.ts";
import type { Queryable } from "./db.ts";
import { loadConversations, loadMessages, loadSaidAfter } from "./load.ts";
import { type Locked, lockConversation } from "./locked.ts";
import {
  addDeliveries,
  addParts,
  ensureReplyToken,
  findReplyThread,
  findUploads,
  type ReplyThread,
  type UploadedFile,
} from "./outgoing.ts";
import { newlySeen, type Seen } from "./seen.ts";
import { actorOf, statusChange } from "./status.ts";
import { appendMessages, eventMessage, finishSteps, type NewMessage } from "./step.ts";

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
  readonly now: Date;
}

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

const openThread = async (input: SendInput, conversation: Locked): Promise<{ thread: ReplyThread; limits: Limits }> => {
  const thread = await findReplyThread({
    q: input.q,
    tenantId: conversation.tenantId,
    conversationId: conversation.id,
    threadId: input.takes.threadId ?? null,
  });
  if (thread === null) throw new Refused("bad-request", "There is no channel to answer on in this conversation.");
  const limits = input.limits(thread.kind);
  if (!thread.enabled || limits === undefined) throw new Refused("unavailable", "This channel is switched off.");
  if (!replyAllowed({ windowUntil: thread.windowUntil, now: input.now }))
    throw new Refused("window-closed", "The reply window of this channel has closed.");
  return { thread, limits };
};

const writeDeliveries = async (
  input: SendInput,
  o: { conversation: Locked; thread: ReplyThread; limits: Limits; messages: readonly { id: string; seq: number }[] },
): Promise<Date> => {
  const { q, secrets, now } = input;
  const { conversation, thread, limits, messages } = o;
  const { tenantId } = conversation;
  const address = thread.valueEnc === null ? "" : secrets.openText("identity", thread.valueEnc, tenantId);
  const undo = undoSeconds({ policy: conversation.policy, kind: thread.kind });
  const heldUntil = undo > 0 ? new Date(now.getTime() + undo * 1000) : null;
  await addDeliveries({
    q,
    tenantId,
    conversationId: conversation.id,
    thread,
    messages,
    recipients: [address],
    heldUntil,
    now,
  });
  if (limits.subject && address !== "")
    await ensureReplyToken({
      q,
      tenantId,
      thread,
      recipientHash: secrets.keyedHash("reply-token", address),
      token: randomBytes(12).toString("hex"),
    });
  return heldUntil ?? now;
};

const compose = (
  input: SendInput,
  o: { conversation: Locked; thread: ReplyThread | null; limits: Limits | null; files: readonly UploadedFile[] },
): readonly NewMessage[] => {
  const { scope, takes } = input;
  const text = composed(takes.text);
  if (text === "" && o.files.length === 0) throw new Refused("bad-request", "An empty message cannot be sent.");
  const pieces = o.limits === null ? [text] : splitText(text, o.limits.text);
  const actor = actorOf(scope, o.conversation.tenantId);
  const subject = o.limits?.subject === true && takes.subject !== undefined ? composed(takes.subject) : null;
  return pieces.map((body, index) => ({
    id: uuid(),
    threadId: o.thread?.id ?? null,
    accountId: o.thread?.accountId ?? null,
    direction: o.thread === null ? "note" : "out",
    authorType: actor.type,
    authorId: actor.id,
    authorName: actor.name,
    clientKey: index === 0 ? takes.clientKey : `${takes.clientKey}#${index + 1}`,
    replyToId: o.thread?.answersId ?? null,
    subject,
    body,
    detail: pieces.length > 1 ? { part: index + 1, parts: pieces.length } : {},
    searchText: searchable(subject, body),
  }));
};

/** Stores a reply with its deliveries, or a note, in the caller's transaction. Throws Refused. */
export const storeSend = async (input: SendInput): Promise<SendResult> => {
  const { q, scope, takes, now } = input;
  const conversation = await lockConversation({ q, scope, id: takes.conversationId });
  const known = await already(input, conversation);
  if (known !== undefined) return known;

  const reply = takes.mode === "reply";
  if (reply) await refuseStale(input, conversation);
  const { thread, limits } = reply ? await openThread(input, conversation) : { thread: null, limits: null };
  const { tenantId } = conversation;
  const files = await findUploads({ q, tenantId, ownerId: scope.actor.id, ids: takes.uploadIds });
  checkFiles({ limits: limits === null ? null : limits.attachments, files });
  const messages = compose(input, { conversation, thread, limits, files });

  const me = scope.actor.type === "user" ? scope.actor.id : null;
  const takesOver = reply && conversation.assigneeId === null && me !== null;
  const actor = actorOf(scope, tenantId);
  const assigned = takesOver ? [eventMessage({ actor, detail: { event: "assigned", from: null, to: me } })] : [];
  // Answering a sleeping or closed conversation wakes it, unless the agent says what shall become of it.
  const wakes = reply && (conversation.status === "snoozed" || conversation.status === "closed");
  const status = statusChange({
    conversation,
    to: takes.thenStatus ?? (wakes ? "open" : conversation.status),
    snoozedUntil: null,
    actor,
    now,
  });
  const all = [...assigned, ...messages, ...status.events];
  const firstSeq = conversation.lastSeq + assigned.length + 1;
  const lastSeq = await appendMessages({ q, conversation, messages: all, now });
  const last = messages.at(-1);
  if (last !== undefined) await addParts({ q, tenantId, messageId: last.id, files });
  const numbered = messages.map((message, index) => ({ id: message.id, seq: firstSeq + index }));
  const at =
    thread === null || limits === null
      ? null
      : await writeDeliveries(input, { conversation, thread, limits, messages: numbered });

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

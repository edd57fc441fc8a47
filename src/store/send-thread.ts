import type { Limits } from "#contract";
import { Refused } from "#core/refused";
import { type Scope, seesPersonal } from "#core/scope";
import { roomFor } from "#core/windows";
import { isUuid } from "#core/uuid";
import type { Takes } from "#wire";
import type { Secrets } from "../secrets.ts";
import { type Begin, goalOf, openGoal } from "./begin.ts";
import type { Queryable } from "./db.ts";
import { linkThread } from "./linking.ts";
import type { Locked } from "./locked.ts";
import { findReplyThread, type ReplyThread } from "./outgoing.ts";

interface ThreadInput {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly takes: Takes<"message.send">;
  readonly secrets: Secrets;
  readonly limits: (kind: string) => Limits | undefined;
  readonly begin: Begin;
  readonly now: Date;
}

export interface SendThread {
  readonly thread: ReplyThread;
  readonly limits: Limits;
  /** The kind of channel that was linked by this send; null = the thread was here before. */
  readonly linked: string | null;
}

const find = ({ q, takes }: ThreadInput, conversation: Locked, threadId: string | null) =>
  findReplyThread({
    q,
    tenantId: conversation.tenantId,
    conversationId: conversation.id,
    threadId,
    answersId: takes.answersId ?? null,
  });

/** The account a letter is passed on from: the one the letter came to. */
const accountOfMessage = async (input: ThreadInput, conversation: Locked): Promise<string> => {
  const { answersId } = input.takes;
  const [row] =
    answersId !== undefined && isUuid(answersId)
      ? await input.q.query<{ accountId: string | null }>({
          name: "account-of-message",
          text: `select account_id as "accountId" from message where id = $1 and conversation_id = $2`,
          values: [answersId, conversation.id],
        })
      : [];
  if (row?.accountId === undefined || row.accountId === null)
    throw new Refused("bad-request", "Say which message is passed on.");
  return row.accountId;
};

const begun = async (
  input: ThreadInput,
  conversation: Locked,
): Promise<{ threadId: string; linked: string | null }> => {
  const { q, scope, secrets, takes, begin, now } = input;
  const { tenantId } = conversation;
  const forward = takes.forward === true;
  const way = forward
    ? { accountId: takes.via?.accountId ?? (await accountOfMessage(input, conversation)), address: takes.to?.[0] }
    : takes.via;
  if (way === undefined) throw new Refused("bad-request", "Say where this goes.");
  if (way.address !== undefined && !seesPersonal(scope, tenantId))
    throw new Refused("forbidden", "With a restricted profile one writes to known addresses only.");
  const goal = await goalOf({ q, secrets, tenantId, contactId: conversation.contactId, way, begin });
  const { threadId } = await openGoal({
    q,
    secrets,
    tenantId,
    goal,
    owner: forward ? null : conversation.contactId,
    subject: takes.subject ?? conversation.subject,
  });
  return { threadId, linked: await linkThread({ q, scope, conversation, threadId, anybody: true, now }) };
};

/** What an agent can still do when free text is refused. */
const instead = async (
  input: ThreadInput,
  thread: ReplyThread,
  limits: Limits,
): Promise<("template" | "channel")[]> => {
  const others = await input.q.query({
    name: "other-addresses",
    text: `select 1 from identity i join identity own on own.contact_id = i.contact_id
      where own.id = $1 and i.id <> own.id limit 1`,
    values: [thread.identityId],
  });
  return [
    ...(limits.content?.includes("template") === true ? ["template" as const] : []),
    ...(others.length > 0 ? ["channel" as const] : []),
  ];
};

/**
 * The thread a reply goes out on: the one asked for (linked when it was not), one that begins now, else the one the
 * customer wrote on last. Throws Refused when there is none, its channel is off, or its window is over.
 */
export const sendThread = async (input: ThreadInput, conversation: Locked): Promise<SendThread> => {
  const { takes, now } = input;
  let linked: string | null = null;
  let threadId = takes.threadId ?? null;
  if (takes.via !== undefined || takes.forward === true) ({ threadId, linked } = await begun(input, conversation));
  let thread = await find(input, conversation, threadId);
  if (thread === null && threadId !== null) {
    linked = await linkThread({ ...input, conversation, threadId });
    thread = await find(input, conversation, threadId);
  }
  if (thread === null) throw new Refused("bad-request", "There is no channel to answer on in this conversation.");
  const limits = input.limits(thread.kind);
  if (!thread.enabled || limits === undefined) throw new Refused("unavailable", "This channel is switched off.");
  const at = takes.sendAt === undefined ? now : new Date(takes.sendAt);
  const byPerson = input.scope.actor.type === "user";
  const room = roomFor({ limits, windowUntil: thread.windowUntil, byPerson, now: at });
  if (takes.content?.type !== "template" && room === "closed")
    throw new Refused("window-closed", "The reply window of this channel has closed.", {
      possible: await instead(input, thread, limits),
    });
  return { thread, limits, linked };
};

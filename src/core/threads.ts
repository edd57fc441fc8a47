import { type Contact, inAccount, type Plan, type Thread, type World } from "#core/batch";
import type { MessageItem } from "#core/inbound";
import type { Match } from "#core/threading";
import { uuid } from "#core/uuid";

/** Reply token first, then the letters it answers, then the channel's own thread key. */
export const findThread = (world: World, item: MessageItem): { thread: Thread; match: Match } | null => {
  const { event, account } = item;
  const found = (threadId: string | null | undefined, match: Match): { thread: Thread; match: Match } | null => {
    const thread = threadId === null || threadId === undefined ? undefined : world.threads.get(threadId);
    return thread === undefined ? null : { thread, match };
  };
  const byToken =
    event.replyToken === undefined
      ? null
      : found(world.threadByToken.get(inAccount(account.id, event.replyToken)), "token");
  if (byToken !== null) return byToken;
  for (const [index, reference] of (event.references ?? []).entries()) {
    const answered = world.messages.get(inAccount(account.id, reference))?.threadId;
    const seen = world.threadByRef.get(inAccount(account.id, item.refs?.others[index] ?? ""));
    const byReference = found(answered ?? seen, "reference");
    if (byReference !== null) return byReference;
  }
  const byKey = found(world.threadByKey.get(inAccount(account.id, event.thread)), "key");
  if (byKey !== null || event.oneThreadPerPerson !== true) return byKey;
  for (const { hash } of item.addresses) {
    const contactId = world.identities.get(hash)?.contactId ?? "";
    const byPerson = found(world.threadByPerson.get(inAccount(account.id, contactId)), "key");
    if (byPerson !== null) return byPerson;
  }
  return null;
};

/** Numbers and ids change under a thread: answers go where the person wrote from last. */
export const answerTo = (world: World, thread: Thread, item: MessageItem): void => {
  const { event, addresses } = item;
  const identity =
    event.oneThreadPerPerson === true && !event.own ? world.identities.get(addresses[0]?.hash ?? "") : undefined;
  if (identity === undefined || identity.id === thread.identityId) return;
  thread.identityId = identity.id;
  thread.changed = true;
};

/** `key`: the channel's own name for it, or the message's when a thread of that name goes on elsewhere. */
export const openThread = (input: {
  readonly world: World;
  readonly plan: Plan;
  readonly item: MessageItem;
  readonly contact: Contact;
  readonly key: string;
}): Thread => {
  const { world, plan, item, contact, key } = input;
  const { event, account } = item;
  const thread: Thread = {
    id: uuid(),
    account,
    tenantId: account.tenantId,
    identityId: world.identities.get(item.addresses[0]?.hash ?? "")?.id ?? null,
    contactId: contact.id,
    conversationId: null,
    windowUntil: null,
    customerReadSeq: 0,
    isNew: true,
    changed: false,
  };
  world.threads.set(thread.id, thread);
  world.threadByKey.set(inAccount(account.id, key), thread.id);
  if (event.oneThreadPerPerson === true) world.threadByPerson.set(inAccount(account.id, contact.id), thread.id);
  plan.threads.push({ thread, externalKey: key, subject: event.subject ?? null });
  return thread;
};

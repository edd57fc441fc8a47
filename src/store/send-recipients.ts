import type { Limits } from "#contract";
import { hashedText, normalValue } from "#core/identity";
import { plainAddress } from "#core/recipients";
import { Refused } from "#core/refused";
import { type Scope, seesPersonal } from "#core/scope";
import type { Takes } from "#wire";
import type { Secrets } from "../secrets.ts";
import type { Queryable } from "./db.ts";
import { goneAmong } from "./gone.ts";
import type { Locked } from "./locked.ts";
import type { Recipient, ReplyThread } from "./outgoing.ts";

interface Input {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly takes: Takes<"message.send">;
  readonly secrets: Secrets;
  readonly now: Date;
}

/** A thread of letters: it takes several recipients, copies and a subject. */
export const isLetterThread = (thread: Pick<ReplyThread, "identityKind">, limits: Limits): boolean =>
  limits.subject && thread.identityKind === "email";

const hashOf = (secrets: Pick<Secrets, "keyedHash">, tenantId: string, address: string): Buffer =>
  secrets.keyedHash(
    "identity",
    hashedText({ tenantId, kind: "email", scope: "", value: normalValue("email", address) }),
  );

/** Addresses of the client company's own mailboxes, without plus-parts. */
export const ownMailboxes = async (input: {
  readonly q: Queryable;
  readonly tenantId: string;
}): Promise<ReadonlySet<string>> => {
  const rows = await input.q.query<{ address: string }>({
    name: "own-mailboxes",
    text: "select address from channel_account where tenant_id = $1 and address like '%@%'",
    values: [input.tenantId],
  });
  return new Set(rows.map(({ address }) => plainAddress(address)));
};

/** Of these addresses those nobody in the thread knows yet: not on a letter of it, not the person's, not our own. */
export const newAddresses = async (input: {
  readonly q: Queryable;
  readonly secrets: Pick<Secrets, "keyedHash" | "openText">;
  readonly tenantId: string;
  readonly contactId: string;
  readonly threadId: string;
  /** The thread begins with these addresses: that it answers to one of them proves nothing. */
  readonly begins?: boolean;
  readonly addresses: readonly string[];
}): Promise<readonly string[]> => {
  const { q, secrets, tenantId } = input;
  const own = await ownMailboxes({ q, tenantId });
  const asked = input.addresses.map((address) => ({
    address,
    hash: hashOf(secrets, tenantId, address).toString("hex"),
  }));
  const seen = await q.query<{ hash: string }>({
    name: "known-participants",
    text: `select encode(value_hash, 'hex') as hash from thread_participant
      where thread_id = $1 and value_hash = any(select decode(h, 'hex') from unnest($2::text[]) h)`,
    values: [input.threadId, asked.map(({ hash }) => hash)],
  });
  const persons = await q.query<{ enc: Buffer }>({
    name: "known-identities",
    text: `select i.value_enc as enc from identity i where i.tenant_id = $1 and i.kind = 'email'
      and (i.contact_id = $2 or not $4 and i.id = (select identity_id from thread where id = $3))`,
    values: [tenantId, input.contactId, input.threadId, input.begins === true],
  });
  const known = new Set(seen.map(({ hash }) => hash));
  const theirs = new Set(persons.map(({ enc }) => normalValue("email", secrets.openText("identity", enc, tenantId))));
  return asked.flatMap(({ address, hash }) =>
    known.has(hash) || theirs.has(normalValue("email", address)) || own.has(plainAddress(address)) ? [] : [address],
  );
};

/**
 * Who the message goes to. Named addresses are for letters, and for agents who see addresses; those nobody in the
 * thread knows are refused by name until they are confirmed.
 */
export const sendRecipients = async (
  input: Input,
  o: { readonly conversation: Locked; readonly thread: ReplyThread; readonly limits: Limits },
): Promise<readonly [Recipient, ...Recipient[]]> => {
  const { q, scope, takes, secrets } = input;
  const { conversation, thread } = o;
  const { tenantId } = conversation;
  const answersTo = thread.valueEnc === null ? "" : secrets.openText("identity", thread.valueEnc, tenantId);
  const named = [takes.to, takes.cc, takes.bcc].some((list) => list !== undefined && list.length > 0);
  const letter = isLetterThread(thread, o.limits);
  if (named && !letter) throw new Refused("bad-request", "Only letters have recipients of their own.");
  if (named && !seesPersonal(scope, tenantId))
    throw new Refused("forbidden", "With a restricted profile one answers whom the thread answers to.");
  const taken = new Set<string>();
  const inRole = (role: Recipient["role"], list: readonly string[] = []): Recipient[] =>
    list.flatMap((address) => {
      const recipient = normalValue("email", address);
      if (recipient === "" || taken.has(recipient)) return [];
      taken.add(recipient);
      return [{ recipient, role }];
    });
  const to = takes.to === undefined ? [{ recipient: answersTo, role: "to" as const }] : inRole("to", takes.to);
  if (takes.to === undefined) taken.add(normalValue("email", answersTo));
  const [first, ...rest] = [...to, ...inRole("cc", takes.cc), ...inRole("bcc", takes.bcc)];
  if (first === undefined) throw new Refused("bad-request", "Say who the letter goes to.");
  const all = [first, ...rest] as const;
  const asked = [
    ...(named ? all.map(({ recipient }) => recipient) : []),
    ...(takes.via?.address === undefined || !letter ? [] : [answersTo]),
  ].filter((address) => address !== "");
  if (asked.length > 0 && takes.confirmed !== true) {
    const begins = takes.forward === true || takes.via?.address !== undefined;
    const fresh = await newAddresses({
      q,
      secrets,
      tenantId,
      contactId: conversation.contactId,
      threadId: thread.id,
      begins,
      addresses: [...new Set(asked)],
    });
    if (fresh.length > 0)
      throw new Refused("new-recipients", "The letter would go to addresses that were not in this conversation.", {
        recipients: fresh,
      });
  }
  if (letter && takes.confirmed !== true) {
    const gone = await goneAmong({ q, secrets, tenantId, addresses: all.map(({ recipient }) => recipient) });
    if (gone.length > 0)
      throw new Refused("gone-recipients", "A server said that these addresses do not exist.", {
        recipients: seesPersonal(scope, tenantId) ? gone : [],
      });
  }
  return all;
};

/** Who a letter went to may answer it: their letters are appended, not held. */
export const admitRecipients = async (
  input: Input,
  o: { readonly tenantId: string; readonly threadId: string; readonly recipients: readonly Recipient[] },
): Promise<void> => {
  const hashes = o.recipients
    .filter(({ recipient }) => recipient !== "")
    .map(({ recipient }) => hashOf(input.secrets, o.tenantId, recipient).toString("hex"));
  await input.q.query({
    name: "admit-recipients",
    text: `insert into thread_participant (thread_id, value_hash, tenant_id, seen_at)
      select $1, decode(h, 'hex'), $2, $4 from unnest($3::text[]) h on conflict do nothing`,
    values: [o.threadId, o.tenantId, hashes, input.now],
  });
};

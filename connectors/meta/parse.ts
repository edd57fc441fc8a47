import { type Address, type Inbound, type InboundMessage, remoteId } from "#contract";
import { z } from "zod";
import { readComment } from "./comments.ts";
import { doneIn, idOf, newsIn } from "./events.ts";
import type { Fetch } from "./fetch.ts";
import { readMessage } from "./message.ts";
import type { Settings } from "./settings.ts";
import { change, envelope, type Item, item as itemShape } from "./shapes.ts";
import { toThreadKey } from "./thread.ts";

/** What a webhook said: events of this account, and whose entries it carried besides. */
export interface Parsed {
  readonly events: readonly Inbound[];
  /** Pages and accounts of the same app that are not ours, each with the kind of channel it would be. */
  readonly others: readonly { readonly kind: string; readonly address: string }[];
  /** Things we know and have no use for (likes, our own echoes without a key), counted for the log. */
  readonly ignored: number;
}

const kinds: Readonly<Record<string, string>> = { page: "messenger", instagram: "instagram" };

const toJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
};

const addressOf = (account: Settings, value: string): Address => ({
  kind: account.channel === "messenger" ? "psid" : "igsid",
  scope: account.own,
  value,
});

/** One item alone in its envelope: what is kept for audit, and reads to the same event again. */
interface Alone {
  readonly object: string;
  readonly entry: readonly [Readonly<Record<string, unknown>>];
}

const unparsed = (alone: Alone, reason: string): Inbound => ({
  type: "unparsed",
  id: remoteId(idOf("item", alone.entry[0])),
  reason,
  raw: { json: alone },
});

/**
 * Who is on the other side: the sender, or the recipient of what our side sent. Undefined: neither is us, or nobody is
 * named (a chat plugin's user_ref has no id yet).
 */
const personOf = (account: Settings, item: Item): { readonly id: string; readonly own: boolean } | undefined => {
  const from = item.sender?.id;
  const to = item.recipient?.id;
  const ours = (id: string | undefined): boolean => id === account.own || id === account.node;
  const own = item.message?.is_echo === true || ours(from);
  const id = own ? to : from;
  return id === undefined || ours(id) ? undefined : { id, own };
};

/** Our own app's echo is no message but the proof that one went out, by our key where the channel carries it. */
const echoOf = (account: Settings, item: Item, person: string): Inbound | undefined => {
  const { message } = item;
  if (message?.is_echo !== true || message.app_id !== account.appId) return undefined;
  return {
    type: "receipt",
    thread: toThreadKey(account.node, person),
    id: remoteId(message.metadata ?? message.mid),
    state: "sent",
    at: item.timestamp,
  };
};

type Said = Omit<InboundMessage, "thread" | "from" | "own" | "raw">;

const readItem = (input: {
  readonly account: Settings;
  readonly fetch: Fetch;
  readonly item: Item;
  readonly alone: Alone;
  readonly standby: boolean;
}): Inbound[] | "ignored" | undefined => {
  const { account, fetch, item, alone, standby } = input;
  // Which app may do what is no part of any conversation.
  if (item.app_roles !== undefined) return "ignored";
  const person = personOf(account, item);
  if (person === undefined) return undefined;
  const thread = toThreadKey(account.node, person.id);
  const echo = echoOf(account, item, person.id);
  if (echo !== undefined) return [echo];
  const news = newsIn(item, thread, person.id);
  if (news.length > 0) return news;
  const said: Said | undefined =
    item.message === undefined
      ? doneIn(item, account.appId)
      : readMessage({ fetch, instagram: account.channel === "instagram", item, message: item.message });
  if (said === undefined) return undefined;
  return [
    {
      ...said,
      thread,
      from: { addresses: [addressOf(account, person.id)] },
      own: person.own,
      // Another app of the page answers meanwhile: shown, nobody is woken.
      ...(standby ? { automatic: true, detail: { ...said.detail, standby: true } } : {}),
      raw: { json: alone },
    },
  ];
};

/**
 * Reads a webhook of the Graph, item by item: one that cannot be read becomes "unparsed" and takes no neighbour along.
 * Pure: the same bytes give the same events.
 */
export const parse = (account: Settings, fetch: Fetch, bytes: Uint8Array): Parsed => {
  const json = toJson(bytes);
  const read = envelope.safeParse(json);
  if (!read.success) {
    const reason = json === undefined ? "not JSON" : z.prettifyError(read.error).slice(0, 500);
    const id = remoteId(idOf("body", Buffer.from(bytes).toString("base64")));
    return { events: [{ type: "unparsed", id, reason, raw: { bytes } }], others: [], ignored: 0 };
  }
  const { object, entry: entries } = read.data;
  const events: Inbound[] = [];
  const others = new Map<string, { kind: string; address: string }>();
  let ignored = 0;
  for (const entry of entries) {
    const { id, time = new Date(0) } = entry;
    if (object !== account.object || (id !== account.own && id !== account.node)) {
      const kind = kinds[object];
      if (kind !== undefined) others.set(`${kind} ${id}`, { kind, address: id });
      else ignored += 1;
      continue;
    }
    const take = (alone: Alone, got: Inbound[] | "ignored" | undefined): void => {
      if (got === "ignored") ignored += 1;
      else events.push(...(got ?? [unparsed(alone, "an event of a kind not known")]));
    };
    for (const list of ["messaging", "standby"] as const) {
      for (const each of entry[list] ?? []) {
        const alone: Alone = { object, entry: [{ id, time: time.getTime(), [list]: [each] }] };
        const one = itemShape.safeParse(each);
        if (one.success) take(alone, readItem({ account, fetch, item: one.data, alone, standby: list === "standby" }));
        else events.push(unparsed(alone, z.prettifyError(one.error).slice(0, 500)));
      }
    }
    for (const each of entry.changes ?? []) {
      const alone: Alone = { object, entry: [{ id, time: time.getTime(), changes: [each] }] };
      const one = change.safeParse(each);
      const got = one.success ? readComment({ account, ...one.data, at: time }) : undefined;
      if (got === undefined || got === "ignored") take(alone, got);
      else events.push(...("news" in got ? got.news : [{ ...got.message, raw: { json: alone } }]));
    }
  }
  return { events, others: [...others.values()], ignored };
};

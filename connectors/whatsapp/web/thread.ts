import { type RemoteId, remoteId, type ThreadKey, threadKey } from "#contract";

/** The other side of a chat, as we name it for good: a phone number, else WhatsApp's hidden id, else a group. */
export type Customer = `phone:${string}` | `lid:${string}` | `group:${string}`;

export const customerOfWid = (wid: string): Customer | undefined => {
  const [user = "", server = ""] = wid.split("@");
  // "420777123456:12@c.us" names one device of the phone.
  const id = user.split(":")[0] ?? "";
  if (id === "") return undefined;
  if (server === "c.us" || server === "s.whatsapp.net") return `phone:${id}`;
  if (server === "lid") return `lid:${id}`;
  return server === "g.us" ? `group:${id}` : undefined;
};

export const widOf = (customer: Customer): string => {
  const [kind, id] = customer.split(":");
  return `${id}@${kind === "phone" ? "c.us" : kind === "lid" ? "lid" : "g.us"}`;
};

/** Our number belongs in the key: the same customer on two of our numbers has two threads. */
export const toThreadKey = (ours: string, customer: Customer): ThreadKey => threadKey(`${ours}>${customer}`);

/** Undefined: the thread belongs to another account, or is none of ours. */
export const customerOf = (ours: string, key: ThreadKey): Customer | undefined => {
  const rest = key.startsWith(`${ours}>`) ? key.slice(ours.length + 1) : "";
  return /^(phone|lid|group):[\d-]+$/.test(rest) ? (rest as Customer) : undefined;
};

export interface MessageName {
  readonly fromMe: boolean;
  readonly customer: Customer;
  /** What the sender's device made up. */
  readonly stanza: string;
}

/**
 * WhatsApp moves chats from numbers to hidden ids, and a message's own id moves with its chat. This one does not: the
 * same message is known again under either.
 */
export const toRemoteId = ({ fromMe, customer, stanza }: MessageName): RemoteId =>
  remoteId(`${fromMe ? "out" : "in"}/${customer}/${stanza}`);

export const fromRemoteId = (id: RemoteId): MessageName | undefined => {
  const [, side, customer, stanza] = /^(in|out)\/((?:phone|lid|group):[^/]+)\/(.+)$/.exec(id) ?? [];
  if (side === undefined || customer === undefined || stanza === undefined) return undefined;
  return { fromMe: side === "out", customer: customer as Customer, stanza };
};

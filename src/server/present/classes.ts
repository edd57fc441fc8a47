import { maskDeep, maskFileName, maskHandle, maskHtml, maskName, maskText } from "#core/masking";
import type { Profile, Role } from "#wire";

/**
 * Who a presentation is made for. Restricted: works without ever receiving personal data. Viewer: a client company
 * looking at its own cases, without the notes agents write for each other.
 */
export type Audience = "normal" | "restricted" | "viewer";

/** Fails closed: a crisis consultant works anonymously and is served like a restricted agent. */
export const audienceOf = (grant: { readonly role: Role; readonly profile: Profile }): Audience => {
  if (grant.profile !== "normal") return "restricted";
  return grant.role === "client_viewer" ? "viewer" : "normal";
};

const masks = {
  name: (value: unknown) => (typeof value === "string" ? maskName(value) : value),
  text: (value: unknown) => (typeof value === "string" ? maskText(value) : value),
  html: (value: unknown) => (typeof value === "string" ? maskHtml(value) : value),
  handle: (value: unknown) => (typeof value === "string" ? maskHandle(value) : value),
  file: (value: unknown) => (typeof value === "string" ? maskFileName(value) : value),
  deep: maskDeep,
  blocked: () => "blocked",
  empty: () => "",
  gone: () => null,
} as const;

type Mask = keyof typeof masks;
/** open: everybody with the conversation. personal: masked as named for a restricted profile. secret: never leaves. */
type FieldClass = "open" | "secret" | `personal:${Mask}`;
type Table = Readonly<Record<string, FieldClass>>;

const contactRef: Table = { "contact.id": "open", "contact.name": "personal:name", "contact.anonymous": "open" };

/** Every leaf of every view that carries business data. A test walks the wire schemas against this table. */
export const classes = {
  conversationRow: {
    id: "open",
    tenantId: "open",
    number: "open",
    version: "open",
    lastSeq: "open",
    ...contactRef,
    queueId: "open",
    assigneeId: "open",
    status: "open",
    subject: "personal:text",
    priority: "open",
    "tags[]": "personal:text",
    lastKind: "open",
    lastDirection: "open",
    preview: "personal:text",
    lastAt: "open",
    waitingSince: "open",
    snoozedUntil: "open",
    unread: "open",
    createdAt: "open",
  },
  messageView: {
    id: "open",
    conversationId: "open",
    seq: "open",
    version: "open",
    threadId: "open",
    channel: "open",
    direction: "open",
    kind: "open",
    "author.type": "open",
    "author.id": "open",
    "author.name": "personal:name",
    clientKey: "open",
    replyToId: "open",
    subject: "personal:text",
    text: "personal:text",
    html: "personal:html",
    detail: "personal:deep",
    held: "open",
    "attachments[].id": "open",
    "attachments[].name": "personal:file",
    "attachments[].mime": "open",
    "attachments[].size": "open",
    "attachments[].state": "personal:blocked",
    "attachments[].inline": "open",
    "attachments[].contentId": "personal:gone",
    "attachments[].url": "personal:gone",
    "reactions[].actor": "personal:handle",
    "reactions[].emoji": "open",
    "deliveries[].id": "open",
    "deliveries[].recipient": "personal:handle",
    "deliveries[].role": "open",
    "deliveries[].scheduled": "open",
    "deliveries[].state": "open",
    "deliveries[].dueAt": "open",
    "deliveries[].attempts": "open",
    "deliveries[].errorCode": "open",
    "deliveries[].errorText": "personal:text",
    "actions[].op": "open",
    "actions[].state": "open",
    "actions[].errorCode": "open",
    occurredAt: "open",
    createdAt: "open",
    editedAt: "open",
    revokedAt: "open",
  },
  threadView: {
    id: "open",
    accountId: "open",
    accountName: "personal:text",
    channel: "open",
    subject: "personal:text",
    address: "personal:text",
    addressKind: "open",
    windowUntil: "open",
    humanAgentUntil: "open",
    customerReadSeq: "open",
    active: "open",
    "takes.text": "open",
    "takes.attachments": "open",
    "takes.subject": "open",
    "takes.window": "open",
    "takes.humanAgentHours": "open",
    "takes.content[]": "open",
    "takes.abilities[]": "open",
  },
  contactView: {
    id: "open",
    tenantId: "open",
    name: "personal:name",
    anonymous: "open",
    language: "open",
    "preferred.channel": "open",
    "preferred.source": "open",
    marketing: "open",
    "identities[].id": "open",
    "identities[].kind": "open",
    "identities[].value": "personal:text",
    "identities[].verified": "open",
    "identities[].gone": "open",
    "conversations[].id": "open",
    "conversations[].number": "open",
    "conversations[].subject": "personal:text",
    "conversations[].status": "open",
    "conversations[].lastAt": "open",
    "merges[].id": "open",
    "merges[].fromName": "personal:name",
    "merges[].at": "open",
  },
  contactListItem: {
    id: "open",
    tenantId: "open",
    name: "personal:name",
    "identities[]": "personal:text",
  },
  wayView: {
    key: "open",
    threadId: "open",
    accountId: "open",
    accountName: "personal:text",
    identityId: "open",
    channel: "open",
    address: "personal:text",
    addressKind: "open",
    linked: "open",
    state: "open",
    windowUntil: "open",
    humanAgentUntil: "open",
    "takes.text": "open",
    "takes.attachments": "open",
    "takes.subject": "open",
    "takes.window": "open",
    "takes.humanAgentHours": "open",
    "takes.content[]": "open",
    "takes.abilities[]": "open",
    wanted: "open",
  },
  letterRecipients: {
    "to[].address": "personal:handle",
    "to[].name": "personal:name",
    "to[].known": "open",
    "cc[].address": "personal:handle",
    "cc[].name": "personal:name",
    "cc[].known": "open",
    subject: "personal:text",
  },
  phoneCall: {
    callId: "open",
    tenantId: "open",
    conversationId: "open",
    direction: "open",
    number: "personal:gone",
    display: "personal:name",
    line: "open",
    queue: "open",
    state: "open",
    part: "open",
    muted: "open",
    recording: "open",
    since: "open",
    answeredAt: "open",
    until: "open",
    "other.name": "personal:text",
    "other.state": "open",
    "dispositions[].code": "open",
    "dispositions[].title": "open",
  },
  draftView: { mode: "open", body: "personal:text", rev: "open" },
  presence: {
    conversationId: "open",
    "viewers[].userId": "open",
    "viewers[].name": "open",
    "viewers[].activity": "open",
    customerTyping: "open",
  },
  deadLetter: {
    id: "open",
    tenantId: "open",
    accountId: "open",
    accountName: "personal:text",
    channel: "open",
    type: "open",
    error: "personal:text",
    attempts: "open",
    receivedAt: "open",
    // Raw bytes in any encoding: no pattern finds an address in them.
    excerpt: "personal:empty",
  },
  tenantView: {
    id: "open",
    key: "open",
    name: "open",
    color: "open",
    greeting: "open",
    signature: "open",
    locale: "open",
    timezone: "open",
    undoSeconds: "open",
    reopenDays: "open",
  },
  queueView: { id: "open", tenantId: "open", key: "open", name: "open" },
} as const satisfies Record<string, Table>;

type Tree = { readonly [key: string]: Tree } | ((value: unknown) => unknown);

const grow = (table: Table): Tree => {
  const root: Record<string, unknown> = {};
  for (const [path, fieldClass] of Object.entries(table)) {
    if (fieldClass === "open") continue;
    const keys = path.replaceAll("[]", ".[]").split(".");
    let at = root;
    for (const key of keys.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
    const mask = fieldClass === "secret" ? masks.gone : masks[fieldClass.slice("personal:".length) as Mask];
    at[keys.at(-1) ?? ""] = mask;
  }
  return root as Tree;
};

const trees = Object.fromEntries(Object.entries(classes).map(([name, table]) => [name, grow(table)])) as Record<
  keyof typeof classes,
  Tree
>;

const apply = (tree: Tree, value: unknown): unknown => {
  if (value === null || value === undefined) return value;
  if (typeof tree === "function") return tree(value);
  if (Array.isArray(value)) {
    const each = tree["[]"];
    return each === undefined ? value : value.map((item) => apply(each, item));
  }
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  for (const [key, inner] of Object.entries(tree)) if (key in copy) copy[key] = apply(inner, copy[key]);
  return copy;
};

/** The same view with every personal field masked as its class says. */
export const masked = <View>(name: keyof typeof classes, view: View): View => apply(trees[name], view) as View;

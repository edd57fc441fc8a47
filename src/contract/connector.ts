import type { z } from "zod";
import type { Calls, CallStore } from "./calls.ts";
import type { AccountId, RemoteId, ThreadKey } from "./ids.ts";
import type { Limits } from "./limits.ts";
import type { Address, Inbound, Outbound, Sent, Template } from "./message.ts";

/** One configured account of a channel: one mailbox, one page, one phone number. */
export interface Account<Config> {
  readonly id: AccountId;
  readonly name: string;
  readonly config: Config;
}

export type Status =
  | { readonly state: "connecting" }
  /** `warning`: works now, and an admin must do something before it stops (a token that ends). */
  | { readonly state: "online"; readonly warning?: string }
  | {
      readonly state: "needs-login";
      readonly reason: string;
      readonly show?: { readonly qr: string } | { readonly code: string } | { readonly url: string };
    }
  | { readonly state: "offline"; readonly reason: string; readonly retryInMs?: number };

/** Everything a connector may ask of the hub. It sees no database, no socket and no other connector. */
export interface Hub {
  /**
   * Resolves once the event is stored (or known already). Only then may the connector acknowledge it to the channel.
   * Rejects when it could not be stored: the channel must deliver again.
   */
  receive(event: Inbound): Promise<void>;
  status(status: Status): void;
  /** The channel has just proved that it works: it answered, or something arrived. Costs nothing; watched by operators. */
  alive(): void;
  /** Small durable memory of one account: a sync position, a session. Values up to 64 kB. */
  readonly memory: {
    get(key: string): Promise<string | undefined>;
    set(key: string, value: string): Promise<void>;
    /** Stores the value unless the key has one; gives the one that stands. Nodes that ask at once get the same: for keys made here. */
    setOnce(key: string, value: string): Promise<string>;
  };
  /** As `memory`, encrypted at rest: tokens the channel renews by itself. */
  readonly vault: {
    get(key: string): Promise<string | undefined>;
    set(key: string, value: string): Promise<void>;
  };
  /** Files this account made once: what must go out equal on every try, on whichever node. */
  readonly frozen: {
    /** Undefined: nothing stands under the key, or its file is gone. */
    get(key: string): Promise<Frozen | undefined>;
    /** Keeps the content unless the key has one; gives the one that stands. On disk when it resolves. */
    setOnce(key: string, content: AsyncIterable<Uint8Array>): Promise<Frozen>;
  };
  /** A folder of this account alone on this node's disk, mode 0700; what is in it stays. Made with the first call. */
  folder(): Promise<string>;
  /** The browser of this node, for channels that run one. */
  readonly browser: Browser;
  /** What the customer of this thread may see, oldest first: for channels that show history themselves (web chat). */
  transcript(
    thread: ThreadKey,
    page: { readonly after?: number; readonly before?: number; readonly limit: number },
  ): Promise<Transcript>;
  /** Reaches every live peer that joined this thread, on every node. */
  tell(thread: ThreadKey, event: string, payload: unknown): void;
  /** For channels that carry calls; absent while settings are only being tried. */
  readonly calls?: CallStore;
  readonly log: { info(text: string, fields?: object): void; warn(text: string, fields?: object): void };
  now(): Date;
}

/** A file the hub keeps for a connector. */
export interface Frozen {
  readonly bytes: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface Browser {
  /** Absolute; unset: the connector looks where distributions install it. */
  readonly path?: string;
  /** Flags the operator wants beside the connector's own. */
  readonly flags: readonly string[];
}

/** How an account that is linked to a phone stands. Kept in memory only: a code lets its reader in. */
export interface LinkView {
  readonly phase: "off" | "starting" | "code" | "linking" | "ready" | "degraded" | "waiting";
  /** In words, for the administrator; "" when there is nothing to say. */
  readonly says: string;
  readonly since: Date;
  readonly show?: { readonly qr: string } | { readonly code: string };
  /** What the account's processes take, in bytes; absent where the machine does not tell. */
  readonly memoryBytes?: number;
  /** Who is linked, as the channel writes its address. */
  readonly linked?: string;
}

/** What an administrator may do with the link to a phone. Throws ConnectorError. */
export interface Link {
  look(): LinkView;
  /** Starts anew with the login it has; also when it gave up waiting for somebody. */
  reconnect(): Promise<void>;
  /** Ends the login at the channel and here; a new code follows. */
  logout(): Promise<void>;
  /** A code to type into the phone instead of scanning one. */
  pairingCode(): Promise<string>;
}

/** One line of a thread as the customer sees it. Notes and held messages are never in it. */
export interface TranscriptLine {
  /** Position in the thread, ascending over all its conversations: what `after` and `before` compare with. */
  readonly seq: number;
  readonly id: string;
  readonly direction: "in" | "out";
  readonly text: string;
  readonly author: { readonly name: string; readonly avatarUrl?: string };
  readonly attachments: readonly {
    readonly name: string;
    readonly mimeType: string;
    readonly bytes: number;
    readonly url: string;
  }[];
  readonly at: Date;
  /** Known to both sides before the line is stored: the RemoteId it was received with ("in"), the Outbound.key ("out"). */
  readonly clientId?: string;
  /** How far an outbound line came: sent, delivered, read. Lines not sent yet are not in a transcript. */
  readonly state?: string;
}
export interface Transcript {
  readonly lines: readonly TranscriptLine[];
  readonly more: boolean;
  /** Highest seq the customer has seen. */
  readonly readSeq: number;
}

export interface WebhookRequest {
  readonly method: "GET" | "POST";
  /** What follows the account's webhook address, "" or "/...". */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** The bytes as received: signatures are computed over these. */
  readonly body: Uint8Array;
}

export interface WebhookReply {
  readonly status: number;
  readonly body?: string;
  readonly contentType?: string;
  /**
   * The provider has one address for several accounts, and these are in the request too: the hub hands the same request
   * to each, and it is for them to believe it. `address` as Connector.address gives it.
   */
  readonly others?: readonly { readonly kind: string; readonly address: string }[];
}

/** One thing an account needs, as the admin's "Test" shows it. */
export interface Check {
  /** Short and stable, the same for every account: the desk translates by it. */
  readonly id: string;
  readonly says: string;
  readonly ok: boolean;
}

/** A letter on the hub's own mail port, its envelope proved by nothing but the server that connected. */
export interface MailDelivery {
  /** Envelope sender; "" for reports, which nobody may answer. */
  readonly from: string;
  /** Those of its recipients that this account takes. */
  readonly to: readonly string[];
  /** As it came, read once. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** A customer's live socket to us (web chat). The server authenticates nothing: the connector does, in its first ask. */
export interface Peer {
  readonly ip: string;
  readonly origin: string | undefined;
  /** Every question of the peer; what the handler returns is the answer, what it throws is refused. */
  onAsk(handler: (event: string, payload: unknown) => Promise<unknown>): void;
  tell(event: string, payload: unknown): void;
  /** From now on hub.tell(thread) reaches this peer. */
  join(thread: ThreadKey): void;
  close(reason: string): void;
  readonly closed: AbortSignal;
}

/**
 * The running side of one account. The optional methods are the channel's abilities: what a channel
 * cannot do is absent, never a stub that throws. The desk offers exactly what is there.
 */
export interface Connection {
  /** Connects and keeps connected until the signal aborts. Network trouble is a status, not an exception. */
  start(signal: AbortSignal): Promise<void>;
  /** Sends one message. Throws ConnectorError and nothing else. */
  send(message: Outbound, signal: AbortSignal): Promise<Sent>;
  /**
   * The thread a first message to this address opens: for channels where we may begin. A channel whose threads are its
   * addresses gives the same key every time, one that threads by letter a new one. Does no I/O; throws
   * ConnectorError "rejected" for an address it cannot reach.
   */
  begin?(to: Address): ThreadKey;
  /** Messages the provider approved for this account; throws ConnectorError. */
  templates?(signal: AbortSignal): Promise<readonly Template[]>;
  /**
   * Brings a file that a message named by Attachment.later. Throws ConnectorError: "unreachable" and "rate-limited" are
   * tried again, "rejected" means that it is gone for good.
   */
  fetchFile?(
    ref: string,
    signal: AbortSignal,
  ): Promise<{ readonly mimeType?: string; readonly content: AsyncIterable<Uint8Array> }>;
  edit?(thread: ThreadKey, id: RemoteId, text: string): Promise<void>;
  remove?(thread: ThreadKey, id: RemoteId): Promise<void>;
  react?(thread: ThreadKey, id: RemoteId, emoji: string): Promise<void>;
  typing?(thread: ThreadKey, active: boolean): Promise<void>;
  /** Tells the channel that an agent has read up to this message. */
  markRead?(thread: ThreadKey, id: RemoteId): Promise<void>;
  /** For channels that call us over HTTP. Answers only after hub.receive() has stored the event. */
  webhook?(request: WebhookRequest): Promise<WebhookReply>;
  /** For channels that take letters on the hub's own mail port. */
  mail?: {
    /** Whether this recipient is the account's. */
    takes(recipient: string): boolean;
    /** Resolves only after hub.receive() has stored it; rejects when the letter must be delivered again. */
    deliver(letter: MailDelivery): Promise<void>;
  };
  /** For channels whose customers hold a live socket to us. */
  peer?(peer: Peer): void;
  /** For channels that carry calls; the account must be led by this node. */
  readonly calls?: Calls;
  /** For channels that work through a linked phone. */
  readonly link?: Link;
  /** Reads again what was once handed over as "unparsed". Must not do I/O. */
  reparse?(raw: Uint8Array): Promise<readonly Inbound[]>;
  /** Proves the settings against the real remote for the admin's "Test" button; throws ConnectorError. */
  probe?(signal: AbortSignal): Promise<{ readonly says: string; readonly checks?: readonly Check[] }>;
}

interface Described<S extends z.ZodType> {
  readonly kind: string;
  readonly title: string;
  /** The channel customers know it by, where several kinds serve one ("whatsapp"); absent = the kind itself. */
  readonly channel?: string;
  /** Checked before open(); the settings form is drawn from it (title/description through zod's .meta()). */
  readonly config: S;
  /** Keys of config that are secrets: encrypted at rest, never shown again. */
  readonly secrets: readonly string[];
  /** Keys of config that decide where a secret is sent: when one changes, the hub asks for the secrets again. */
  readonly secretsGoTo?: readonly string[];
  /** The public address of the account, read from its settings: unique per kind ("" = none). */
  readonly address: (config: z.output<S>) => string;
  readonly limits: Limits;
  /** The channel drops a repeated Outbound.key: a send whose outcome is unknown may simply be repeated. */
  readonly idempotentSend?: true;
  /**
   * A send over which the hub died may be offered again: the connector remembers how far it got, and says "uncertain"
   * by itself where the channel may have the message.
   */
  readonly resumesSend?: true;
  /** Key of config that the provider asks for beside the webhook's address ("verify token"): shown to admins, no secret. */
  readonly webhookToken?: string;
  /** Its settings lead to addresses of the hub's own machine: only a platform administrator may set it up. */
  readonly forOperators?: true;
  /** The same for single accounts: whether these settings lead elsewhere than to the provider. */
  readonly leadsElsewhere?: (config: z.output<S>) => boolean;
  /** Accounts of this channel may sign in at their provider's page. */
  readonly signIn?: SignIn<z.output<S>>;
}

/**
 * Signing in at the provider's own page (OAuth 2.0 authorisation code with PKCE, RFC 7636). The hub keeps state, verifier
 * and who asked; the connector knows the addresses.
 */
export interface SignIn<Config> {
  /** The provider's page, or undefined when these settings sign in otherwise. Throws ConnectorError "rejected" when something is missing. */
  page(input: {
    readonly config: Config;
    readonly redirectUri: string;
    readonly state: string;
    readonly challenge: string;
  }): URL | undefined;
  /** Trades the code for secrets of the settings (keys of `secrets`); throws ConnectorError. */
  finish(input: {
    readonly config: Config;
    readonly redirectUri: string;
    readonly code: string;
    readonly verifier: string;
    readonly signal: AbortSignal;
  }): Promise<Readonly<Record<string, string>>>;
}

/** A channel as the rest of the hub sees it: open() takes settings as stored and refuses bad ones. Does no I/O. */
export interface Connector extends Omit<Described<z.ZodType>, "address" | "signIn" | "leadsElsewhere"> {
  address(config: unknown): string;
  leadsElsewhere(config: unknown): boolean;
  readonly signIn?: SignIn<unknown>;
  open(account: Account<unknown>, hub: Hub): Connection;
}

/** Ties the settings schema to what open() is given. */
export const defineConnector = <S extends z.ZodType>({
  signIn,
  ...spec
}: Described<S> & { open(account: Account<z.output<S>>, hub: Hub): Connection }): Connector => ({
  ...spec,
  ...(signIn === undefined
    ? {}
    : {
        signIn: {
          page: (input) => signIn.page({ ...input, config: spec.config.parse(input.config) }),
          finish: (input) => signIn.finish({ ...input, config: spec.config.parse(input.config) }),
        },
      }),
  address: (config) => spec.address(spec.config.parse(config)),
  leadsElsewhere: (config) => spec.leadsElsewhere?.(spec.config.parse(config)) ?? false,
  open: (account, hub) => spec.open({ ...account, config: spec.config.parse(account.config) }, hub),
});

const abilities = [
  "begin",
  "templates",
  "fetchFile",
  "edit",
  "remove",
  "react",
  "typing",
  "markRead",
  "webhook",
  "mail",
  "peer",
  "calls",
  "link",
  "reparse",
  "probe",
] as const satisfies readonly (keyof Connection)[];
export type Ability = (typeof abilities)[number];

/** What this account can do, read off the connection itself. */
export const abilitiesOf = (connection: Connection): readonly Ability[] =>
  abilities.filter((ability) => connection[ability] !== undefined);

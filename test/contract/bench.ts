import type { Connection, Connector, FailureCode, Outbound, WebhookRequest } from "#contract";
import type { OpenAccount } from "./account.ts";

/** Two accounts of one channel: two mailboxes, pages, numbers. Most rules use "a" alone. */
export type Side = "a" | "b";

/**
 * What a channel brings to be judged: `test/contract/bench.<kind>.ts` exports `bench`. The rules see the
 * connector only through the contract and the channel only through this door, never through each other.
 */
export interface Bench {
  /** Settings that open() must refuse. At least one. */
  readonly bad: readonly unknown[];
  /** Recorded payloads, one a file, each readable by reparse(). Absent: `connectors/<kind>/samples/`. */
  readonly samples?: URL;
  /** How long a rule waits for something that should happen, in ms. Absent: 5,000. */
  readonly patienceMs?: number;
  /** False: this machine lacks the remote's server, and says which package brings it. Never false on CI. Absent: always. */
  available?(): boolean;
  /**
   * A fake remote nobody has used yet, on 127.0.0.1 and port 0. Called once a rule, rules may overlap. A dear server
   * (Dovecot) may be shared behind it: give each call its own mailboxes and end the server in `close`.
   */
  start(): Promise<Remote>;
  close?(): Promise<void>;
}

/** The far side of the channel, held by the test: the provider, and the customers on it. */
export interface Remote {
  /** Settings of each account as the database stores them (JSON), every secret filled in. */
  readonly settings: Readonly<Record<Side, unknown>>;
  /** For channels that keep files: the folder of an account, made and removed by the bench. */
  folder?(side: Side): Promise<string>;
  /** Secrets beyond the settings (a token the remote hands out) that must not leak either. */
  readonly secrets?: readonly string[];
  /** A customer who can write to this account and be written to. The same name on both sides is the same person. */
  customer(account: OpenAccount, name: string): Promise<Customer>;
  /** For channels with `webhook`. */
  webhook?(account: OpenAccount): Promise<WebhookCases>;
  /** The remote goes away (refuses connections, drops those it has) and comes back. Absent only for `peer` channels. */
  drop?(): Promise<void>;
  restore?(): Promise<void>;
  stop(): Promise<void>;
}

export interface Customer {
  /** Where a message for this customer goes, also before the first word was exchanged. */
  readonly to: Pick<Outbound, "thread" | "to">;
  /**
   * The customer writes once. The channel delivers with its own patience: it repeats until it is acknowledged and never
   * after. Resolves when the channel holds the message as delivered (webhook, socket) or has it in store (mailbox).
   */
  writes(message: { readonly text: string; readonly files?: readonly File[] }): Promise<Written>;
  /** What lies at the customer now, oldest first, removed messages left out. Read from the remote, not the connector. */
  received(): Promise<readonly Received[]>;
  /** Somebody of ours answers from outside the hub: a phone, the mailbox's own web page. Absent only for `peer` channels. */
  answeredElsewhere?(text: string): Promise<void>;
  /** Ways in which the channel can refuse the next send to this customer; at least one, "rate-limited" among them unless a `peer` channel. */
  readonly refusals: readonly Refusal[];
  /** The remote takes the next send and never answers; resolves `taken` when it has it. Absent only for `peer` channels. */
  stall?(): Promise<{ readonly taken: Promise<void> }>;
}

interface Written {
  /** The channel delivers the same message once more (a repeated webhook, a mailbox read again). */
  again(): Promise<void>;
}

export interface Refusal {
  readonly code: FailureCode;
  /** With "rate-limited": how long the channel tells us to wait; absent where the channel does not tell. */
  readonly tellsMs?: number;
  /** From now on the next send to this customer meets it. What it returns replaces parts of the message. */
  arrange(): Promise<Partial<Outbound> | undefined>;
}

export interface Received {
  readonly text: string;
  readonly files: readonly File[];
  readonly reactions?: readonly string[];
}

export interface File {
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: Uint8Array;
}

export interface WebhookCases {
  /** Believed and answered 2xx. */
  readonly genuine: WebhookRequest;
  /** How many events the genuine one carries; 0 where webhooks carry no events (file uploads). */
  readonly events: number;
  /** Refused with 401, every one: no signature, a wrong one, a genuine one over other bytes. */
  readonly forged: readonly WebhookRequest[];
  /** Genuine, of a shape this version does not know. Needed where `events` is above 0. */
  readonly unknown?: WebhookRequest;
}

/** A rule every channel keeps. */
export interface Rule {
  readonly says: string;
  /** Left out: every channel. Reads the connection, so there is no list of exceptions to keep. */
  readonly when?: (subject: {
    readonly connection: Connection;
    readonly files: boolean;
    readonly words: boolean;
  }) => boolean;
  check(stage: Stage): Promise<void>;
}

/** What a rule is played on: one fresh remote and the accounts opened on it. */
export interface Stage {
  readonly connector: Connector;
  readonly bench: Bench;
  readonly remote: Remote;
  readonly patienceMs: number;
  /** Opened, not started. The same side twice is a second process with the same hub. */
  readonly open: (side?: Side) => OpenAccount;
  /** Opened and reported online or at least started. */
  readonly started: (side?: Side) => Promise<OpenAccount>;
  /** Polls until `probe` gives something truthy; fails with `says` after the bench's patience. */
  readonly eventually: <T>(says: string, probe: () => T | Promise<T>) => Promise<Truthy<T>>;
}

export type Truthy<T> = Exclude<T, false | 0 | "" | null | undefined>;

import { setTimeout as wait } from "node:timers/promises";
import {
  accountId,
  type Connection,
  type Connector,
  type Frozen,
  type Hub,
  type Inbound,
  type InboundMessage,
  type Outbound,
  type Raw,
  type Sent,
  type Status,
  type TranscriptLine,
} from "#contract";
import { onlyLoopback } from "../fakes/whatsapp-page/server.ts";
import { type LivePeer, makePeers } from "./peers.ts";
import type { File, Side } from "./bench.ts";

/** What the hub of the suite kept of one event: as the journal would, with files and raw read to the end. */
interface Kept {
  readonly event: Inbound;
  readonly raw: Uint8Array | undefined;
  readonly files: readonly File[];
}

/** One account opened on the suite's own hub, with everything it told that hub. */
export interface OpenAccount {
  readonly side: Side;
  readonly connection: Connection;
  readonly kept: readonly Kept[];
  readonly statuses: readonly Status[];
  readonly log: readonly { readonly text: string; readonly fields: object | undefined }[];
  /** Every call the connector made on the hub, by name. */
  readonly asked: readonly string[];
  messages(): readonly (Kept & { readonly event: InboundMessage })[];
  /** The next `times` calls of hub.receive reject, as a database that is away does. */
  refuseNext(times: number): void;
  start(): void;
  /** Tells it to stop; what start() returned, or undefined when never started. */
  stop(): Promise<void> | undefined;
  readonly running: Promise<void> | undefined;
  /**
   * A new process opens the account: same hub memory unless `forgetting`; started when the old one was. An old one that
   * does not end within a second is left behind, as a crashed one would be.
   */
  restart(options?: { readonly forgetting?: boolean; readonly meanwhile?: () => Promise<unknown> }): Promise<void>;
  /** Stores the message in the transcript as the hub does, then sends it. */
  send(message: Outbound, signal?: AbortSignal): Promise<Sent>;
  /** A customer's live socket reaches this account. */
  peer(options?: { readonly ip?: string; readonly origin?: string }): LivePeer;
}

const readAll = async (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const bytesOf = async (raw: Raw): Promise<Uint8Array> => {
  if ("json" in raw) return Buffer.from(JSON.stringify(raw.json) ?? "");
  return "open" in raw ? readAll(await raw.open()) : raw.bytes;
};

const keep = async (event: Inbound): Promise<Kept> => {
  const files: File[] = [];
  if (event.type === "message") {
    for (const attachment of event.attachments) {
      const { name, mimeType } = attachment;
      files.push({ name, mimeType, bytes: await readAll(await attachment.open()) });
    }
  }
  const raw = "raw" in event ? await bytesOf(event.raw) : undefined;
  return { event, raw, files };
};

/** What outlives one process: the stored events, the account's memory, who listens. */
export interface Account {
  readonly side: Side;
  readonly hub: Hub;
  readonly kept: Kept[];
  readonly statuses: Status[];
  readonly log: { readonly text: string; readonly fields: object | undefined }[];
  readonly asked: string[];
  readonly memory: Map<string, string>;
  readonly frozen: Map<string, Uint8Array>;
  readonly peers: ReturnType<typeof makePeers>;
  /** Brought by the bench. */
  folder(): Promise<string>;
  refusals: number;
  written(message: Outbound): void;
}

const frozenFile = (bytes: Uint8Array): Frozen => ({
  bytes: bytes.byteLength,
  open: async function* () {
    yield bytes;
  },
});

/** The suite's hub for one account. It knows nothing of any channel. */
export const makeAccount = (side: Side, folder?: () => Promise<string>): Account => {
  const peers = makePeers();
  const threads = new Map<string, TranscriptLine[]>();
  const add = (thread: string, line: Omit<TranscriptLine, "seq">): void => {
    const lines = threads.get(thread) ?? [];
    threads.set(thread, lines);
    if (!lines.some(({ id }) => id === line.id)) lines.push({ ...line, seq: lines.length + 1 });
  };
  const hub: Hub = {
    async receive(event) {
      account.asked.push("receive");
      if (account.refusals > 0) {
        account.refusals -= 1;
        throw new Error("the hub could not store it");
      }
      const kept = await keep(event);
      account.kept.push(kept);
      if (event.type !== "message") return;
      const attachments = kept.files.map(({ name, mimeType, bytes }) => ({
        name,
        mimeType,
        bytes: bytes.length,
        url: "/file",
      }));
      add(event.thread, {
        id: event.id,
        direction: event.own ? "out" : "in",
        text: event.text,
        author: { name: event.from.name ?? "" },
        attachments,
        at: event.sentAt,
        clientId: event.id,
      });
    },
    status(status) {
      account.asked.push("status");
      account.statuses.push(status);
    },
    alive: () => undefined,
    folder: () => account.folder(),
    browser: { flags: onlyLoopback },
    vault: {
      get: async (key) => account.memory.get(`vault:${key}`),
      set: async (key, value) => void account.memory.set(`vault:${key}`, value),
    },
    frozen: {
      get: async (key) => {
        const bytes = account.frozen.get(key);
        return bytes === undefined ? undefined : frozenFile(bytes);
      },
      setOnce: async (key, content) => {
        const bytes = account.frozen.get(key) ?? (await readAll(content));
        account.frozen.set(key, bytes);
        return frozenFile(bytes);
      },
    },
    memory: {
      async get(key) {
        account.asked.push("memory.get");
        return account.memory.get(key);
      },
      async set(key, value) {
        account.asked.push("memory.set");
        account.memory.set(key, value);
      },
      async setOnce(key, value) {
        account.asked.push("memory.setOnce");
        const kept = account.memory.get(key) ?? value;
        account.memory.set(key, kept);
        return kept;
      },
    },
    async transcript(thread, { after = 0, before = Infinity, limit }) {
      account.asked.push("transcript");
      const lines = (threads.get(thread) ?? []).filter(({ seq }) => seq > after && seq < before);
      const page = Number.isFinite(before) ? lines.slice(-limit) : lines.slice(0, limit);
      return { lines: page, more: page.length < lines.length, readSeq: 0 };
    },
    tell(thread, event, payload) {
      account.asked.push("tell");
      peers.tell(thread, event, payload);
    },
    log: {
      info: (text, fields) => void account.log.push({ text, fields }),
      warn: (text, fields) => void account.log.push({ text, fields }),
    },
    now: () => new Date(),
  };
  const account: Account = {
    side,
    hub,
    peers,
    kept: [],
    statuses: [],
    log: [],
    asked: [],
    memory: new Map(),
    frozen: new Map(),
    folder: folder ?? (() => Promise.reject(new Error("this bench brings no folder"))),
    refusals: 0,
    written: (message) =>
      add(message.thread, {
        id: message.key,
        direction: "out",
        text: message.text,
        author: message.author,
        attachments: message.attachments.map(({ name, mimeType, bytes }) => ({ name, mimeType, bytes, url: "/file" })),
        at: message.writtenAt,
        clientId: message.key,
      }),
  };
  return account;
};

/** Opens the connector on that hub, with settings that went through JSON as the stored ones do. */
export const openAccount = (connector: Connector, account: Account, settings: unknown): OpenAccount => {
  const config: unknown = JSON.parse(JSON.stringify(settings));
  const open = (): Connection =>
    connector.open({ id: accountId(`account-${account.side}`), name: `Account ${account.side}`, config }, account.hub);
  let connection = open();
  let stopping = new AbortController();
  let running: Promise<void> | undefined;
  const opened: OpenAccount = {
    side: account.side,
    kept: account.kept,
    statuses: account.statuses,
    log: account.log,
    asked: account.asked,
    get connection() {
      return connection;
    },
    get running() {
      return running;
    },
    messages: () =>
      account.kept.filter((kept): kept is Kept & { event: InboundMessage } => kept.event.type === "message"),
    refuseNext(times) {
      account.refusals = times;
    },
    start() {
      stopping = new AbortController();
      running = connection.start(stopping.signal);
      running.catch(() => {});
    },
    stop() {
      stopping.abort();
      return running;
    },
    async restart({ forgetting = false, meanwhile } = {}) {
      const wasRunning = running !== undefined;
      await Promise.race([opened.stop(), wait(1_000, undefined, { ref: false })]);
      await meanwhile?.();
      if (forgetting) {
        account.memory.clear();
        account.frozen.clear();
      }
      connection = open();
      if (wasRunning) opened.start();
    },
    async send(message, signal = new AbortController().signal) {
      account.written(message);
      return connection.send(message, signal);
    },
    peer: (options) => account.peers.connect(connection, options),
  };
  return opened;
};

import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { io, type Socket } from "socket.io-client";
import type { Connector, Peer, WebhookReply, WebhookRequest } from "#contract";
import type { Log } from "#core/log";
import { uuid } from "#core/uuid";
import { openDatabase } from "#store/db";
import { openFiles } from "#store/files";
import { makeFileLinks } from "#store/links";
import { openPrisma } from "#store/prisma";
import type { Answer, Asks, Gives, Question, Role, Profile } from "#wire";
import { makeCommands } from "../../src/runtime/commands.ts";
import type { Supervisor } from "../../src/runtime/ports.ts";
import { hashPassword, openSecrets } from "../../src/secrets.ts";
import { createPublisher, startServer, type ServerParts, type Tuning } from "../../src/server/index.ts";
import { freshDatabase } from "../support/database.ts";

export { addConversation } from "./conversation.ts";

export const password = "correct horse battery";
let passwordHash: Promise<string> | undefined;

/** Everything logged, for tests that look for what must not be there. */
export const logged: string[] = [];
const write = (fields: object, text: string): void => {
  logged.push(
    `${text} ${JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? String(value.stack) : value))}`,
  );
};
const log: Log = { debug: write, info: write, warn: write, error: write };

/** The channels' side of the server, in a test's hands. */
interface Channels {
  webhook: (accountId: string, request: WebhookRequest) => Promise<WebhookReply | null>;
  peer: (accountId: string, peer: Peer) => boolean;
  connection: Supervisor["connection"];
  link: Supervisor["link"];
  waiting: number;
  replayed: string[];
  reloaded: string[];
  probed: unknown[];
  overdue: string[];
}

export const startHub = async (
  options: {
    tuning?: Partial<Tuning>;
    config?: Partial<ServerParts["config"]>;
    connectors?: readonly Connector[];
    dist?: string;
  } = {},
) => {
  const database = await freshDatabase();
  const dir = await mkdtemp(path.join(os.tmpdir(), "linka-server-"));
  const db = openDatabase({ url: database.url, max: 8, log });
  const prisma = openPrisma({ pool: db.pool });
  const secrets = openSecrets({ secret: "0123456789abcdef0123456789abcdef" });
  const files = openFiles({ dir });
  let offset = 0;
  const now = (): Date => new Date(Date.now() + offset);
  const links = makeFileLinks({ secrets, now });
  const late = createPublisher();
  const channels: Channels = {
    webhook: async () => null,
    peer: () => false,
    connection: () => undefined,
    link: () => Promise.resolve(null),
    waiting: 0,
    replayed: [],
    reloaded: [],
    probed: [],
    overdue: [],
  };
  const supervisor: Supervisor = {
    reload: async (id) => void channels.reloaded.push(id),
    webhook: (id, request) => channels.webhook(id, request),
    mailboxes: () => [],
    peer: (id, peer) => channels.peer(id, peer),
    probe: async (input) => {
      channels.probed.push(input);
      return { ok: true, says: "fine", checks: [] };
    },
    calls: () => [],
    link: async (id, ask) => channels.link(id, ask),
    connection: (id) => channels.connection(id),
    health: () => [],
    overdue: () => channels.overdue,
    stop: async () => undefined,
  };
  const commands = makeCommands({
    db,
    publisher: late.publisher,
    outbox: { kick: () => undefined },
    secrets,
    log,
    now,
    limits: () => undefined,
  });
  const server = await startServer({
    config: { port: 0, host: "127.0.0.1", trustProxy: 1, uploadMaxBytes: 1_000_000, ...options.config },
    db,
    prisma,
    files,
    links,
    secrets,
    commands,
    supervisor,
    journal: {
      replay: async ({ id }) => void channels.replayed.push(id),
      stats: () => ({ waiting: channels.waiting }),
    },
    connectors: options.connectors ?? [],
    publisher: late,
    log,
    now,
    version: "test",
    dist: options.dist ?? dir,
    tuning: { anonymousPerMinute: 100_000, sessionPerMinute: 100_000, ...options.tuning },
  });
  return {
    url: server.url,
    db,
    prisma,
    secrets,
    files,
    links,
    commands,
    channels,
    publisher: late.publisher,
    now,
    pass: (ms: number) => {
      offset += ms;
    },
    stop: async () => {
      await server.stop();
      await prisma.$disconnect();
      await db.end();
      await database.drop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
export type Hub = Awaited<ReturnType<typeof startHub>>;

export const addTenant = async (hub: Hub, key: string) => {
  const id = uuid();
  await hub.prisma.tenant.create({ data: { id, key, name: key.toUpperCase() } });
  return id;
};

export const addQueue = async (hub: Hub, tenantId: string, key: string) => {
  const id = uuid();
  await hub.prisma.queue.create({ data: { id, tenantId, key, name: key } });
  return id;
};

export interface MemberOf {
  readonly tenantId: string;
  readonly role?: Role;
  readonly profile?: Profile;
  readonly queueIds?: string[];
}

export const addUser = async (hub: Hub, name: string, memberships: readonly MemberOf[]) => {
  passwordHash ??= hashPassword(password);
  const id = uuid();
  const email = `${name.toLowerCase().replaceAll(" ", ".")}@desk.test`;
  await hub.prisma.user.create({ data: { id, name, email, passwordHash: await passwordHash } });
  for (const { tenantId, role = "agent", profile = "normal", queueIds = [] } of memberships)
    await hub.prisma.membership.create({ data: { userId: id, tenantId, role, profile, queueIds } });
  return { id, name, email };
};

/** A browser reduced to its cookie, its CSRF token and fetch. */
export interface Browser {
  cookie: string;
  csrf: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

export const browser = (hub: Hub): Browser => {
  const self: Browser = {
    cookie: "",
    csrf: "",
    call: async (method, path, body, headers = {}) => {
      const raw = typeof body === "string" || body instanceof Uint8Array;
      const response = await fetch(hub.url + path, {
        method,
        redirect: "manual",
        headers: {
          ...(self.cookie === "" ? {} : { cookie: self.cookie }),
          ...(method === "GET" ? {} : { "x-csrf-token": self.csrf, origin: hub.url }),
          ...(body === undefined ? {} : { "content-type": raw ? "application/octet-stream" : "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      });
      const set = response.headers.get("set-cookie");
      if (set !== null) self.cookie = set.split(";")[0] ?? "";
      return response;
    },
  };
  return self;
};

export const logIn = async (hub: Hub, user: { email: string }): Promise<Browser> => {
  const page = browser(hub);
  const answer = await page.call("POST", "/api/login", { email: user.email, password });
  if (answer.status !== 200) throw new Error(`login: ${answer.status} ${await answer.text()}`);
  const boot = await page.call("GET", "/api/boot");
  page.csrf = ((await boot.json()) as { csrf: string }).csrf;
  return page;
};

/** A desk's socket with everything it ever received. */
export interface DeskClient {
  readonly socket: Socket;
  readonly news: { event: string; payload: unknown }[];
  ask<Q extends Question>(question: Q, takes: Asks<Q>): Promise<Answer<Gives<Q>>>;
  /** Resolves with the first news of this kind that fits, past ones included. */
  heard<T>(event: string, fits?: (payload: T) => boolean): Promise<T>;
}

export const deskSocket = async (
  hub: Hub,
  page: Browser,
  options: { origin?: string; reconnection?: boolean } = {},
): Promise<DeskClient> => {
  const socket = io(hub.url, {
    transports: ["websocket"],
    forceNew: true,
    reconnection: options.reconnection ?? false,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    extraHeaders: { cookie: page.cookie, origin: options.origin ?? hub.url },
  });
  const news: DeskClient["news"] = [];
  const waiting = new Set<() => void>();
  socket.onAny((event: string, payload: unknown) => {
    news.push({ event, payload });
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("connect_error", (error) => {
      socket.close();
      reject(error);
    });
  });
  return {
    socket,
    news,
    ask: (question, takes) => socket.timeout(10_000).emitWithAck(question, takes) as never,
    heard: <T>(event: string, fits: (payload: T) => boolean = () => true) =>
      new Promise<T>((resolve, reject) => {
        const look = (): void => {
          const found = news.find((item) => item.event === event && fits(item.payload as T));
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found.payload as T);
        };
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`never heard ${event}`));
        }, 8_000);
        waiting.add(look);
        look();
      }),
  };
};

export const disconnected = (client: DeskClient): Promise<void> =>
  new Promise((resolve) => {
    if (!client.socket.connected) resolve();
    else client.socket.once("disconnect", () => resolve());
  });

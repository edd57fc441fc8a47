import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";

/** What the phone's own side of one account tells the page; anything WhatsApp Web knows as fields of a message. */
export interface FakeMessage {
  readonly chat: string;
  readonly id?: string;
  /** Unix seconds. */
  readonly t?: number;
  readonly type?: string;
  readonly body?: string;
  readonly fromMe?: boolean;
  readonly author?: string;
  readonly notifyName?: string;
  /** Base64; the page downloads it when asked. */
  readonly media?: string;
  readonly [more: string]: unknown;
}

interface FakeSent {
  readonly id: string;
  readonly stanza: string;
  readonly chat: string;
  readonly type: string;
  readonly body?: string;
  readonly caption?: string;
  readonly filename?: string;
  readonly mimetype?: string;
  readonly directPath?: string;
  readonly quotedStanzaID?: string;
  readonly lat?: number;
  readonly lng?: number;
  readonly loc?: string;
}

/** One request of the page. */
export interface Op {
  readonly account: string;
  readonly op: string;
  readonly wid?: string;
  readonly chat?: string;
  readonly id?: string;
  readonly body?: string;
  readonly reaction?: string;
  readonly msg?: FakeSent;
}

/** What the server does with one request instead of obeying: never answers, refuses, or has the page throw. */
export type Trick = "silence" | { readonly error: string } | { readonly throw: string };

interface Line {
  readonly messages: Map<string, Record<string, unknown>>;
  page: WebSocket | undefined;
  linked: { readonly wid: string; readonly lid: string } | undefined;
}

const request = z.looseObject({
  op: z.string(),
  n: z.number(),
  wid: z.string().optional(),
  chat: z.string().optional(),
  id: z.string().optional(),
  body: z.string().optional(),
  reaction: z.string().optional(),
  directPath: z.string().optional(),
  data: z.string().optional(),
  msg: z.looseObject({ id: z.string(), stanza: z.string(), chat: z.string(), type: z.string() }).optional(),
});

export type WhatsApp = Awaited<ReturnType<typeof startWhatsApp>>;

const scripts = ["models.js", "page.js", "modules.js"]
  .map((name) => readFileSync(new URL(name, import.meta.url), "utf8"))
  .join("\n");
const version = "2.3000.9999";

/** Keeps Chromium from every address but 127.0.0.1, and lets the page of a public origin reach that one. */
export const onlyLoopback = [
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  "--disable-features=LocalNetworkAccessChecks",
  "--disable-gpu",
];

/**
 * The phones and the WhatsApp behind them, on 127.0.0.1: the real whatsapp-web.js runs against a page that `prepare`
 * leaves in an account's folder. Messages stay with the phone: a page that comes (back) gets what it has not seen.
 */
export const startWhatsApp = async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const events = new EventEmitter();
  const lines = new Map<string, Line>();
  const media = new Map<string, string>();
  /** wid -> what is known of it; null = not on WhatsApp. */
  const registered = new Map<string, { readonly lid: string; readonly pn: string } | null>();
  const sent: (FakeSent & { readonly account: string })[] = [];
  const ops: Op[] = [];
  const tricks: { readonly when: (op: Op) => boolean; readonly trick: Trick }[] = [];
  const tuning = { auto: true, away: false, syncMs: 50 };
  let made = 0;

  const lineOf = (account: string): Line => {
    const line = lines.get(account) ?? { messages: new Map(), page: undefined, linked: undefined };
    lines.set(account, line);
    return line;
  };
  const say = (socket: WebSocket | undefined, what: object): void =>
    socket?.send(JSON.stringify({ syncMs: tuning.syncMs, ...what }));
  const tell = (account: string, event: { readonly ev: string; readonly [more: string]: unknown }): void =>
    say(lineOf(account).page, event);
  const reference = (): object => ({ ev: "ref", ref: `2@ref${++made}` });

  const obey = (account: string, socket: WebSocket, asked: z.output<typeof request>): void => {
    const { n, op, msg } = asked;
    const answer = (more: object = {}): void => say(socket, { n, ...more });
    const seen = { account, ...asked } as unknown as Op;
    const at = tricks.findIndex(({ when }) => when(seen));
    const trick = at < 0 ? undefined : tricks.splice(at, 1)[0]?.trick;
    ops.push(seen);
    if (trick === undefined || trick === "silence") {
      if (op === "send" && msg !== undefined) {
        sent.push({ account, ...msg });
        lineOf(account).messages.set(msg.stanza, { ...msg, id: msg.stanza, fromMe: true, ack: 1 });
      }
    }
    events.emit("op", seen);
    if (trick === "silence") return;
    if (trick !== undefined) return answer(trick);
    switch (op) {
      case "exists": {
        const known = registered.get(asked.wid ?? "");
        return answer(known === null ? { exists: false } : { exists: true, ...known });
      }
      case "media.put": {
        const path = `/v/up${++made}`;
        media.set(path, asked.data ?? "");
        return answer({ url: `https://mmg.whatsapp.net${path}`, directPath: path });
      }
      case "media.get": {
        const data = media.get(asked.directPath ?? "");
        return answer(data === undefined ? { throw: "404" } : { data });
      }
      case "pairingCode":
        return answer({ code: "ABCD1234" });
      case "refreshQR":
        answer();
        return say(socket, reference());
      case "logout":
        lineOf(account).linked = undefined;
        return answer();
      default:
        return answer();
    }
  };

  server.on("connection", (socket, { url = "" }) => {
    const query = new URL(url, "http://fake").searchParams;
    const account = query.get("account") ?? "";
    const line = lineOf(account);
    if (tuning.away) return socket.terminate();
    line.page = socket;
    socket.on("message", (bytes) =>
      obey(account, socket, request.parse(JSON.parse((bytes as Buffer).toString("utf8")))),
    );
    events.emit("page", { account, me: query.get("me") ?? "" });
    if (!tuning.auto) return;
    const known = query.get("me") !== "";
    if (!known || line.linked === undefined) say(socket, reference());
    if (line.linked === undefined) return;
    for (const msg of line.messages.values()) say(socket, { ev: "message", msg });
    say(socket, known ? { ev: "connected" } : { ev: "paired", ...line.linked });
  });

  return {
    tuning,
    sent,
    ops,
    registered,
    media,
    tell,
    events,
    pagesOf: (account: string): boolean => lineOf(account).page !== undefined,
    /** The next request this is true of meets the trick. */
    next: (when: (op: Op) => boolean, trick: Trick): void => void tricks.push({ when, trick }),
    /** Writes the page into the folder that the account's connector is given. */
    prepare: async (folder: string, account: string): Promise<void> => {
      const filled = scripts
        .replaceAll("__PORT__", String(port))
        .replaceAll("__ACCOUNT__", account)
        .replaceAll("__VERSION__", version);
      const html = `<!doctype html><meta charset="utf-8"><title>WhatsApp</title><script>(() => {\n${filled}\n})();</script>`;
      await writeFile(join(folder, "page.html"), html);
    },
    /** The phone is linked before any page asks: no code has to be scanned. */
    link: (account: string, phone: string): void => {
      lineOf(account).linked = { wid: `${phone}@c.us`, lid: `1111${phone}@lid` };
    },
    /** Somebody scans the code that the page shows. */
    scan: (account: string, phone: string, syncMs = tuning.syncMs): void => {
      const linked = { wid: `${phone}@c.us`, lid: `1111${phone}@lid` };
      lineOf(account).linked = linked;
      tell(account, { ev: "paired", ...linked, syncMs });
    },
    /** The device is unlinked on the phone. */
    unlink: (account: string): void => {
      lineOf(account).linked = undefined;
      tell(account, { ev: "logout" });
    },
    /** A message reaches the phone; the page hears of it when it is there. Gives the id as WhatsApp writes it. */
    receive: (account: string, message: FakeMessage): string => {
      const { media: content, ...rest } = message;
      const id = message.id ?? `3A${String(++made).padStart(30, "0")}`;
      const path = `/v/${id}`;
      if (content !== undefined) media.set(path, content);
      const whole = {
        t: Math.floor(Date.now() / 1_000),
        ...rest,
        id,
        ...(content !== undefined && { directPath: path, mediaKey: "k", size: Buffer.from(content, "base64").length }),
      };
      lineOf(account).messages.set(id, whole);
      tell(account, { ev: "message", msg: whole });
      return `${message.fromMe === true}_${message.chat}_${id}${message.author === undefined ? "" : `_${message.author}`}`;
    },
    /** What lies at the customer of this chat now: edited, reacted to, without what was taken back. */
    received: (account: string, chat: string) => {
      const of = (id: string, op: string) =>
        ops.findLast((each) => each.account === account && each.op === op && each.id === id);
      return sent
        .filter((message) => message.account === account && message.chat === chat)
        .filter(({ id }) => of(id, "revoke") === undefined)
        .map(({ id, body, caption, directPath, filename, mimetype, ...more }) => {
          const reaction = of(id, "react")?.reaction;
          return {
            ...more,
            id,
            text: of(id, "edit")?.body ?? (directPath === undefined ? body : caption) ?? "",
            reactions: reaction ? [reaction] : [],
            ...(directPath !== undefined && {
              file: {
                name: filename ?? "",
                mimeType: mimetype ?? "",
                bytes: Buffer.from(media.get(directPath) ?? "", "base64"),
              },
            }),
          };
        });
    },
    drop: (account?: string): void => {
      for (const [name, line] of lines) if (account === undefined || name === account) line.page?.terminate();
    },
    stop: async (): Promise<void> => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

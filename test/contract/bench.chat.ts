import { randomUUID } from "node:crypto";
import { accountId, type WebhookRequest } from "#contract";
import { threadOf } from "../../connectors/chat/thread.ts";
import type { OpenAccount } from "./account.ts";
import type { Bench, Customer, File, Remote } from "./bench.ts";

const site = "https://www.zahradnictvi.example";

/** A visitor's browser: one socket that said hello, and the uploads beside it. */
const visitor = async (account: OpenAccount, ip: string) => {
  const peer = account.peer({ ip, origin: site });
  const { token } = (await peer.ask("hello", { host: site, lang: "cs" })) as { readonly token: string };
  return { peer, token, session: token.split(".")[0] ?? "" };
};

const upload = (token: string, message: { readonly text: string; readonly id: string; readonly file: File }) =>
  ({
    method: "POST",
    path: "/files",
    query: new URLSearchParams({ id: message.id, name: message.file.name }),
    headers: new Headers({
      "x-linka-session": token,
      "x-linka-text": encodeURIComponent(message.text),
      "content-type": message.file.mimeType,
    }),
    body: message.file.bytes,
  }) satisfies WebhookRequest;

const note: File = { name: "adresa.txt", mimeType: "text/plain", bytes: Buffer.from("Lipová 3, Brno") };

const customer = async (account: OpenAccount, name: string): Promise<Customer> => {
  const { peer, token, session } = await visitor(account, `ip of ${name}`);
  const thread = threadOf(accountId(`account-${account.side}`), session);
  /** The widget's patience: the same id until the hub says it is stored. */
  const patiently = async (deliver: () => Promise<boolean>): Promise<void> => {
    for (let attempt = 0; attempt < 5; attempt += 1) if (await deliver()) return;
    throw new Error("the visitor gave up");
  };
  return {
    to: { thread, to: [{ kind: "visitor", scope: `account-${account.side}`, value: session }] },
    async writes({ text, files = [] }) {
      const id = randomUUID();
      const [file] = files;
      const deliver = async (): Promise<boolean> => {
        if (file) return (await account.connection.webhook?.(upload(token, { text, id, file })))?.status === 200;
        return peer.ask("send", { id, text }).then(
          () => true,
          () => false,
        );
      };
      await patiently(deliver);
      return { again: () => patiently(deliver) };
    },
    async received() {
      const lines = peer.heard.filter(({ event }) => event === "line").map(({ payload }) => payload);
      return (lines as { readonly from: string; readonly text: string }[])
        .filter(({ from }) => from === "agent")
        .map(({ text }) => ({ text, files: [] }));
    },
    refusals: [
      {
        code: "recipient-gone",
        arrange: async () => ({ thread: threadOf(accountId("another-account"), session) }),
      },
    ],
  };
};

const start = async (): Promise<Remote> => ({
  settings: {
    a: { allowedOrigins: [site], identitySecret: "zahradnictvi-podepisuje" },
    b: { allowedOrigins: [site], identitySecret: "banka-podepisuje-jinak" },
  },
  customer,
  async webhook(account) {
    const { token } = await visitor(account, "ip of a visitor with a file");
    const message = { text: "", id: randomUUID(), file: note };
    const genuine = upload(token, message);
    const without = upload(token, message);
    without.headers.delete("x-linka-session");
    const [session, sealed = ""] = token.split(".");
    const damaged = `${session}.${sealed.startsWith("A") ? "B" : "A"}${sealed.slice(1)}`;
    return {
      genuine,
      events: 1,
      forged: [without, upload(damaged, message), upload(`${"x".repeat(22)}.${sealed}`, message)],
      unknown: { ...genuine, path: "/voice" },
    };
  },
  async stop() {},
});

export const bench: Bench = {
  bad: [
    { allowedOrigins: ["www.bez-protokolu.example"] },
    { color: "zelená" },
    { identitySecret: "krátké" },
    { hours: ["každý den"] },
    { timezone: "Europe/Brno" },
    { quickExitUrl: "javascript:alert(1)" },
  ],
  patienceMs: 2_000,
  start,
};

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChannelAccountBody, ChannelAccountView, QueueView, TenantView, UserBody, UserView } from "#wire";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../support/database.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { type Agent, signIn, until } from "./agent.ts";

/** An installation without the demo: a database without a row, a hub process, and nothing but its API. */
let database: FreshDatabase;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: HubProcess;
const people: Agent[] = [];
let visitor: Socket | undefined;

beforeAll(async () => {
  [database, folder] = await Promise.all([freshDatabase(), temporaryFolder()]);
  hub = await startHub({
    dataDir: folder.path,
    env: { DATABASE_URL: database.url, LINKA_SECRET: randomBytes(32).toString("hex"), LINKA_DEMO: "0" },
  });
}, 60_000);
afterAll(async () => {
  visitor?.close();
  for (const person of people) person.leave();
  await hub?.kill("SIGKILL");
  await database?.drop();
  await folder?.remove();
});

const sits = async (email: string, password: string): Promise<Agent> => {
  const person = await signIn({ url: hub.url, email, password });
  people.push(person);
  return person;
};

test(
  "the first administrator sets up a company, a queue, an agent and a web chat, and the first customer is answered",
  { timeout: 40_000 },
  async () => {
    const [, login = ""] = (await readFile(join(folder.path, "first-login.txt"), "utf8")).split("\n");
    const [email = "", password = ""] = login.split(/\s+/);
    const admin = await sits(email, password);
    expect(admin.boot).toMatchObject({ me: { platformAdmin: true }, memberships: [], tenants: [] });

    const company = await admin.call<TenantView>("POST", "/api/admin/tenants", { key: "lipa", name: "Lípa" });
    const queue = await admin.call<QueueView>("POST", "/api/admin/queues", {
      tenantId: company.id,
      name: "Objednávky",
    });
    const agentPassword = randomBytes(12).toString("base64url");
    const colleague: UserBody = {
      email: "eva@lipa.example",
      name: "Eva Malá",
      password: agentPassword,
      memberships: [{ tenantId: company.id, role: "agent", profile: "normal", alias: "Eva", queueIds: [queue.id] }],
    };
    const user = await admin.call<UserView>("POST", "/api/admin/users", colleague);
    const { users } = await admin.call<{ users: UserView[] }>("GET", "/api/admin/users");
    expect(users.map(({ id }) => id).toSorted()).toEqual([admin.boot.me.id, user.id].toSorted());
    const chat: ChannelAccountBody = {
      tenantId: company.id,
      kind: "chat",
      name: "Web",
      queueId: queue.id,
      enabled: true,
      config: {},
    };
    const account = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", chat);
    await until("the chat is online", async () => {
      const { channels } = await admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
      const shown = channels.find(({ id }) => id === account.id);
      return shown?.state === "online" && shown.embed?.includes(`data-account="${account.id}"`) === true;
    });

    const agent = await sits(colleague.email, agentPassword);
    expect(agent.boot.queues).toMatchObject([{ id: queue.id, name: "Objednávky" }]);

    const line = io(`${hub.url}/visitor`, {
      forceNew: true,
      transports: ["websocket"],
      auth: { account: account.id },
    });
    visitor = line;
    const ask = (event: string, payload: object) => line.timeout(8_000).emitWithAck("ask", event, payload);
    expect(await ask("hello", { lang: "cs" })).toMatchObject({ ok: true });
    const text = "Dobrý den, kde je moje lípa?";
    expect(await ask("send", { id: "first-message", text })).toMatchObject({ ok: true });

    // Both were there before the company's first customer: the administrator since before there was a company.
    const fits = ({ changes }: { changes: readonly { row: { preview: string } | null }[] }) =>
      changes.some(({ row }) => row?.preview.includes("kde je moje lípa") === true);
    await Promise.all([admin, agent].map((person) => person.heard("the first customer", fits)));
    const { rows } = await agent.ask("view.open", { kind: "unassigned" });
    expect(rows).toMatchObject([{ tenantId: company.id, queueId: queue.id, number: 1, lastKind: "chat" }]);
    const id = rows[0]?.id ?? "";
    const { row, messages, threads } = await agent.ask("conversation.open", { id, limit: 10 });
    expect(messages.map((message) => message.text)).toContain(text);

    const answer = new Promise<unknown>((resolve) => {
      line.onAny((event: string, payload: unknown) => {
        if (JSON.stringify(payload).includes("Už je na cestě")) resolve({ event, payload });
      });
    });
    await agent.ask("message.send", {
      conversationId: id,
      clientKey: crypto.randomUUID(),
      mode: "reply",
      threadId: threads[0]?.id ?? "",
      text: "Už je na cestě.",
      uploadIds: [],
      expectedSeq: row.lastSeq,
    });
    expect(JSON.stringify(await answer)).toContain("Eva");
  },
);

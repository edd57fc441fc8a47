import { randomBytes } from "node:crypto";
import { Client } from "pg";
import type { ChannelAccountView, ConversationRow, Gives, MessageView } from "#wire";
import { startGraph } from "../../fakes/graph/server.ts";
import { addWhatsApp } from "../../fakes/graph/whatsapp.ts";
import type { FakeTemplate } from "../../fakes/graph/whatsapp-validate.ts";
import { signIn, until } from "../../journeys/agent.ts";
import { freshDatabase, temporaryFolder } from "../../support/database.ts";
import { seedFixture } from "../../support/fixture.ts";
import { startHub } from "../../support/hub.ts";
import { freePort } from "../../../src/postgres/port.ts";

export { until };

/** A real hub process with one WhatsApp number on a fake Graph, its webhook set up as at Meta, and an agent at a desk. */
export const openScene = async (given: { readonly templates?: readonly FakeTemplate[] } = {}) => {
  const graph = await startGraph();
  const whatsapp = addWhatsApp(graph);
  const number = whatsapp.number(given);
  const database = await freshDatabase();
  const folder = await temporaryFolder();
  const secret = randomBytes(32).toString("hex");
  const fixture = await seedFixture({ databaseUrl: database.url, secret, queues: 1, agents: 2, admin: true });
  const env = {
    PORT: String(await freePort()),
    DATABASE_URL: database.url,
    LINKA_SECRET: secret,
    LINKA_DEMO: "0",
  };
  const client = new Client({ connectionString: database.url });
  await client.connect();
  // Meta stands on this machine here, which is for platform administrators to set up.
  await client.query("update app_user set platform_admin = true where id = $1", [fixture.users[0]?.id]);
  let hub = await startHub({ dataDir: folder.path, env });
  const login = (i: number) =>
    signIn({ url: hub.url, email: fixture.users[i]?.email ?? "", password: fixture.password });
  const [admin, agent] = await Promise.all([login(0), login(1)]);
  const body = {
    tenantId: fixture.tenantId,
    kind: "whatsapp",
    name: "WhatsApp",
    queueId: fixture.queueIds[0] ?? null,
    enabled: true,
    config: { ...number.settings, checkEveryMs: 200 },
  };
  const { id: accountId } = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", body);
  const channel = async (): Promise<ChannelAccountView | undefined> => {
    const { channels } = await admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
    return channels.find(({ id }) => id === accountId);
  };
  const inState = (state: string) =>
    until(`the number is ${state}`, async () => (await channel())?.state === state, 20_000);
  await inState("online");
  const hookUrl = `${hub.url}/hooks/${accountId}`;
  const query = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
    (await client.query(text, values)).rows as Record<string, unknown>[];
  const rows = async (): Promise<readonly ConversationRow[]> => (await agent.ask("view.open", { kind: "all" })).rows;
  const open = (id: string): Promise<Gives<"conversation.open">> => agent.ask("conversation.open", { id });

  return {
    graph,
    whatsapp,
    number,
    admin,
    agent,
    body,
    accountId,
    hookUrl,
    channel,
    inState,
    query,
    rows,
    open,
    fixture,
    subscribe: () => graph.webhooks.subscribe(number.app, hookUrl, number.settings.verify),
    /** The message that begins with this text, once an agent sees it. */
    heard: (text: string): Promise<MessageView> =>
      until(
        text,
        async () => {
          const [row] = await query("select id, conversation_id from message where starts_with(body, $1)", [text]);
          if (row === undefined) return false;
          return (await open(String(row["conversation_id"]))).messages.find(({ id }) => id === row["id"]);
        },
        20_000,
      ),
    /** A message as it is now, once it is as `fits` wants it. */
    message: (id: string, says: string, fits: (message: MessageView) => boolean, conversationId: string) =>
      until(
        says,
        async () => {
          const message = (await open(conversationId)).messages.find((each) => each.id === id);
          return message !== undefined && fits(message) && message;
        },
        20_000,
      ),
    reply: async (conversationId: string, text: string, more: object = {}): Promise<MessageView> =>
      (
        await agent.ask("message.send", {
          conversationId,
          clientKey: randomBytes(8).toString("hex"),
          mode: "reply",
          text,
          uploadIds: [],
          ...more,
        })
      ).message,
    upload: (conversationId: string, name: string, bytes: Uint8Array) =>
      agent.call<{ id: string }>(
        "POST",
        `/api/uploads?conversationId=${conversationId}&name=${encodeURIComponent(name)}`,
        bytes,
      ),
    fileAt: async (url: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(new URL(url, hub.url))).arrayBuffer()),
    output: () => hub.output(),
    kill: () => hub.kill("SIGKILL"),
    restart: async () => {
      hub = await startHub({ dataDir: folder.path, env });
    },
    stop: async () => {
      admin.leave();
      agent.leave();
      await graph.stop();
      await hub.kill("SIGKILL");
      await client.end();
      await database.drop();
      await folder.remove();
    },
  };
};
export type Scene = Awaited<ReturnType<typeof openScene>>;

/** A small picture that is one. */
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);
/** The first page of an Ogg stream with Opus in it. */
export const opus = Buffer.from("T2dnUwACAAAAAAAAAAD/////AAAAAAAAAAABE09wdXNIZWFkAQE4AYC7AAAAAAA=", "base64");

import { randomBytes } from "node:crypto";
import { Client } from "pg";
import type { Content } from "#contract";
import type { ChannelAccountView, Gives, MessageView } from "#wire";
import { instagramScopes, makeInstagram } from "../fakes/graph/instagram.ts";
import { makePage, pageScopes } from "../fakes/graph/messenger.ts";
import { startGraph } from "../fakes/graph/server.ts";
import { makeUser, type SocialUser } from "../fakes/graph/social-user.ts";
import { freshDatabase, temporaryFolder } from "../support/database.ts";
import { seedFixture } from "../support/fixture.ts";
import { startHub } from "../support/hub.ts";
import { signIn, until } from "./agent.ts";

export const patience = 20_000;
export const verify = "a word between us";
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);

/** Two pages and an Instagram account of one app on the stand-in, a real hub, an administrator and an agent. */
export const startMetaWorld = async () => {
  const graph = await startGraph();
  const app = graph.app("900000000000001");
  const token = graph.token({ app, scopes: [...pageScopes, ...instagramScopes] });
  const page = makePage(graph, { app, name: "Zahradka" });
  const second = makePage(graph, { app, name: "Vltava" });
  const instagram = makeInstagram(graph, { app });
  const database = await freshDatabase();
  const folder = await temporaryFolder();
  const secret = randomBytes(32).toString("hex");
  const fixture = await seedFixture({ databaseUrl: database.url, secret, queues: 1, agents: 2, admin: true });
  const env = { DATABASE_URL: database.url, LINKA_SECRET: secret, LINKA_DEMO: "0" };
  const hub = await startHub({ dataDir: folder.path, env });
  const login = (i: number) =>
    signIn({ url: hub.url, email: fixture.users[i]?.email ?? "", password: fixture.password });
  const [admin, agent] = await Promise.all([login(0), login(1)]);

  const shared = {
    token: token.value,
    appId: token.app.id,
    appSecret: token.app.secret,
    verify,
    apiUrl: graph.url,
    checkEveryMs: 200,
  };
  const body = (kind: string, name: string, config: object) => ({
    tenantId: fixture.tenantId,
    kind,
    name,
    queueId: fixture.queueIds[0] ?? null,
    enabled: true,
    config: { ...shared, ...config },
  });
  const bodies = {
    page: body("messenger", "Zahrádka", { pageId: page.own }),
    second: body("messenger", "Vltava", { pageId: second.own }),
    instagram: body("instagram", "Instagram", { accountId: instagram.own, pageId: instagram.node }),
  };

  const open = (id: string): Promise<Gives<"conversation.open">> => agent.ask("conversation.open", { id });
  const accounts = async () =>
    (await admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels")).channels;

  return {
    graph,
    token,
    page,
    second,
    instagram,
    hub,
    admin,
    agent,
    bodies,
    open,
    account: async (id: string) => (await accounts()).find((one) => one.id === id),
    connect: (which: keyof typeof bodies) =>
      admin.call<ChannelAccountView>("POST", "/api/admin/channels", bodies[which]),
    /** The stand-in lies on this machine: only a platform administrator may have a token sent there. */
    promote: async (): Promise<void> => {
      const client = new Client({ connectionString: database.url });
      await client.connect();
      await client.query("UPDATE app_user SET platform_admin = true WHERE id = $1", [fixture.users[0]?.id]);
      await client.end();
    },
    user: (at: typeof page, name: string): SocialUser => makeUser(at, at.person(name)),
    /** The conversation whose row shows this text. */
    arrived: async (text: string): Promise<string> => {
      const shows = ({ row }: { row: { preview: string } }) => row.preview === text;
      const { frame } = await agent.heard(text, ({ changes }) => changes.some(shows), patience);
      return frame.changes.find(shows)?.row.id ?? "";
    },
    message: (text: string, in_: string): Promise<MessageView> =>
      until(`the message "${text}"`, async () => (await open(in_)).messages.find((one) => one.text === text), patience),
    changed: (says: string, in_: string, fits: (messages: readonly MessageView[]) => boolean) =>
      until(says, async () => fits((await open(in_)).messages), patience),
    answer: async (in_: string, text: string, more: { uploadIds?: string[]; content?: Content } = {}) => {
      const clientKey = randomBytes(8).toString("hex");
      const send = { conversationId: in_, clientKey, mode: "reply" as const, text, uploadIds: [], ...more };
      return (await agent.ask("message.send", send)).message;
    },
    line: (who: SocialUser, text: string) => who.person.lines.find((one) => one.text === text),
    stop: async (): Promise<void> => {
      admin.leave();
      agent.leave();
      await hub.kill("SIGKILL");
      await graph.stop();
      await database.drop();
      await folder.remove();
    },
  };
};
export type MetaWorld = Awaited<ReturnType<typeof startMetaWorld>>;

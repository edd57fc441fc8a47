import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import type { ChannelAccountView, ChannelLink } from "#wire";
import { freePort } from "../../../src/postgres/port.ts";
import { onlyLoopback, startWhatsApp } from "../../fakes/whatsapp-page/server.ts";
import { type Agent, signIn } from "../../journeys/agent.ts";
import { temporaryFolder } from "../../support/postgres.ts";
import { seedFixture } from "../../support/fixture.ts";
import { type HubProcess, startHub } from "../../support/hub.ts";
import { browsersIn, until } from "./phone.ts";

interface Stored {
  readonly body: string;
  readonly account: string;
  readonly channel: string;
}

/** A real hub process over this database, and phones that administrators link to it. */
export const startLinkedHub = async ({ databaseUrl }: { readonly databaseUrl: string }) => {
  const [whatsapp, folder] = await Promise.all([startWhatsApp(), temporaryFolder()]);
  const secret = randomBytes(32).toString("hex");
  const fixture = await seedFixture({ databaseUrl, secret, queues: 1, agents: 2, admin: true });
  const rows = new Client({ connectionString: databaseUrl });
  // Ended by the database when a test that failed leaves it open.
  rows.on("error", () => undefined);
  await rows.connect();
  const env = {
    PORT: String(await freePort()),
    DATABASE_URL: databaseUrl,
    LINKA_SECRET: secret,
    LINKA_DEMO: "0",
    CHROMIUM_FLAGS: onlyLoopback.join(" "),
  };
  const start = (): Promise<HubProcess> => startHub({ dataDir: folder.path, env });
  let hub = await start();
  const as = (user: number): Promise<Agent> =>
    signIn({ url: hub.url, email: fixture.users[user]?.email ?? "", password: fixture.password });
  const admin = await as(0);

  const link = (id: string): Promise<ChannelLink> => admin.call("GET", `/api/admin/channels/${id}/link`);
  return {
    whatsapp,
    folder: folder.path,
    admin,
    as,
    link,
    hub: () => hub,
    restart: async (): Promise<void> => {
      hub = await start();
    },
    /** An account for this number, switched on; its phone is not linked yet. */
    add: async (number: string): Promise<string> => {
      const body = {
        tenantId: fixture.tenantId,
        kind: "whatsapp-web",
        name: `Telefon ${number}`,
        queueId: fixture.queueIds[0] ?? null,
        enabled: false,
        config: { number: `+${number}`, secondsBetweenSends: 0 },
      };
      const { id } = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", body);
      const own = join(folder.path, "accounts", id);
      await mkdir(own, { recursive: true, mode: 0o700 });
      await whatsapp.prepare(own, number);
      await admin.call("PATCH", `/api/admin/channels/${id}`, { enabled: true });
      return id;
    },
    /** The code on the administrator's screen is scanned with the phone. */
    scan: async (id: string, number: string): Promise<void> => {
      await until("a code on the screen", async () => (await link(id).catch(() => undefined))?.qr);
      whatsapp.scan(number, number);
    },
    ready: (id: string): Promise<ChannelLink> =>
      until("the account is ready", async () => {
        const now = await link(id).catch(() => undefined);
        return now?.phase === "ready" && now;
      }),
    /** What customers wrote, by a pattern of SQL LIKE. */
    stored: async (pattern: string): Promise<readonly Stored[]> => {
      const found = await rows.query<Stored>(
        `SELECT m.body, t.account_id AS account, a.channel
         FROM message m JOIN thread t ON t.id = m.thread_id JOIN channel_account a ON a.id = t.account_id
         WHERE m.body LIKE $1 AND m.direction = 'in'`,
        [pattern],
      );
      return found.rows;
    },
    close: async (): Promise<void> => {
      admin.leave();
      await hub.kill("SIGKILL");
      await rows.end();
      await whatsapp.stop();
      await until("the browsers are gone", async () => (await browsersIn(folder.path)).length === 0);
      await folder.remove();
    },
  };
};

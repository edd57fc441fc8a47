import { createHmac, randomBytes } from "node:crypto";
import { ownPostgres, temporaryFolder } from "../../test/support/postgres.ts";
import { seedFixture } from "../../test/support/fixture.ts";
import { type HubProcess, startHub } from "../../test/support/hub.ts";
import { openDesk } from "./desk.ts";
import { now } from "./stats.ts";

export interface BenchHub {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  pgPid(): number;
  readonly databaseUrl: string;
  readonly hookPath: string;
  readonly hookPaths: readonly string[];
  readonly hookSecret: string;
  /** "" unless a WhatsApp number was asked for. */
  readonly whatsappPath: string;
  /** Differs from run to run, so that ids never meet. */
  readonly tag: string;
  /** A session cookie for each agent, in order. */
  readonly cookies: readonly string[];
  readonly desk: DeskCounter;
  /** SIGKILL, and a start on the same database and data folder. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  address(): string;
  /** What the hub printed, for the reader of a failed run. */
  output(): string;
  stop(): Promise<void>;
}

interface DeskCounter {
  /** Messages this desk has heard of: the sum of `lastSeq` over the rows it received. */
  messagesSeen(): number;
  /** Waits until so many were seen or the time is over; gives what was seen. */
  until(count: number, withinMs: number): Promise<number>;
}

/** The headers of a genuine loopback delivery. */
export const signed = (input: { readonly secret: string; readonly body: string }): Record<string, string> => ({
  "content-type": "application/json",
  "x-signature-256": `sha256=${createHmac("sha256", input.secret).update(input.body).digest("hex")}`,
});

const counter = (): { desk: DeskCounter; onFrame: (frame: string) => void } => {
  const lastSeq = new Map<string, number>();
  const seen = { messages: 0 };
  return {
    onFrame: (frame) => {
      const [, { changes }] = JSON.parse(frame.slice(2)) as [
        string,
        { changes: { row: { id: string; lastSeq: number } }[] },
      ];
      for (const { row } of changes) {
        const before = lastSeq.get(row.id) ?? 0;
        if (row.lastSeq <= before) continue;
        lastSeq.set(row.id, row.lastSeq);
        seen.messages += row.lastSeq - before;
      }
    },
    desk: {
      messagesSeen: () => seen.messages,
      until: async (count, withinMs) => {
        const end = now() + withinMs;
        while (seen.messages < count && now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
        return seen.messages;
      },
    },
  };
};

/** A hub in its own process on its own durable PostgreSQL, with a tenant, loopback accounts and agents. */
export const benchHub = async (
  input: Pick<Parameters<typeof seedFixture>[0], "queues" | "agents" | "whatsapp">,
): Promise<BenchHub> => {
  const postgres = await ownPostgres({ durable: true });
  const folder = await temporaryFolder();
  const secret = randomBytes(32).toString("hex");
  const fixture = await seedFixture({ databaseUrl: postgres.url, secret, ...input });
  const start = (): Promise<HubProcess> =>
    startHub({
      dataDir: folder.path,
      env: { DATABASE_URL: postgres.url, LINKA_SECRET: secret, NODE_ENV: "production" },
    });
  let hub = await start();
  const { desk, onFrame } = counter();
  await openDesk({ url: hub.url, cookie: fixture.users[0]?.cookie ?? "", onFrame });
  const hookPaths = fixture.accounts.map(({ hookPath }) => hookPath);
  return {
    url: hub.url,
    port: hub.port,
    pid: hub.pid,
    pgPid: () => postgres.pid(),
    databaseUrl: postgres.url,
    hookPath: hookPaths[0] ?? "",
    hookPaths,
    hookSecret: fixture.hookSecret,
    whatsappPath: fixture.whatsappAccountId === null ? "" : `/hooks/${fixture.whatsappAccountId}`,
    tag: randomBytes(4).toString("hex"),
    cookies: fixture.users.map(({ cookie }) => cookie),
    desk,
    address: () => hub.url,
    output: () => hub.output(),
    crash: () => hub.kill("SIGKILL"),
    restart: async () => {
      hub = await start();
    },
    stop: async () => {
      await hub.kill("SIGINT");
      await postgres.drop();
      await folder.remove();
    },
  };
};

import { randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ChannelAccountView } from "#wire";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../../../support/database.ts";
import { type Fixture, seedFixture } from "../../../support/fixture.ts";
import { type HubProcess, startHub } from "../../../support/hub.ts";
import { openRtpPeer, type RtpPeer } from "../media/peers.ts";
import { follow, openSide, type Side } from "../sip/pair.ts";
import { type PhoneAgent, phoneAgent } from "./agent.ts";

/** A crisis line: what its callers were promised holds from the first packet to the last row. */
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let database: FreshDatabase;
let fixture: Fixture;
let hub: HubProcess;
let agent: PhoneAgent;
let side: Side;
let port: number;
let rtp: RtpPeer;
const number = "+420777123456";

beforeAll(async () => {
  [folder, database, side, rtp] = await Promise.all([temporaryFolder(), freshDatabase(), openSide({}), openRtpPeer()]);
  const probe = await openSide({});
  port = probe.port;
  await probe.stop();
  const secret = randomBytes(32).toString("hex");
  fixture = await seedFixture({ databaseUrl: database.url, secret, queues: 1, agents: 1, admin: true });
  await rows(`update tenant set policy = '{"mode":"anonymous"}' returning id`);
  await rows("update app_user set platform_admin = true returning id");
  const env = { DATABASE_URL: database.url, LINKA_SECRET: secret, LINKA_DEMO: "0" };
  hub = await startHub({ dataDir: folder.path, env });
  const email = fixture.users[0]?.email ?? "";
  await writeFile(path.join(folder.path, "demo-logins.txt"), `${email} ${fixture.password}\n`);
  agent = await phoneAgent({ url: hub.url, dataDir: folder.path, email });
  const made = await agent.call<ChannelAccountView>("POST", "/api/admin/channels", {
    tenantId: fixture.tenantId,
    kind: "phone",
    name: "Linka bezpečí",
    queueId: null,
    enabled: true,
    config: {
      listenPort: port,
      sources: ["127.0.0.1"],
      rtpFrom: 40_000,
      rtpTo: 41_998,
      notice: "Jste na lince.",
      record: true,
      wrapUpSeconds: 0,
    },
  });
  await vi.waitFor(
    async () => {
      const { channels } = await agent.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
      const own = channels.find(({ id }) => id === made.id);
      if (own?.state !== "online") throw new Error(`the line is ${own?.state}: ${own?.stateText}\n${hub.output()}`);
    },
    { timeout: 20_000, interval: 100 },
  );
}, 90_000);
afterAll(async () => {
  agent?.leave();
  await rtp?.close();
  await side?.stop();
  await hub?.kill("SIGKILL");
  await database?.drop();
  await folder?.remove();
});

const rows = async <T extends object>(text: string): Promise<T[]> => {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
};

test("an anonymous line passes no number on and records nothing, whatever its settings say", async () => {
  await agent.startPhone();
  await agent.ask("phone.ready", { ready: true });
  const sdp = `v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${rtp.port} RTP/AVP 8\r\n`;
  const call = side.ua.invite({ target: `sip:116111@127.0.0.1:${port}`, sdp, from: { number, display: "Petr Malý" } });
  const heard = follow(call);
  const answered = await heard.until("answered");
  rtp.connect(Number(/m=audio (\d+)/.exec(answered.sdp)?.[1]));
  const offered = await agent.sees("an offer", ({ state }) => state === "ringing");
  expect([offered.number, offered.display]).toEqual([null, ""]);
  await agent.ask("phone.command", { name: "answer", callId: offered.callId });
  const active = await agent.sees("the call", ({ state }) => state === "active");
  expect(active.recording).toBe("off");
  call.hangup();
  await agent.hears("phone.ended", ({ callId }) => callId === offered.callId);
  await expect
    .poll(() => rows<{ state: string }>("select state from call"), { timeout: 20_000 })
    .toEqual([{ state: "ended" }]);
  // Nothing of the number or the name anywhere in the database, and no sound on the disk.
  const tables = await rows<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
  );
  for (const { name } of tables) {
    const [found] = await rows<{ text: string | null }>(`select string_agg(t::text, ' ') as text from "${name}" t`);
    expect(found?.text ?? "").not.toMatch(/777123456|777 123 456|Petr Malý/);
  }
  expect(await rows("select id from recording")).toEqual([]);
  const files = await readdir(folder.path, { recursive: true });
  expect(files.filter((file) => file.endsWith(".wav"))).toEqual([]);
});

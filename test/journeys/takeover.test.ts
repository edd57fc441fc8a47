import { createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import type { Asks } from "#wire";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startCallback } from "../contract/callback.ts";
import { type Dovecot, hasDovecot, password, startDovecot } from "../fakes/dovecot.ts";
import { freshUser, lettersOf } from "../fakes/mailbox.ts";
import { startSmtp } from "../fakes/smtp.ts";
import { freshDatabase, type FreshDatabase, temporaryFolder } from "../support/database.ts";
import { type Fixture, seedFixture } from "../support/fixture.ts";
import { type HubProcess, startHub } from "../support/hub.ts";
import { type Agent, signIn, until } from "./agent.ts";

/** Two hubs on one database and one folder of files, as two machines with a shared disk would be. */
const secret = randomBytes(32).toString("hex");
const hookSecret = randomBytes(16).toString("hex");
const takeoverMs = 15_000;
let database: FreshDatabase;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let callback: Awaited<ReturnType<typeof startCallback>>;
let fixture: Fixture;
let watcher: Client;

beforeAll(async () => {
  database = await freshDatabase();
  folder = await temporaryFolder();
  callback = await startCallback([hookSecret]);
  fixture = await seedFixture({
    databaseUrl: database.url,
    secret,
    queues: 1,
    agents: 1,
    admin: true,
    hookSecret,
    callbackUrl: callback.url,
  });
  watcher = new Client({ connectionString: database.url });
  await watcher.connect();
  await watcher.query(`UPDATE tenant SET policy = '{"undoSeconds":{"email":0}}'`);
});
afterAll(async () => {
  await watcher.end();
  await callback.stop();
  await database.drop();
  await folder.remove();
});

const hub = async (freezeAt = ""): Promise<HubProcess> => {
  const started = await startHub({
    dataDir: folder.path,
    env: { DATABASE_URL: database.url, LINKA_SECRET: secret, LINKA_DEMO: "0", FREEZE_AT: freezeAt },
    preload: [join(import.meta.dirname, "freezeAt.child.ts")],
  });
  onTestFinished(() => started.kill("SIGKILL"));
  return started;
};
const agentAt = async ({ url }: HubProcess): Promise<Agent> => {
  const agent = await signIn({ url, email: fixture.users[0]?.email ?? "", password: fixture.password });
  onTestFinished(() => agent.leave());
  return agent;
};

interface Lease {
  readonly pid: number;
  readonly fencing: number;
}
/** Who leads an account now; the owner's mark carries its process id (src/runtime/process-mark.ts). */
const leaseOf = async (accountId: string): Promise<Lease | undefined> => {
  const { rows } = await watcher.query<{ owner: string; fencing: string }>(
    "SELECT owner, fencing FROM lease WHERE name = $1 AND until > now()",
    [`account:${accountId}`],
  );
  const [row] = rows;
  return row === undefined ? undefined : { pid: Number(row.owner.split("/")[2]), fencing: Number(row.fencing) };
};
/** Looks at an account's lease without a pause until told to stop; gives every holder seen, oldest first. */
const watchLease = (accountId: string): (() => Promise<readonly Lease[]>) => {
  const enough = new AbortController();
  const seen: Lease[] = [];
  const watching = (async () => {
    while (!enough.signal.aborted) {
      const lease = await leaseOf(accountId);
      const last = seen.at(-1);
      if (lease !== undefined && (last?.pid !== lease.pid || last.fencing !== lease.fencing)) seen.push(lease);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const stop = async (): Promise<readonly Lease[]> => {
    enough.abort();
    await watching;
    return seen;
  };
  onTestFinished(async () => void (await stop()));
  return stop;
};
const ledBy = (accountId: string, { pid }: HubProcess, withinMs?: number): Promise<Lease> =>
  until(
    `process ${pid} leads ${accountId}`,
    async () => {
      const lease = await leaseOf(accountId);
      return lease?.pid === pid && lease;
    },
    withinMs,
  );

const loopback = () => fixture.accounts[0] ?? { id: "", hookPath: "" };
const write = async (at: HubProcess, customer: string, text: string): Promise<void> => {
  const message = { id: `m-${text}`, thread: customer, text, at: new Date().toISOString(), from: { id: customer } };
  const body = JSON.stringify({ messages: [message] });
  const signature = createHmac("sha256", hookSecret).update(body).digest("hex");
  const answer = await fetch(at.url + loopback().hookPath, {
    method: "POST",
    headers: { "x-signature-256": `sha256=${signature}` },
    body,
  });
  expect(answer.status).toBe(200);
};
let answers = 0;
const answer = async (agent: Agent, conversationId: string, text: string): Promise<void> => {
  answers += 1;
  const clientKey = `takeover-${answers}`;
  await agent.ask("message.send", { conversationId, clientKey, mode: "reply", text });
};
const received = (customer: string): readonly string[] => callback.received(customer).map(({ text }) => text);
const got = (customer: string, texts: readonly string[], withinMs = takeoverMs): Promise<unknown> =>
  until(`${customer} has ${texts.at(-1)}`, async () => received(customer).length >= texts.length, withinMs);

/** What the customer wrote at one hub, on the screen of an agent at the same one. */
const conversationOf = async (agent: Agent, text: string): Promise<string> => {
  const { frame } = await agent.heard(text, ({ changes }) => changes.some(({ row }) => row.preview.includes(text)));
  return frame.changes.find(({ row }) => row.preview.includes(text))?.row.id ?? "";
};

test(
  "when the leader of an account is killed, the other hub sends within 15 s what was waiting, each once",
  { timeout: 50_000 },
  async () => {
    const [one, two] = await Promise.all([hub(), hub()]);
    const before = await until("somebody leads", () => leaseOf(loopback().id));
    const [leader, other] = before.pid === one.pid ? [one, two] : [two, one];
    expect(before.pid).toBe(leader.pid);
    const holders = watchLease(loopback().id);
    const agent = await agentAt(other);
    await write(other, "karel", "Haló");
    const conversationId = await conversationOf(agent, "Haló");
    await answer(agent, conversationId, "první");
    await got("karel", ["první"]);
    await leader.kill("SIGKILL");
    const killedAt = performance.now();
    await answer(agent, conversationId, "druhá");
    await answer(agent, conversationId, "třetí");
    await got("karel", ["první", "druhá", "třetí"]);
    const tookMs = performance.now() - killedAt;
    process.stdout.write(`takeover: after SIGKILL of the leader the other hub sent in ${Math.round(tookMs)} ms\n`);
    expect(tookMs).toBeLessThan(takeoverMs);
    expect(received("karel")).toEqual(["první", "druhá", "třetí"]);
    const after = await ledBy(loopback().id, other);
    expect(after.fencing).toBeGreaterThan(before.fencing);
    expect(await holders()).toEqual([before, after]);
    await write(other, "karel", "Jste tam ještě?");
    expect(await conversationOf(agent, "Jste tam ještě?")).toBe(conversationId);
  },
);

/** Asks with the same key until the hub says that it is stored, as the desk does. */
const insist = async (agent: Agent, takes: Asks<"message.send">): Promise<void> => {
  await until(
    takes.text,
    () =>
      agent.ask("message.send", takes).then(
        () => true,
        () => false,
      ),
    25_000,
  );
};
const isFrozen = async ({ pid }: HubProcess): Promise<boolean> =>
  / T /.test((await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\)/, ""));

test(
  "a leader that froze in the middle of a transaction holds nobody up, and leads and sends nothing twice when it wakes",
  { timeout: 55_000 },
  async () => {
    const one = await hub("command.before-commit@2");
    const before = await ledBy(loopback().id, one);
    const two = await hub();
    const [first, agent] = await Promise.all([agentAt(one), agentAt(two)]);
    await write(two, "iva", "Dobrý den");
    const conversationId = await conversationOf(agent, "Dobrý den");
    await answer(first, conversationId, "od první");
    await got("iva", ["od první"]);
    const holders = watchLease(loopback().id);
    const common = { conversationId, mode: "reply" } as const;
    const cutOff = insist(first, { ...common, clientKey: "takeover-cut-off", text: "přerušená" });
    await until("the leader is frozen", () => isFrozen(one));
    const frozenAt = performance.now();
    await insist(agent, { ...common, clientKey: "takeover-other", text: "od druhé" });
    await got("iva", ["od první", "od druhé"]);
    const tookMs = performance.now() - frozenAt;
    process.stdout.write(`takeover: after a freeze of the leader the other hub sent in ${Math.round(tookMs)} ms\n`);
    expect(tookMs).toBeLessThan(takeoverMs);
    process.kill(one.pid, "SIGCONT");
    await cutOff;
    await got("iva", ["od první", "od druhé", "přerušená"]);
    expect(received("iva")).toEqual(["od první", "od druhé", "přerušená"]);
    const after = await ledBy(loopback().id, two);
    expect(after.fencing).toBeGreaterThan(before.fencing);
    // The frozen one never came back in between: each held it once, under a number that grew.
    expect(await holders()).toEqual([before, after]);
  },
);

describe.skipIf(!hasDovecot())("a mailbox of two hubs", () => {
  let dovecot: Dovecot;
  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(() => dovecot?.stop());

  test(
    "is read by one of them only; after SIGKILL of that one the other reads and answers within 15 s",
    { timeout: 50_000 },
    async () => {
      const support = freshUser("podpora");
      const customer = freshUser("zakaznik");
      const smtp = await startSmtp({
        take: async ({ raw, to }) => {
          for (const recipient of to) await dovecot.deliver({ raw }, recipient);
        },
      });
      onTestFinished(() => smtp.stop());
      const [one, two] = await Promise.all([hub(), hub()]);
      const admin = await agentAt(one);
      const { id } = await admin.call<{ id: string }>("POST", "/api/admin/channels", {
        tenantId: fixture.tenantId,
        kind: "email",
        name: "Podpora",
        queueId: fixture.queueIds[0] ?? null,
        enabled: true,
        config: {
          address: support,
          imapHost: "127.0.0.1",
          imapPort: dovecot.ports.imap,
          imapSecurity: "starttls",
          imapUser: support,
          imapPassword: password,
          smtpHost: "127.0.0.1",
          smtpPort: smtp.port,
          smtpSecurity: "none",
          smtpLogin: "none",
          caCertificate: dovecot.certificate,
        },
      });
      await until("the mailbox is online", async () => {
        const { channels } = await admin.call<{ channels: { id: string; state: string }[] }>(
          "GET",
          "/api/admin/channels",
        );
        return channels.some((channel) => channel.id === id && channel.state === "online");
      });
      const before = await until("somebody leads the mailbox", () => leaseOf(id));
      const [leader, other] = before.pid === one.pid ? [one, two] : [two, one];
      const agent = await agentAt(other);
      const sessions = async (): Promise<number> =>
        (await dovecot.doveadm("who", "-1", support)).split("\n").filter((line) => line.includes("imap")).length;
      const holders = watchLease(id);
      const signedIn = await sessions();
      expect(signedIn).toBeGreaterThan(0);

      const write = (subject: string): Promise<void> =>
        dovecot.deliver({ from: customer, subject, text: `Text: ${subject}` }, support);
      await write("Před pádem");
      const found = async (subject: string) =>
        (await agent.ask("view.open", { kind: "all" })).rows.find((row) => row.subject === subject);
      await until("the letter is stored", () => found("Před pádem"));
      expect(await sessions()).toBe(signedIn);

      await leader.kill("SIGKILL");
      const killedAt = performance.now();
      await write("Po pádu");
      const row = await until("the letter is stored by the other hub", () => found("Po pádu"), takeoverMs);
      await agent.ask("message.send", {
        conversationId: row.id,
        clientKey: "mailbox-answer",
        mode: "reply",
        text: "Jsme zpět.",
      });
      const letters = await until(
        "the answer is in the customer's mailbox",
        async () => {
          const all = await lettersOf({ dovecot, user: customer });
          return all.length > 0 && all;
        },
        takeoverMs,
      );
      const tookMs = performance.now() - killedAt;
      process.stdout.write(`takeover: the mailbox was read and answered in ${Math.round(tookMs)} ms\n`);
      expect(tookMs).toBeLessThan(takeoverMs);
      expect(letters.map(({ text }) => text?.includes("Jsme zpět."))).toEqual([true]);
      const after = await ledBy(id, other);
      expect(after.fencing).toBeGreaterThan(before.fencing);
      expect(await holders()).toEqual([before, after]);
      const { rows } = await agent.ask("view.open", { kind: "all" });
      expect(rows.filter(({ subject }) => subject === "Po pádu")).toHaveLength(1);
    },
  );
});

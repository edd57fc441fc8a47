import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { createTransport } from "nodemailer";
import { uuid } from "../src/core/uuid.ts";
import { openSecrets } from "../src/secrets.ts";
import { type Dovecot, password, startDovecot } from "../test/fakes/dovecot.ts";
import { seedFixture } from "../test/support/fixture.ts";
import { type HubProcess, startHub } from "../test/support/hub.ts";
import { ownPostgres, temporaryFolder } from "../test/support/postgres.ts";
import { openDesk } from "./lib/desk.ts";
import { cpuTreeMs, median, now, quantile, rssMb, round } from "./lib/stats.ts";
import type { Workload } from "./lib/workload.ts";

const text =
  "Dobrý den,\r\nchtěl bych se zeptat na stav své objednávky č. 2026/1174. Zboží mělo dorazit minulý týden.\r\n\r\nS pozdravem\r\nJan Novák\r\n";

/** What a customer's mail program sends: two forms of the text, every tenth with a picture of 100 kB. */
const letter = (nth: number) => ({
  from: `Zákazník ${nth % 500} <customer${nth % 500}@example.test>`,
  subject: `Objednávka ${nth}`,
  text: text.repeat(4),
  html: `<html><body>${text.repeat(4).replaceAll("\r\n", "<br>")}</body></html>`,
  attachments: nth % 10 === 0 ? [{ filename: "foto.jpg", content: randomBytes(100_000) }] : [],
});

const until = async (says: string, withinMs: number, probe: () => boolean | Promise<boolean>): Promise<void> => {
  const end = now() + withinMs;
  while (!(await probe())) {
    if (now() > end) throw new Error(`waited ${withinMs} ms in vain: ${says}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Puts letters into a mailbox through several connections, as fast as the server takes them. */
const fillMailbox = async (dovecot: Dovecot, address: string, count: number): Promise<void> => {
  const mta = createTransport({
    lmtp: true,
    pool: true,
    maxConnections: 4,
    maxMessages: Number.POSITIVE_INFINITY,
    host: "127.0.0.1",
    port: dovecot.ports.lmtp,
    ignoreTLS: true,
  });
  const envelope = { from: "customer@example.test", to: address };
  await Promise.all(Array.from({ length: count }, (_, nth) => mta.sendMail({ to: address, ...letter(nth), envelope })));
  mta.close();
};

/** B5: letters from a real mail server to durable conversations and to a desk, and mailboxes that have nothing to do. */
export const mail: Workload = async ({ quick, say }) => {
  const [postgres, folder, dovecot] = await Promise.all([
    ownPostgres({ durable: true }),
    temporaryFolder(),
    startDovecot({ connectionsPerUser: 20 }),
  ]);
  const secret = randomBytes(32).toString("hex");
  const fixture = await seedFixture({ databaseUrl: postgres.url, secret, queues: 1, agents: 1 });
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const secrets = openSecrets({ secret });
  const addMailbox = async (address: string): Promise<void> => {
    const id = uuid();
    const config = {
      address,
      imapHost: "127.0.0.1",
      imapPort: dovecot.ports.imaps,
      smtpHost: "127.0.0.1",
      smtpPort: 1,
      smtpSecurity: "none",
      smtpLogin: "none",
      caCertificate: dovecot.certificate,
    };
    const sealed = secrets.seal("channel-secrets", JSON.stringify({ imapPassword: password }), id);
    await client.query(
      `insert into channel_account (id, tenant_id, kind, name, address, config, secrets_enc, queue_id)
        values ($1, $2, 'email', 'Mail', $3, $4, $5, $6)`,
      [id, fixture.tenantId, address, JSON.stringify(config), Buffer.from(sealed), fixture.queueIds[0]],
    );
  };
  const one = async (sql: string): Promise<number> => Number((await client.query<{ n: string }>(sql)).rows[0]?.n ?? 0);
  const online = (): Promise<number> =>
    one("select count(*) as n from channel_account where kind = 'email' and state = 'online'");
  const stored = (): Promise<number> => one("select count(*) as n from message");
  const start = (): Promise<HubProcess> =>
    startHub({
      dataDir: folder.path,
      env: { DATABASE_URL: postgres.url, LINKA_SECRET: secret, NODE_ENV: "production" },
    });
  let hub: HubProcess | undefined;
  try {
    const address = "bench@lab.test";
    await addMailbox(address);
    hub = await start();
    await until("the mailbox is online", 20_000, async () => (await online()) === 1);

    const heard = { count: 0 };
    await openDesk({
      url: hub.url,
      cookie: fixture.users[0]?.cookie ?? "",
      onFrame: () => {
        heard.count++;
      },
    });
    const rounds = quick ? 8 : 40;
    const toScreen: number[] = [];
    for (let nth = 0; nth < rounds; nth++) {
      const before = heard.count;
      const began = now();
      await dovecot.deliver(letter(nth * 10 + 1), address);
      await until("the desk hears of it", 10_000, () => heard.count > before);
      // The first one starts the reading thread.
      if (nth > 0) toScreen.push(now() - began);
      await new Promise((resolve) => setTimeout(resolve, 100 + (nth % 7) * 60));
    }
    say(
      `delivery to screen: median ${median(toScreen).toFixed(0)} ms, p95 ${quantile(toScreen, 0.95).toFixed(0)} ms (the server itself announces after about 500 ms)`,
    );

    await hub.kill("SIGKILL");
    const count = quick ? 300 : 3_000;
    await fillMailbox(dovecot, address, count);
    const before = await stored();
    await client.query("update channel_account set state = 'stopped'");
    hub = await start();
    const cpuBefore = cpuTreeMs(hub.pid);
    await until("the first is stored", 30_000, async () => (await stored()) > before);
    const began = now();
    const first = await stored();
    await until("all are stored", 120_000, async () => (await stored()) >= before + count);
    const seconds = (now() - began) / 1000;
    const perSec = (before + count - first) / seconds;
    const cpu = (cpuTreeMs(hub.pid) - cpuBefore) / count;
    const doubled = (await stored()) - before - count;
    say(`${count} letters: ${perSec.toFixed(0)}/s, CPU of the hub ${cpu.toFixed(1)} ms a letter, ${doubled} doubled`);

    await hub.kill("SIGINT");
    const idle = quick ? 40 : 400;
    for (let nth = 1; nth < idle; nth++) await addMailbox(`idle${nth}@lab.test`);
    await client.query("update channel_account set state = 'stopped'");
    const starting = now();
    hub = await start();
    await until("all mailboxes are online", 180_000, async () => (await online()) === idle);
    const onlineSeconds = (now() - starting) / 1000;
    await new Promise((resolve) => setTimeout(resolve, quick ? 2_000 : 10_000));
    const rss = rssMb(hub.pid);
    const cpuIdle = cpuTreeMs(hub.pid);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const idleCpu = (cpuTreeMs(hub.pid) - cpuIdle) / 5;
    say(
      `${idle} idle mailboxes: ${rss.toFixed(0)} MB, online in ${onlineSeconds.toFixed(1)} s, ${idleCpu.toFixed(0)} ms CPU a second`,
    );

    const figures = {
      lettersPerSec: round(perSec, 0),
      hubCpuMsPerLetter: round(cpu),
      toScreenMedianMs: round(median(toScreen), 0),
      toScreenP95Ms: round(quantile(toScreen, 0.95), 0),
      idleMailboxes: idle,
      idleRssMb: round(rss, 0),
      idleOnlineSeconds: round(onlineSeconds, 1),
      idleCpuMsPerSec: round(idleCpu, 0),
      doubled,
    };
    return {
      figures,
      targets: [
        { name: "doubled", value: doubled, atMost: 0, kind: "truth" },
        { name: "lettersPerSec", value: figures.lettersPerSec, atLeast: 150, kind: "speed" },
        { name: "toScreenMedianMs", value: figures.toScreenMedianMs, atMost: 700, kind: "speed" },
        { name: "idleRssMb", value: figures.idleRssMb, atMost: 180, kind: "speed" },
      ],
    };
  } finally {
    await hub?.kill("SIGINT");
    await client.end();
    await dovecot.stop();
    await postgres.drop();
    await folder.remove();
  }
};

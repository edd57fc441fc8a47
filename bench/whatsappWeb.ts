import { setTimeout as wait } from "node:timers/promises";
import { ownPostgres } from "../test/support/postgres.ts";
import { startLinkedHub } from "../test/connectors/whatsapp-web/linked-hub.ts";
import { browsersIn, until } from "../test/connectors/whatsapp-web/phone.ts";
import { now, quantile, round, rssMb } from "./lib/stats.ts";
import type { Workload } from "./lib/workload.ts";

const inbound = 500;
const customers = 50;
const megabyte = 1024 * 1024;
/** After the page settled: what a linked phone costs while nobody writes. */
const settleMs = 1_500;

/**
 * Linked phones on a real hub process, each with whatsapp-web.js in a Chromium of its own, on the stand-in of WhatsApp
 * Web: its page is almost empty, the real one takes 200 to 400 MB more.
 */
export const whatsappWeb: Workload = async ({ quick, say }) => {
  const postgres = await ownPostgres();
  const world = await startLinkedHub({ databaseUrl: postgres.url });
  const { whatsapp } = world;
  const chatOf = (n: number): string => `4207770${String(n % customers).padStart(5, "0")}@c.us`;
  const count = async (pattern: string): Promise<number> => (await world.stored(pattern)).length;
  try {
    const numbers = Array.from({ length: quick ? 2 : 4 }, (_, n) => `42070000000${n}`);
    const started: number[] = [];
    const totals: number[] = [];
    const ids: string[] = [];
    for (const number of numbers) {
      const began = now();
      const id = await world.add(number);
      ids.push(id);
      await world.scan(id, number);
      await world.ready(id);
      started.push(now() - began);
      await wait(settleMs);
      const each = await Promise.all(
        ids.map((one) => until("its memory", async () => (await world.link(one)).memoryBytes)),
      );
      totals.push(each.reduce((sum, bytes) => sum + bytes, 0) / megabyte);
      say(
        `${ids.length} accounts: ${round(totals.at(-1) ?? 0, 0)} MB, ready after ${round(started.at(-1) ?? 0, 0)} ms`,
      );
    }
    const [first = ""] = numbers;
    const began = now();
    for (let n = 0; n < inbound; n += 1) whatsapp.receive(first, { chat: chatOf(n), body: `dávka ${n}` });
    await until("all are stored", async () => (await count("dávka %")) >= inbound);
    const burstMs = now() - began;
    const latencies: number[] = [];
    for (let n = 0; n < (quick ? 20 : 100); n += 1) {
      const at = now();
      whatsapp.receive(first, { chat: chatOf(n), body: `jedna ${n}.` });
      await until("it is stored", async () => (await count(`jedna ${n}.`)) > 0);
      latencies.push(now() - at);
    }
    const doubled = (await count("dávka %")) - inbound;
    const hubMb = rssMb(world.hub().pid);
    await world.hub().kill("SIGINT");
    const gone = until("the browsers end", async () => (await browsersIn(world.folder)).length === 0);
    await gone.catch(() => undefined);
    const left = (await browsersIn(world.folder)).length;
    const figures = {
      whatsappWebAccounts: numbers.length,
      whatsappWebFirstAccountMb: round(totals[0] ?? 0, 0),
      whatsappWebFurtherAccountMb: round(((totals.at(-1) ?? 0) - (totals[0] ?? 0)) / (numbers.length - 1), 0),
      whatsappWebHubRssMb: round(hubMb, 0),
      whatsappWebToReadyMs: round(quantile(started, 0.5), 0),
      whatsappWeb500InboundMs: round(burstMs, 0),
      whatsappWebInboundPerSec: round((inbound / burstMs) * 1_000, 0),
      whatsappWebStoredP50Ms: round(quantile(latencies, 0.5), 1),
      whatsappWebStoredP95Ms: round(quantile(latencies, 0.95), 1),
    };
    for (const [name, value] of Object.entries(figures)) say(`${name} = ${value}`);
    return {
      figures,
      targets: [
        { name: "messages doubled", value: doubled, atMost: 0, kind: "truth" },
        { name: "browser processes left behind", value: left, atMost: 0, kind: "truth" },
        {
          name: "500 inbound messages stored, ms",
          value: figures.whatsappWeb500InboundMs,
          atMost: 10_000,
          kind: "speed",
        },
        { name: "MB of a further account", value: figures.whatsappWebFurtherAccountMb, atMost: 400, kind: "speed" },
      ],
    };
  } finally {
    await world.close();
    await postgres.drop();
  }
};

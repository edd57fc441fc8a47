import { setTimeout as pause } from "node:timers/promises";
import { makeWatcher } from "./agent.ts";
import { settled, talking, until } from "./talk.ts";
import { judge, type Verdict } from "./verdict.ts";
import { makeWorld } from "./world.ts";

/** Every marked instant of the way in and out (`reach` in src): the hub is killed by SIGKILL right there. */
export const points = [
  "lease.taken",
  "webhook.read",
  "journal.taken",
  "journal.batch",
  "ingest.locked",
  "ingest.loaded",
  "ingest.planned",
  "ingest.before-commit",
  "journal.after-commit",
  "journal.published",
  "journal.resolved",
  "webhook.stored",
  "file.synced",
  "file.renamed",
  "peer.asked",
  "peer.answered",
  "command.begun",
  "command.before-commit",
  "command.sent",
  "outbox.claimed",
  "outbox.sending",
  "outbox.answered",
  "outbox.writing",
  "outbox.written",
] as const;

export interface FaultReport extends Verdict {
  readonly kills: number;
  readonly databaseRestarts: number;
  readonly cuts: number;
  /** Points the hub never came by: the test would prove nothing about them. */
  readonly unreached: readonly string[];
}

/**
 * Numbered messages go in by webhook and web chat and out by an agent while the hub is killed at every point given and
 * `randomKills` times at random, sockets are cut and PostgreSQL is killed. Then everything is compared.
 */
export const runFaults = async (input: {
  readonly points: readonly string[];
  readonly randomKills: number;
  readonly databaseKills: number;
  readonly say: (line: string) => void;
}): Promise<FaultReport> => {
  const world = await makeWorld();
  const unreached: string[] = [];
  let kills = 0;
  let cuts = 0;
  try {
    let hub = await world.start();
    const watcher = makeWatcher({ url: world.url, cookie: world.fixture.users[0]?.cookie ?? "" });
    void watcher.desk.inbox.open({ kind: "all" });
    const people = talking(world);
    await until(() => people.agent.written.size > 0, 20_000, "the first answer");
    await hub.kill("SIGKILL");
    kills++;
    for (const [index, point] of input.points.entries()) {
      people.cut();
      watcher.cut();
      cuts++;
      const ended = await world.startAndDie(`${point}@${1 + (index % 3)}`, 12_000);
      if (!ended) unreached.push(point);
      kills++;
      input.say(`${ended ? "killed at" : "NEVER REACHED"} ${point}`);
    }
    for (let n = 0; n < input.randomKills; n++) {
      hub = await world.start();
      await pause(200 + Math.random() * 800);
      people.cut();
      cuts++;
      await pause(Math.random() * 300);
      await hub.kill("SIGKILL");
      kills++;
    }
    hub = await world.start();
    for (let n = 0; n < input.databaseKills; n++) {
      await pause(300);
      await world.postgres.kill();
      await world.postgres.start();
      input.say("PostgreSQL killed and back");
      const before = people.customers.map(({ told }) => told.texts.length);
      await until(
        () => people.customers.every(({ told }, i) => told.texts.length > (before[i] ?? 0) + 1),
        30_000,
        () =>
          `talk to go on after PostgreSQL came back: ${people.customers
            .map(({ told }, i) => `${told.channel} ${told.thread} ${before[i]} -> ${told.texts.length}`)
            .join(", ")}\n${hub.output().slice(-3000)}`,
      );
    }
    await people.stop();
    await until(() => settled(world.postgres.url), 60_000, "the outbox and the journal to settle");
    const report = async (): Promise<Verdict> =>
      judge({
        databaseUrl: world.postgres.url,
        told: people.customers.map(({ told }) => told),
        written: people.agent.written,
        received: (thread) => world.callback.received(thread).map(({ text }) => text),
        watcher,
      });
    let verdict = await report();
    await until(
      async () => {
        verdict = await report();
        return verdict.lost.length === 0 && verdict.deskDiffers.length === 0;
      },
      30_000,
      "the desk to catch up",
    ).catch(() => undefined);
    for (const customer of people.customers) customer.close();
    people.agent.close();
    watcher.close();
    return { ...verdict, kills, databaseRestarts: input.databaseKills, cuts, unreached };
  } finally {
    await world.stop();
  }
};

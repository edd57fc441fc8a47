import { makeWatcher } from "../faults/agent.ts";
import { settled, talking, until } from "../faults/talk.ts";
import { judge, type Verdict } from "../faults/verdict.ts";
import { type Nodes, startNodes } from "./nodes.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The same numbers for the same seed (mulberry32). */
const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const faults = ["crash", "freeze", "restart", "database", "cut", "slow"] as const;
type Fault = (typeof faults)[number];

const strike = async (input: {
  readonly world: Nodes;
  readonly fault: Fault;
  readonly random: () => number;
  readonly freezeMs: number;
}): Promise<void> => {
  const { world, fault, random } = input;
  const node = world.nodes[Math.floor(random() * world.nodes.length)];
  if (node === undefined) throw new Error("there are no nodes");
  switch (fault) {
    case "crash":
      return node.crash(200 + random() * 1_500);
    case "freeze":
      return node.freeze(input.freezeMs);
    case "restart":
      return node.restart();
    case "database":
      await world.postgres.kill();
      await pause(random() * 1_000);
      return world.postgres.start();
    case "cut":
      world.balancer.cut();
      return;
    case "slow":
      world.balancer.slow(50 + random() * 250);
      await pause(2_000);
      world.balancer.slow(0);
  }
};

export interface DrillReport extends Verdict {
  readonly seed: number;
  readonly struck: Readonly<Record<string, number>>;
}

/** What was lost, doubled, misordered, misattributed, left over or shown wrongly; empty when all is well. */
export const findings = (verdict: Verdict): Readonly<Record<string, unknown>> => {
  const { lost, doubled, misordered, misattributed, deadLetters, deskDiffers } = verdict;
  const { seqGaps, unfinished, undelivered } = verdict;
  const lists = { lost, doubled, misordered, misattributed, deadLetters, deskDiffers };
  return Object.fromEntries([
    ...Object.entries(lists).filter(([, list]) => list.length > 0),
    ...Object.entries({ seqGaps, unfinished, undelivered }).filter(([, count]) => count > 0),
  ]);
};
export const isClean = (verdict: Verdict): boolean => Object.keys(findings(verdict)).length === 0;

/**
 * Customers and an agent talk through a balancer to three nodes while a seeded schedule of faults strikes them one after
 * the other, at least each kind once. Then what was acknowledged, what the database holds, what customers received and
 * what the desk shows are compared.
 */
export const runDrill = async (input: {
  readonly seed: number;
  readonly forMs: number;
  /** Longer than a lease lasts, so that the frozen node wakes up fenced. */
  readonly freezeMs: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}): Promise<DrillReport> => {
  const random = seeded(input.seed);
  const world = await startNodes(3, input.env);
  const struck: Record<string, number> = {};
  try {
    const watcher = makeWatcher({ url: world.url, cookie: world.fixture.users[0]?.cookie ?? "" });
    void watcher.desk.inbox.open({ kind: "all" });
    const people = talking(world);
    await until(() => people.agent.written.size > 0, 30_000, "the first answer");
    const end = Date.now() + input.forMs;
    const order = [...faults].sort(() => random() - 0.5);
    for (let n = 0; n < order.length || Date.now() < end; n++) {
      const fault = order[n] ?? faults[Math.floor(random() * faults.length)] ?? "crash";
      struck[fault] = (struck[fault] ?? 0) + 1;
      input.say(fault);
      await strike({ world, fault, random, freezeMs: input.freezeMs });
      await pause(random() * 1_000);
      const before = people.customers.map(({ told }) => told.texts.length);
      await until(
        () => people.customers.every(({ told }, i) => told.texts.length > (before[i] ?? 0) + 1),
        60_000,
        () =>
          `talk to go on after "${fault}"\n${world.nodes.map((node) => node.output().slice(-1500)).join("\n---\n")}`,
      );
    }
    await people.stop();
    await until(() => settled(world.postgres.url), 90_000, "the outbox and the journal to settle");
    const report = (): Promise<Verdict> =>
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
        return isClean(verdict);
      },
      60_000,
      "everything to be told and delivered",
    ).catch(() => undefined);
    for (const customer of people.customers) customer.close();
    people.agent.close();
    watcher.close();
    return { ...verdict, seed: input.seed, struck };
  } finally {
    await world.stop();
  }
};

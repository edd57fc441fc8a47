import type { Connector } from "#contract";
import { afterAll, describe, it } from "vitest";
import { makeAccount, type OpenAccount, openAccount } from "./account.ts";
import type { Bench, Rule, Side, Stage, Truthy } from "./bench.ts";
import { lifeRules } from "./rules/life.ts";
import { outboundRules } from "./rules/outbound.ts";
import { abilityRules } from "./rules/abilities.ts";
import { inboundRules } from "./rules/inbound.ts";
import { readingRules } from "./rules/reading.ts";
import { secretRules } from "./rules/secrets.ts";
import { webhookRules } from "./rules/webhook.ts";

/** Rules about words sent and received: a channel of calls carries none (its limit of text is 0). */
const ofWords = (rule: Rule): Rule => ({
  ...rule,
  when: (subject) => subject.words && (rule.when?.(subject) ?? true),
});

export const rules: readonly Rule[] = [
  ...lifeRules,
  ...outboundRules.map(ofWords),
  ...abilityRules,
  ...inboundRules.map(ofWords),
  ...readingRules,
  ...webhookRules,
  ...secretRules,
];

const defaultPatienceMs = 5_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sets the stage on a fresh remote, plays one scene on it and clears it away, whatever happened. */
export const onStage = async <T>(
  connector: Connector,
  bench: Bench,
  play: (stage: Stage) => T | Promise<T>,
): Promise<T> => {
  const patienceMs = bench.patienceMs ?? defaultPatienceMs;
  const remote = await bench.start();
  const accountOf = (side: Side) =>
    makeAccount(side, remote.folder && (async () => (await remote.folder?.(side)) ?? ""));
  const accounts = { a: accountOf("a"), b: accountOf("b") };
  const opened: OpenAccount[] = [];
  const open = (side: Side = "a"): OpenAccount => {
    const account = openAccount(connector, accounts[side], remote.settings[side]);
    opened.push(account);
    return account;
  };
  const eventually = async <T>(says: string, probe: () => T | Promise<T>): Promise<Truthy<T>> => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const found = await probe();
      if (found) return found as Truthy<T>;
      if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain: ${says}`);
      await pause(5);
    }
  };
  const started = async (side?: Side): Promise<OpenAccount> => {
    const account = open(side);
    account.start();
    await eventually("it comes online", () => account.statuses.some(({ state }) => state === "online"));
    return account;
  };
  try {
    return await play({ connector, bench, remote, patienceMs, open, started, eventually });
  } finally {
    await Promise.all(opened.map((account) => Promise.race([account.stop()?.catch(() => {}), pause(patienceMs)])));
    await remote.stop();
  }
};

/** Which of the rules bind this connector: read off an opened connection, so there is no skip list. */
const rulesFor = (connector: Connector, bench: Bench): Promise<readonly Rule[]> =>
  onStage(connector, bench, ({ open }) => {
    const { connection } = open();
    const files = connector.limits.attachments !== false;
    const words = connector.limits.text > 0;
    return rules.filter((rule) => rule.when?.({ connection, files, words }) ?? true);
  });

/** Turns the rules that bind this connector into tests. Await it at the top of a test file. */
export const conforms = async (connector: Connector, bench: Bench): Promise<void> => {
  const binding = await rulesFor(connector, bench);
  const timeout = 6 * (bench.patienceMs ?? defaultPatienceMs);
  describe(`the ${connector.kind} channel`, () => {
    afterAll(() => bench.close?.());
    it.each(binding.map((rule) => [rule.says, rule] as const))("%s", { timeout }, async (_, rule) => {
      await onStage(connector, bench, (stage) => rule.check(stage));
    });
  });
};

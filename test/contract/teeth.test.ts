import type { Connector } from "#contract";
import { describe, expect, it } from "vitest";
import type { Rule } from "./bench.ts";
import { bench } from "./bench.loopback.ts";
import { onStage, rules } from "./suite.ts";
import { twins } from "./twins.ts";

const impatient = { ...bench, patienceMs: 1_500 };

const fails = (connector: Connector, rule: Rule): Promise<boolean> =>
  onStage(connector, impatient, (stage) => rule.check(stage)).then(
    () => false,
    () => true,
  );

/** What failed in a crowd is played once more alone: a busy machine is not a broken connector. */
const failuresOf = async (connector: Connector): Promise<readonly string[]> => {
  const crowd = await Promise.all(rules.map(async (rule) => ({ rule, failed: await fails(connector, rule) })));
  const suspects = crowd.filter(({ failed }) => failed);
  const failures: string[] = [];
  for (const { rule } of suspects) if (await fails(connector, rule)) failures.push(rule.says);
  return failures;
};

describe.concurrent("a broken connector is caught by exactly the rule it breaks", () => {
  it.each(rules.map(({ says }) => says))("%s", { timeout: 30_000 }, async (says) => {
    const twin = twins[says];
    if (!twin) throw new Error(`write a broken connector for this rule in test/contract/twins.ts: ${says}`);
    expect(await failuresOf(twin)).toEqual([says]);
  });
});

it("no broken connector is kept for a rule that is gone", () => {
  const known = new Set(rules.map(({ says }) => says));
  expect(Object.keys(twins).filter((says) => !known.has(says))).toEqual([]);
  expect(known.size, "every rule has its own sentence").toBe(rules.length);
});

import { existsSync } from "node:fs";
import { connectors } from "#connectors";
import { expect, it } from "vitest";
import type { Bench } from "./bench.ts";
import { conforms } from "./suite.ts";

for (const connector of connectors) {
  const { kind } = connector;
  it(`the ${kind} channel has a bench to be judged on`, () => {
    const file = new URL(`./bench.${kind}.ts`, import.meta.url);
    expect(existsSync(file), `write test/contract/bench.${kind}.ts (see connectors/README.md)`).toBe(true);
  });
  if (existsSync(new URL(`./bench.${kind}.ts`, import.meta.url))) {
    const { bench } = (await import(`./bench.${kind}.ts`)) as { bench: Bench };
    const here = bench.available?.() ?? true;
    if (here) await conforms(connector, bench);
    else {
      it.runIf(process.env["CI"] !== undefined)(
        `the ${kind} channel keeps the rules (its server is missing here)`,
        () => expect(here).toBe(true),
      );
    }
  }
}

it("knows at least one channel", () => expect(connectors.length).toBeGreaterThan(0));

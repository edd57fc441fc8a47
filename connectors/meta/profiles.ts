import { ConnectorError, type Hub } from "#contract";
import { z } from "zod";
import type { Graph } from "../graph/index.ts";
import type { Settings } from "./settings.ts";

/** Fetches the names of people who wrote, beside the webhook: no message waits for one. */
export interface Profiles {
  /** Asks once for each person in a while; never throws. */
  meet(person: string): void;
}

const profile = z.looseObject({
  first_name: z.string().optional(),
  last_name: z.string().optional(),
  name: z.string().optional(),
  username: z.string().optional(),
});
const remembered = 5_000;
const askWithinMs = 10_000;

export const makeProfiles = (account: Settings, graph: Graph, hub: Hub): Profiles => {
  const known = new Set<string>();
  const messenger = account.channel === "messenger";
  const fields = messenger ? "first_name,last_name" : "name,username";

  const ask = async (person: string): Promise<void> => {
    const read = await graph.get(person, { fields }, profile, AbortSignal.timeout(askWithinMs));
    const name = messenger
      ? [read.first_name, read.last_name].filter(Boolean).join(" ")
      : (read.name ?? read.username ?? "");
    if (name === "") return;
    const kind = messenger ? "psid" : "igsid";
    await hub.receive({
      type: "profile",
      person: { addresses: [{ kind, scope: account.own, value: person }], name },
    });
  };

  return {
    meet(person) {
      if (known.has(person)) return;
      known.add(person);
      const [oldest] = known;
      if (known.size > remembered && oldest !== undefined) known.delete(oldest);
      ask(person).catch((thrown: unknown) => {
        const { code } = ConnectorError.from(thrown);
        // Who only commented, or forbade it, has no profile for us: that stays so.
        if (code === "unreachable" || code === "rate-limited" || code === "bug") known.delete(person);
        hub.log.info("a profile could not be read", { code });
      });
    },
  };
};

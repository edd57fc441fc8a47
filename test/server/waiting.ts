import type { Hub } from "./hub.ts";

/** A figure of /metrics. */
export const metric = async (hub: Hub, name: string): Promise<number> => {
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
};

/** Asks again for ten seconds until the answer is yes. */
export const poll = async (done: () => Promise<boolean>): Promise<boolean> => {
  for (let i = 0; i < 100; i += 1) {
    if (await done()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
};

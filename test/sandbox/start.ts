import { startGraph } from "../fakes/graph/server.ts";
import { sandboxChannels } from "./channels/index.ts";
import { startSandboxHub } from "./hub.ts";
import { openLine } from "./line.ts";
import { serveSandbox } from "./server.ts";

/**
 * A hub with its demo, Meta's stand-in with demo accounts connected to it, and the page of the customers' phones; all on
 * 127.0.0.1. Port 0 takes a free one.
 */
export const startSandbox = async (input: {
  readonly dataDir: string;
  readonly hubPort: number;
  readonly pagePort: number;
  readonly say: (line: string) => void;
}) => {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).toReversed()) await one().catch(() => {});
  };
  try {
    input.say("Starting a hub with its demo ...");
    const hub = await startSandboxHub({ dataDir: input.dataDir, port: input.hubPort });
    stops.push(() => hub.stop());
    const graph = await startGraph();
    stops.push(() => graph.stop());
    const shown: Parameters<typeof serveSandbox>[0]["shown"][number][] = [];
    for (const channel of sandboxChannels) {
      const open = await channel.open({ graph, hub });
      if (open === undefined) {
        input.say(`Left out: ${channel.id} (its server is not installed on this machine).`);
        continue;
      }
      stops.push(async () => open.stop?.());
      shown.push({ channel, open });
    }
    await openLine(hub);
    const links = { desk: `${hub.url}/`, shop: `${hub.url}/demo` };
    const page = await serveSandbox({ shown, port: input.pagePort, links });
    stops.push(() => page.stop());
    return { url: page.url, hub, links, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
};

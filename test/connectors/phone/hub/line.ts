import { vi } from "vitest";
import type { ChannelAccountView } from "#wire";
import { temporaryFolder } from "../../../support/database.ts";
import { type HubProcess, startHub } from "../../../support/hub.ts";
import { openSide } from "../sip/pair.ts";
import { type PhoneAgent, phoneAgent } from "./agent.ts";

/** A real hub with its demo, and a phone line of its first client company. */
export interface PhoneLine {
  readonly hub: () => HubProcess;
  readonly admin: PhoneAgent;
  readonly port: number;
  readonly tenantId: string;
  readonly accountId: string;
  agent(email: string): Promise<PhoneAgent>;
  /** State and words of the line as the admin screen shows them. */
  state(): Promise<string>;
  /** Kills the hub without a word and starts it again on the same data. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** A port nothing listens on now. */
export const freePort = async (): Promise<number> => {
  const probe = await openSide({});
  await probe.stop();
  return probe.port;
};

export const openLine = async (config: Readonly<Record<string, unknown>> = {}): Promise<PhoneLine> => {
  const folder = await temporaryFolder();
  const [first, port] = await Promise.all([startHub({ dataDir: folder.path }), freePort()]);
  let hub = first;
  const people: PhoneAgent[] = [];
  const agent = async (email: string): Promise<PhoneAgent> => {
    const made = await phoneAgent({ url: hub.url, dataDir: folder.path, email });
    people.push(made);
    return made;
  };
  const admin = await agent("anna@linka.example");
  const tenantId = admin.boot.tenants[0]?.id ?? "";
  const { id: accountId } = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", {
    tenantId,
    kind: "phone",
    name: "Linka",
    queueId: null,
    enabled: true,
    config: { listenPort: port, sources: ["127.0.0.1"], rtpFrom: 40_000, rtpTo: 41_998, notice: "", ...config },
  });
  const stateFrom = async (person: PhoneAgent): Promise<string> => {
    const { channels } = await person.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
    const own = channels.find(({ id }) => id === accountId);
    return `${own?.state} ${own?.stateText}`.trim();
  };
  const ready = (person: PhoneAgent): Promise<void> =>
    vi.waitFor(
      async () => {
        const state = await stateFrom(person);
        if (state === "connecting" || state === "stopped") throw new Error(`the line is ${state}\n${hub.output()}`);
      },
      { timeout: 20_000, interval: 100 },
    );
  await ready(admin);
  let newest = admin;
  return {
    hub: () => hub,
    admin,
    port,
    tenantId,
    accountId,
    agent,
    state: () => stateFrom(newest),
    crash: async () => {
      await hub.kill("SIGKILL");
      hub = await startHub({ dataDir: folder.path });
      newest = await agent("anna@linka.example");
      await vi.waitFor(
        async () => {
          const state = await stateFrom(newest);
          if (state !== "online") throw new Error(`the line is ${state}\n${hub.output()}`);
        },
        { timeout: 30_000, interval: 200 },
      );
    },
    stop: async () => {
      for (const person of people) person.leave();
      await hub.kill("SIGKILL");
      await folder.remove();
    },
  };
};

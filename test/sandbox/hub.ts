import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChannelAccountView } from "#wire";
import { signIn } from "../journeys/agent.ts";
import { startHub } from "../support/hub.ts";

/** A real hub with its demo, and its platform administrator's way to connect accounts. */
export interface SandboxHub {
  readonly url: string;
  readonly logins: string;
  /** Adds the account, or gives the one of that name new settings, and waits until it is online. */
  connect(kind: string, name: string, config: object, company?: string): Promise<ChannelAccountView>;
  /** The web chat of the demo shop; undefined = the shop was not built. */
  shopChat(): Promise<ChannelAccountView | undefined>;
  /** Changes settings of an account. */
  adjust(account: ChannelAccountView, config: object): Promise<void>;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

const administrator = "anna@linka.example";
const onlineWithinMs = 20_000;

export const startSandboxHub = async (input: {
  readonly dataDir: string;
  readonly port: number;
}): Promise<SandboxHub> => {
  const { dataDir, port } = input;
  // A database of somebody's own must not become the sandbox's.
  const env = { PORT: String(port), HOST: "127.0.0.1", LINKA_DEMO: "1", DATABASE_URL: "", PUBLIC_URL: "" };
  const hub = await startHub({ dataDir, env, readyWithinMs: 120_000 });
  const logins = await readFile(join(dataDir, "demo-logins.txt"), "utf8");
  const password = new RegExp(`^${administrator} +(\\S+)`, "mu").exec(logins)?.[1] ?? "";
  const admin = await signIn({ url: hub.url, email: administrator, password });
  const channels = async () =>
    (await admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels")).channels;
  const tenantId = admin.boot.tenants[0]?.id ?? "";
  const queueId = admin.boot.queues.find((queue) => queue.tenantId === tenantId)?.id ?? null;

  return {
    url: hub.url,
    logins,
    exited: hub.exited,
    async shopChat() {
      const page = await (await fetch(`${hub.url}/demo`)).text();
      const shown = /data-account="([^"]+)"/u.exec(page)?.[1];
      return (await channels()).find(({ id }) => id === shown);
    },
    async connect(kind, name, config, company = tenantId) {
      const known = (await channels()).find((account) => account.kind === kind && account.name === name);
      const body = {
        tenantId: company,
        kind,
        name,
        queueId: company === tenantId ? queueId : null,
        enabled: true,
        config,
      };
      const path = known === undefined ? "/api/admin/channels" : `/api/admin/channels/${known.id}`;
      const { id } = await admin.call<ChannelAccountView>(known === undefined ? "POST" : "PATCH", path, body);
      const deadline = performance.now() + onlineWithinMs;
      for (;;) {
        const account = (await channels()).find((one) => one.id === id);
        if (account?.state === "online" && account.webhookUrl !== null) return account;
        if (account?.state === "online" && (kind === "email" || kind === "phone")) return account;
        if (performance.now() > deadline)
          throw new Error(`${name} did not come online: ${account?.state ?? ""} ${account?.stateText ?? ""}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async adjust({ id, tenantId: company, kind, name, queueId: queue, enabled, config: before }, config) {
      const body = { tenantId: company, kind, name, queueId: queue, enabled, config: { ...before, ...config } };
      await admin.call("PATCH", `/api/admin/channels/${id}`, body);
    },
    stop: async () => {
      admin.leave();
      await hub.kill("SIGINT");
    },
  };
};

import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startCallback } from "../contract/callback.ts";
import { type Dovecot, hasDovecot, password, startDovecot } from "../fakes/dovecot.ts";
import { type Fixture, seedFixture } from "../support/fixture.ts";
import { HubEnded, type HubProcess, startHub } from "../support/hub.ts";
import { type OwnPostgres, ownPostgres, temporaryFolder } from "../support/postgres.ts";

/** The hub's mailbox. */
export const mailbox = "hub@faults.test";

export interface World {
  /** Stays the same over crashes, so that sockets come back by themselves. */
  readonly url: string;
  readonly postgres: OwnPostgres;
  readonly fixture: Fixture;
  /** A real mail server with the hub's mailbox; null where Dovecot is not installed. */
  readonly dovecot: Dovecot | null;
  /** The customers' side of the loopback accounts. */
  readonly callback: Awaited<ReturnType<typeof startCallback>>;
  start(): Promise<HubProcess>;
  /** Starts a hub that kills itself at "point@n"; true when it did so in time, ready or not. */
  startAndDie(faultAt: string, withinMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
};

/** A hub that can be killed and started again on one durable PostgreSQL, with two queues and two agents. */
export const makeWorld = async (): Promise<World> => {
  const postgres = await ownPostgres({ durable: true });
  const folder = await temporaryFolder();
  const secret = randomBytes(32).toString("hex");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const hookSecret = randomBytes(16).toString("hex");
  const callback = await startCallback([hookSecret]);
  const dovecot = hasDovecot() ? await startDovecot() : null;
  const fixture = await seedFixture({
    databaseUrl: postgres.url,
    secret,
    queues: 2,
    agents: 2,
    admin: true,
    chat: true,
    ...(dovecot !== null && {
      mailbox: { address: mailbox, password, imapPort: dovecot.ports.imap, certificate: dovecot.certificate },
    }),
    hookSecret,
    callbackUrl: callback.url,
  });
  let hub: HubProcess | undefined;
  const run = async (extra: Readonly<Record<string, string>>): Promise<HubProcess> => {
    hub = await startHub({
      dataDir: folder.path,
      env: { PORT: String(port), DATABASE_URL: postgres.url, LINKA_SECRET: secret, LINKA_DEMO: "0", ...extra },
      preload: [join(import.meta.dirname, "crashAt.ts")],
    });
    return hub;
  };
  return {
    url,
    postgres,
    fixture,
    dovecot,
    callback,
    start: () => run({}),
    startAndDie: async (faultAt, withinMs) => {
      const died = (async () => {
        try {
          await (
            await run({ FAULT_AT: faultAt })
          ).exited;
        } catch (thrown) {
          // People talk to the port from the first moment: it may die before it says that it is ready.
          if (!(thrown instanceof HubEnded && thrown.signal === "SIGKILL")) throw thrown;
        }
        return true;
      })();
      if (await Promise.race([died, pause(withinMs, false)])) return true;
      await hub?.kill("SIGKILL");
      return false;
    },
    stop: async () => {
      await hub?.kill("SIGKILL");
      await callback.stop();
      await dovecot?.stop();
      await postgres.drop();
      await folder.remove();
    },
  };
};

import { Readable } from "node:stream";
import type { Connector } from "#contract";
import { makeCommands } from "#runtime/commands";
import { startOutbox } from "#runtime/outbox";
import type { Commands, Outbox, Supervisor } from "#runtime/ports";
import { startSupervisor } from "#runtime/supervisor";
import { limitsOf, type World } from "./world.ts";

export interface Node {
  readonly outbox: Outbox;
  readonly supervisor: Supervisor;
  readonly commands: Commands;
  stop(): Promise<void>;
}

/** The outbound side of a hub over the world's database. Stopped by the caller, or by `world.close` never. */
export const startNode = async (
  world: World,
  o: {
    readonly connectors: readonly Connector[];
    readonly nodeId?: string;
    readonly lease?: { readonly ttlMs: number; readonly renewMs: number };
  },
): Promise<Node> => {
  const { db, publisher, log, secrets, journal } = world;
  const now = world.clock.now;
  const files = { read: (key: string) => Readable.from([Buffer.from(`content of ${key}`)]) };
  const outbox = startOutbox({ db, publisher, files, log, now, random: () => 0 });
  const supervisor = await startSupervisor({
    db,
    files: {
      ...files,
      put: () => Promise.reject(new Error("no file is kept here")),
      stat: () => Promise.resolve(null),
    },
    connectors: o.connectors,
    journal,
    outbox,
    secrets,
    publisher,
    transcript: () => Promise.resolve({ lines: [], more: false, readSeq: 0 }),
    log,
    now,
    nodeId: o.nodeId ?? "node",
    random: () => 0,
    ...(o.lease === undefined ? {} : { lease: o.lease }),
  });
  const commands = makeCommands({
    db,
    publisher,
    outbox,
    secrets,
    log,
    now,
    limits: limitsOf(o.connectors),
    connection: (id) => supervisor.connection(id),
  });
  return {
    outbox,
    supervisor,
    commands,
    stop: async () => {
      await supervisor.stop();
      await outbox.stop();
    },
  };
};

/** Commands alone: what they store waits, nothing sends it. */
export const quietCommands = (world: World, connectors: readonly Connector[]): Commands =>
  makeCommands({
    ...world,
    outbox: { kick: () => undefined },
    now: world.clock.now,
    limits: limitsOf(connectors),
  });

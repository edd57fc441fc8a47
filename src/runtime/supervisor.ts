import { type Check, type Connector, ConnectorError, type Hub } from "#contract";
import { accountId as toAccountId } from "#contract";
import type { Log } from "#core/log";
import { type AccountRow, getAccount, listAccounts } from "#store/accounts";
import { listen, poke } from "#store/notify";
import { type AccountParts, openAccount, type OpenAccount } from "./account.ts";
import { openHealthLog } from "./health.ts";
import { keepLeases } from "./lease.ts";
import { startLinks } from "./link.ts";
import type { LeaseProof } from "#store/outbox";
import type { Outbox, Supervisor } from "./ports.ts";
import { makeWebhooks } from "./webhooks.ts";

export type { Supervisor } from "./ports.ts";

/** How often the accounts are read again although nobody said that they changed. */
const rereadMs = 15_000;
const probeWithinMs = 20_000;
const leasePrefix = "account:";
const leaseOf = (id: string): string => `${leasePrefix}${id}`;

const noMachine = {
  folder: () => Promise.reject(new Error("there is no folder here")),
  browser: { flags: [] },
};

/** A hub for trying settings: nothing is stored, nothing is remembered. */
const probeHub = (input: { readonly log: Log; readonly now: () => Date }): Hub => {
  const memory = new Map<string, string>();
  return {
    receive: () => Promise.reject(new Error("settings are only being tried")),
    status: () => undefined,
    alive: () => undefined,
    vault: {
      get: (key) => Promise.resolve(memory.get(`vault:${key}`)),
      set: (key, value) => {
        memory.set(`vault:${key}`, value);
        return Promise.resolve();
      },
    },
    memory: {
      get: (key) => Promise.resolve(memory.get(key)),
      set: (key, value) => {
        memory.set(key, value);
        return Promise.resolve();
      },
      setOnce: (key, value) => {
        const kept = memory.get(key) ?? value;
        memory.set(key, kept);
        return Promise.resolve(kept);
      },
    },
    frozen: {
      get: () => Promise.resolve(undefined),
      setOnce: () => Promise.reject(new Error("settings are only being tried")),
    },
    ...noMachine,
    transcript: () => Promise.resolve({ lines: [], more: false, readSeq: 0 }),
    tell: () => undefined,
    log: { info: () => undefined, warn: () => undefined },
    now: input.now,
  };
};

const tryOut = async (input: {
  readonly connector: Connector | undefined;
  readonly config: unknown;
  readonly log: Log;
  readonly now: () => Date;
}): Promise<{ ok: boolean; says: string; checks: Check[] }> => {
  const { connector, config } = input;
  if (connector === undefined) return { ok: false, says: "This build has no such channel.", checks: [] };
  const parsed = connector.config.safeParse(config);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { ok: false, says: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`, checks: [] };
  }
  const signal = AbortSignal.timeout(probeWithinMs);
  const late = Promise.withResolvers<never>();
  // The time runs out also when nothing was tried: nobody waits for it then.
  late.promise.catch(() => undefined);
  signal.addEventListener("abort", () => late.reject(new ConnectorError("unreachable", "No answer came in time.")), {
    once: true,
  });
  try {
    const connection = connector.open({ id: toAccountId("probe"), name: "probe", config }, probeHub(input));
    if (connection.probe === undefined) return { ok: true, says: "The settings are valid.", checks: [] };
    const { says, checks = [] } = await Promise.race([connection.probe(signal), late.promise]);
    return { ok: checks.every(({ ok }) => ok), says, checks: [...checks] };
  } catch (thrown) {
    return { ok: false, says: ConnectorError.from(thrown).message, checks: [] };
  }
};

/**
 * Opens every enabled channel account on this node and runs those whose lease it holds. Accounts of all tenants: the
 * hub's own work. A change of an account is told by `reload`, by another node's poke, or found by reading again.
 */
export const startSupervisor = async (
  input: Omit<AccountParts, "healthLog" | "random" | "machine"> & {
    readonly outbox: Outbox;
    readonly connectors: readonly Connector[];
    readonly nodeId: string;
    readonly random?: () => number;
    /** Absent: a hub without a disk of its own. */
    readonly machine?: AccountParts["machine"];
    readonly lease?: { readonly ttlMs: number; readonly renewMs: number };
  },
): Promise<Supervisor> => {
  const { db, log, now, outbox } = input;
  const healthLog = openHealthLog({ db, log, now });
  const byKind = new Map(input.connectors.map((connector) => [connector.kind, connector]));
  const accounts = new Map<string, OpenAccount>();
  const proofs = new Map<string, LeaseProof>();
  const turns = new Map<string, Promise<void>>();
  let stopped = false;

  /** Changes of one account one after the other; of different accounts at once. */
  const inTurn = (id: string, work: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(id) ?? Promise.resolve()).then(work).catch((thrown: unknown) => {
      log.error({ accountId: id, reason: String(thrown) }, "channel account could not be changed");
    });
    turns.set(id, turn);
    void turn.finally(() => {
      if (turns.get(id) === turn) turns.delete(id);
    });
    return turn;
  };

  const leases = keepLeases({
    db,
    log,
    nodeId: input.nodeId,
    wanted: () => [...accounts].filter(([, open]) => open.connection() !== undefined).map(([id]) => leaseOf(id)),
    gained: (proof) => {
      const id = proof.name.slice(leasePrefix.length);
      proofs.set(id, proof);
      accounts.get(id)?.lead(proof);
    },
    lost: (name) => {
      const id = name.slice(leasePrefix.length);
      proofs.delete(id);
      accounts.get(id)?.unlead();
    },
    ...input.lease,
  });

  const close = async (id: string, open: OpenAccount): Promise<void> => {
    accounts.delete(id);
    await open.close();
  };

  const apply = async (id: string, row: AccountRow | undefined): Promise<void> => {
    const open = accounts.get(id);
    if (stopped) return;
    if (row === undefined) {
      if (open === undefined) return;
      await close(id, open);
      healthLog.note({ id, state: "stopped", text: "" });
      proofs.delete(id);
      await leases.release([leaseOf(id)]);
      return;
    }
    if (open !== undefined && open.digest === row.digest) {
      open.rename(row);
      return;
    }
    if (open !== undefined) await close(id, open);
    const next = openAccount({
      ...input,
      row,
      healthLog,
      connector: byKind.get(row.kind),
      random: input.random ?? Math.random,
      machine: input.machine ?? noMachine,
    });
    accounts.set(id, next);
    const proof = proofs.get(id);
    if (proof === undefined) leases.poke();
    else next.lead(proof);
  };

  const reread = async (): Promise<void> => {
    const rows = new Map((await listAccounts({ db })).map((row) => [row.id, row]));
    const ids = new Set([...rows.keys(), ...accounts.keys()]);
    await Promise.all([...ids].map((id) => inTurn(id, () => apply(id, rows.get(id)))));
    leases.poke();
  };
  const rereadSafely = (): void => {
    reread().catch((thrown: unknown) => log.warn({ reason: String(thrown) }, "channel accounts could not be read"));
  };
  const reloadHere = (id: string): Promise<void> =>
    inTurn(id, async () => {
      await apply(id, await getAccount({ db, id }));
    });

  const links = startLinks({
    db,
    log,
    secrets: input.secrets,
    mine: (id) => {
      const open = accounts.get(id);
      return open?.health().leading === true ? open.connection()?.link : undefined;
    },
  });

  await reread();
  const interval = setInterval(rereadSafely, rereadMs);
  const listener = listen({
    db,
    log,
    kinds: ["account", "outbox", "fetch", "ask", "answer"],
    heard: (kind, id) => {
      if (kind === "account") void reloadHere(id);
      else if (kind === "ask" || kind === "answer") links.heard(kind, id);
      else if (accounts.get(id)?.health().leading !== true) return;
      else if (kind === "outbox") outbox.kick({ accountId: id });
      else input.fetcher?.kick(id);
    },
    missed: rereadSafely,
  });

  return {
    reload: async (id) => {
      await reloadHere(id);
      await poke({ db, kind: "account", id });
    },
    webhook: makeWebhooks({ accounts, kindOf: (id) => accounts.get(id)?.health().kind ?? "", log }),
    mailboxes: (recipient) =>
      [...accounts].flatMap(([accountId, open]) => {
        const mail = open.connection()?.mail;
        return mail?.takes(recipient) === true ? [{ accountId, mail }] : [];
      }),
    peer: (id, peer) => {
      const connection = accounts.get(id)?.connection();
      if (connection?.peer === undefined) return false;
      connection.peer(peer);
      return true;
    },
    probe: ({ kind, config }) => tryOut({ connector: byKind.get(kind), config, log, now }),
    calls: (tenantIds) =>
      [...accounts].flatMap(([accountId, open]) => {
        const { leading, tenantId } = open.health();
        const calls = open.connection()?.calls;
        return leading && calls !== undefined && tenantIds.includes(tenantId)
          ? [{ accountId, tenantId, queueId: open.queueId(), calls }]
          : [];
      }),
    link: (id, ask) => links.ask(id, ask),
    connection: (id) => accounts.get(id)?.connection(),
    health: () => [...accounts.values()].map((open) => open.health()),
    overdue: () => leases.overdue().map((name) => name.slice(leasePrefix.length)),
    stop: async () => {
      stopped = true;
      clearInterval(interval);
      await listener.stop();
      await Promise.all([...accounts].map(([id, open]) => inTurn(id, () => close(id, open))));
      await leases.stop();
      await healthLog.stop();
    },
  };
};

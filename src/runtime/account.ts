import { type Connection, type Connector, accountId as toAccountId, type Hub, type Status } from "#contract";
import type { AccountRef } from "#core/inbound";
import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import { redactor } from "#core/redact";
import { restartAfter } from "#core/retry";
import type { Secrets } from "../secrets.ts";
import type { AccountRow } from "#store/accounts";
import { openChannelSecrets } from "#store/channel-secrets";
import type { Db } from "#store/db";
import type { Files } from "#store/files";
import { markGone } from "#store/gone";
import type { LeaseProof } from "#store/outbox";
import { connectorHub, type Machine, type ReadTranscript } from "./connector-hub.ts";
import type { Fetcher } from "./fetch.ts";
import type { HealthLog } from "./health.ts";
import type { Journal } from "./journal.ts";
import type { AccountHealth, Attached, ChannelState, Outbox } from "./ports.ts";

export interface AccountParts {
  readonly db: Db;
  readonly files: Pick<Files, "put" | "read" | "stat">;
  readonly journal: Pick<Journal, "receive" | "settle" | "settleLeft">;
  readonly outbox: Pick<Outbox, "attach">;
  readonly fetcher?: Pick<Fetcher, "attach" | "kick">;
  readonly secrets: Secrets;
  readonly publisher: Publisher;
  readonly transcript: ReadTranscript;
  readonly machine: Machine;
  readonly healthLog: HealthLog;
  readonly log: Log;
  readonly now: () => Date;
  readonly random: () => number;
}

/** One enabled channel account on this node: its connection is open, and runs while this node leads it. */
export interface OpenAccount {
  readonly digest: string;
  connection(): Connection | undefined;
  /** Public address of the account, unique per kind; "" = none, or its settings are not valid. */
  address(): string;
  /** Takes over what needs no new connection: name, queue, policy. */
  rename(row: AccountRow): void;
  /** Runs the connection and sends through it until `unlead` or `close`. */
  lead(proof: LeaseProof): void;
  /** Stops at once: another node may begin any moment. */
  unlead(): void;
  health(): AccountHealth;
  /** Where its conversations wait when nothing else is said; null = everybody's. */
  queueId(): string | null;
  /** Stops in order: sends in flight get their time (5 s), then the connection ends (3 s). */
  close(): Promise<void>;
}

interface Leading {
  readonly proof: LeaseProof;
  readonly controller: AbortController;
  readonly attached: Attached;
  readonly run: Promise<void>;
}

/** A connection that ran this long was healthy: its next failure is a first one. */
const healthyMs = 60_000;
const closeWithinMs = 3_000;
const textMost = 300;

const within = async (work: Promise<unknown>, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    }),
  ]);
  clearTimeout(timer);
};

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });

const refOf = (row: AccountRow, connector: Connector | undefined): AccountRef => ({
  id: row.id,
  tenantId: row.tenantId,
  kind: row.kind,
  channel: row.channel,
  name: row.name,
  queueId: row.queueId,
  replyWindowHours: connector?.limits.replyWindowHours ?? false,
  reopenDays: row.reopenDays,
});

export const openAccount = (
  input: AccountParts & { readonly row: AccountRow; readonly connector: Connector | undefined },
): OpenAccount => {
  const { connector, journal, healthLog, log } = input;
  const { id, tenantId, kind, digest } = input.row;
  let ref = refOf(input.row, connector);
  let redact = redactor([]);
  let config: unknown;
  let address = "";
  let connection: Connection | undefined;
  let state: ChannelState = "stopped";
  let text = "";
  let show: AccountHealth["show"] = null;
  let loginBroken = false;
  let aliveAt: Date | null = null;
  let leading: Leading | null = null;
  let ending: Promise<void> = Promise.resolve();

  const tell = (next: ChannelState, says: string): void => {
    const short = redact(says).slice(0, textMost);
    if (next === state && short === text) return;
    if (next === "online" && state !== "online") leading?.attached.online();
    state = next;
    text = short;
    // A code to scan is a request, no failure.
    const trouble = (next === "offline" || (next === "needs-login" && show === null)) && short !== "";
    healthLog.note({ id, state: next, text: short, ...(trouble ? { error: short } : {}) });
  };

  /** A mail address that does not exist is marked: the next letter to it asks first. */
  const gone = (address: string, says: string): void => {
    if (!address.includes("@")) return;
    markGone({ q: input.db, secrets: input.secrets, tenantId, address, says: redact(says), now: input.now() }).catch(
      (thrown: unknown) => log.warn({ accountId: id, reason: String(thrown) }, "a missing address was not marked"),
    );
  };

  const onStatus = (from: () => Connection | undefined, status: Status): void => {
    // What a connection says after it was replaced, or while another node leads, is not the account's state.
    if (leading === null || leading.controller.signal.aborted || from() !== connection) return;
    show = status.state === "needs-login" ? (status.show ?? null) : null;
    tell(status.state, "reason" in status ? status.reason : "warning" in status ? (status.warning ?? "") : "");
  };

  const open = (): Connection | undefined => {
    if (connector === undefined) {
      healthLog.note({ id, state: "offline", text: `This build has no channel "${kind}".` });
      return undefined;
    }
    let own: Connection | undefined;
    const hub: Hub = connectorHub({
      ...input,
      redact,
      account: () => ref,
      status: (status) => onStatus(() => own, status),
      alive: () => {
        aliveAt = input.now();
      },
      receive: async (event) => {
        await journal.receive({ account: ref, event });
        aliveAt = input.now();
        healthLog.mark(id, "in");
        if (event.type === "receipt" && event.gone === true && event.recipient !== undefined)
          gone(event.recipient, event.error ?? "");
      },
    });
    try {
      own = connector.open({ id: toAccountId(id), name: ref.name, config }, hub);
      return own;
    } catch (thrown) {
      const says = redact(`The settings are not valid: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      state = "offline";
      text = says.slice(0, textMost);
      healthLog.note({ id, state, text, error: text });
      return undefined;
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      const began = performance.now();
      let reason = "The connection ended.";
      tell("connecting", "");
      try {
        await connection?.start(signal);
      } catch (thrown) {
        reason = thrown instanceof Error ? thrown.message : String(thrown);
      }
      if (signal.aborted) return;
      failures = performance.now() - began > healthyMs ? 1 : failures + 1;
      const wait = restartAfter({ failures, random: input.random() });
      tell("offline", reason);
      log.warn({ accountId: id, kind, reason: redact(reason), retryInMs: Math.round(wait) }, "channel account ended");
      await pause(wait, signal);
      if (!signal.aborted) connection = open() ?? connection;
    }
  };

  const connected = (): Connection => {
    if (connection === undefined) throw new Error("a led account has a connection");
    return connection;
  };

  const lead = (proof: LeaseProof): void => {
    if (leading !== null || connection === undefined || connector === undefined) return;
    const controller = new AbortController();
    const { signal } = controller;
    const attached = input.outbox.attach({
      accountId: toAccountId(id),
      tenantId,
      get connection() {
        return connected();
      },
      idempotent: connector.idempotentSend === true,
      resumes: connector.resumesSend === true,
      limits: connector.limits,
      lease: proof,
      signal,
      redact: (said) => redact(said),
      sent: (externalId) => {
        healthLog.mark(id, "out");
        if (loginBroken) tell("online", "");
        loginBroken = false;
        journal.settle({ accountId: id, externalId }).catch((thrown: unknown) => {
          log.warn({ accountId: id, reason: String(thrown) }, "early receipts were not applied");
        });
      },
      gone,
      authFailed: (reason) => {
        loginBroken = true;
        tell("needs-login", reason);
      },
    });
    input.fetcher?.attach({
      accountId: id,
      get connection() {
        return connected();
      },
      signal,
      redact: (said) => redact(said),
    });
    journal.settleLeft({ accountId: id }).catch((thrown: unknown) => {
      log.warn({ accountId: id, reason: String(thrown) }, "early receipts of a former leader were not applied");
    });
    // The run before, if any, was told to stop; it is waited for so that a remote never sees us twice.
    const before = ending;
    const running = within(before, closeWithinMs).then(() => run(signal));
    leading = { proof, controller, attached, run: running };
    running.catch((thrown: unknown) => log.error({ accountId: id, reason: String(thrown) }, "channel account broke"));
  };

  const unlead = (): Leading | null => {
    const was = leading;
    if (was === null) return null;
    was.controller.abort();
    leading = null;
    state = "stopped";
    text = "";
    show = null;
    ending = Promise.allSettled([was.run, was.attached.detach()]).then(() => undefined);
    return was;
  };

  try {
    const opened = openChannelSecrets({
      secrets: input.secrets,
      accountId: id,
      sealed: input.row.secretsEnc,
    });
    redact = redactor(Object.values(opened));
    config = { ...(input.row.config as object), ...opened };
    connection = open();
    if (connection !== undefined) address = connector?.address(config) ?? "";
  } catch (thrown) {
    state = "offline";
    text = thrown instanceof Error ? thrown.message : String(thrown);
    healthLog.note({ id, state, text, error: text });
  }

  return {
    digest,
    connection: () => connection,
    address: () => address,
    rename: (row) => {
      ref = refOf(row, connector);
    },
    lead,
    unlead: () => void unlead(),
    queueId: () => ref.queueId,
    health: () => ({ accountId: id, tenantId, kind, leading: leading !== null, state, text, show, aliveAt }),
    close: async () => {
      const was = leading;
      if (was !== null) {
        await was.attached.detach();
        unlead();
        healthLog.note({ id, state: "stopped", text: "" });
      }
      await within(ending, closeWithinMs);
    },
  };
};

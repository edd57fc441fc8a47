import { type Connection, ConnectorError, remoteId, threadKey } from "#contract";
import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import { afterFailure } from "#core/retry";
import { uuid } from "#core/uuid";
import type { Db } from "#store/db";
import { claimActions, type ClaimedAction, writeAction } from "#store/message-actions";
import type { Outlet } from "./ports.ts";
import { publishing } from "./publish.ts";

const atOnce = 16;
const withinMs = 30_000;
/** An account whose credentials were refused is tried again after this. */
const parkedMs = 5 * 60_000;

const perform = async (connection: Connection, action: ClaimedAction): Promise<void> => {
  const { op, value } = action;
  const method = connection[op];
  if (method === undefined) throw new ConnectorError("unsupported", "The channel cannot do that any more.");
  const [thread, id] = [threadKey(action.threadKey), remoteId(action.externalId)];
  const late = Promise.withResolvers<never>();
  // Answered in time, nobody waits for this.
  late.promise.catch(() => undefined);
  const timer = setTimeout(() => late.reject(new ConnectorError("unreachable", "No answer came in time.")), withinMs);
  const call =
    op === "edit"
      ? connection.edit?.(thread, id, value)
      : op === "remove"
        ? connection.remove?.(thread, id)
        : connection.react?.(thread, id, value);
  try {
    await Promise.race([call, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

/** Tells one led account what agents did to messages their customers have: edits, removals, reactions. */
export const openActions = (input: {
  readonly outlet: Outlet;
  readonly db: Db;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly now: () => Date;
  readonly random: () => number;
  readonly stopped: AbortSignal;
}): { pump(): void; close(ms: number): Promise<void> } => {
  const { outlet, db, log, now } = input;
  const { accountId, tenantId, lease } = outlet;
  const claim = `${lease.owner}#${lease.fencing}#${uuid()}`;
  const publish = publishing(input);
  let closed = false;
  let again = false;
  let working: Promise<void> | null = null;

  const ended = (): boolean => closed || input.stopped.aborted || outlet.signal.aborted;

  const settle = async (action: ClaimedAction): Promise<void> => {
    const base = { db, id: action.id, claim };
    try {
      await perform(outlet.connection, action);
      publish(
        await writeAction({ ...base, state: "done", nextAt: null, errorCode: null, errorText: null, now: now() }),
      );
    } catch (thrown) {
      const error = ConnectorError.from(thrown);
      if (error.code === "auth") outlet.authFailed(outlet.redact(error.message).slice(0, 500));
      // The same thing told twice is told once: not knowing is no reason to stop.
      const code = error.code === "uncertain" ? "unreachable" : error.code;
      const { attempts } = action;
      const verdict = afterFailure({ code, retryAfterMs: error.retryAfterMs, attempts, random: input.random() });
      const waitMs = verdict.do === "retry" ? verdict.afterMs : verdict.do === "park" ? parkedMs : null;
      publish(
        await writeAction({
          ...base,
          state: waitMs === null ? "failed" : "queued",
          nextAt: waitMs === null ? null : new Date(now().getTime() + waitMs),
          errorCode: code,
          errorText: outlet.redact(error.message).slice(0, 500),
          now: now(),
        }),
      );
    }
  };

  const work = async (): Promise<void> => {
    try {
      do {
        again = false;
        if (ended()) return;
        const claimed = await claimActions({ db, tenantId, accountId, lease, claim, now: now(), limit: atOnce });
        for (const action of claimed) await settle(action);
        again = again || claimed.length > 0;
      } while (again);
    } catch (thrown) {
      log.warn({ accountId, reason: String(thrown) }, "changes of messages could not be told");
    } finally {
      working = null;
    }
  };

  return {
    pump: () => {
      again = true;
      if (!ended()) working ??= Promise.resolve().then(work);
    },
    close: async (ms) => {
      closed = true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      });
      await Promise.race([working, late]);
      clearTimeout(timer);
    },
  };
};

import type { Log } from "#core/log";
import { pauseAfter } from "#core/retry";
import { uuid } from "#core/uuid";
import type { Db } from "#store/db";
import type { Files } from "#store/files";
import { claimDue, findInterrupted, hasten } from "#store/outbox";
import { reach } from "#store/points";
import type { OutcomeWriter } from "./outcomes.ts";
import type { Outlet } from "./ports.ts";
import { abandoned, sendUnit, toUnits, type Unit, unsent } from "./send.ts";

/** Messages of one account on their way at the same time. */
const inFlightMost = 32;

export interface OpenOutlet {
  readonly accountId: string;
  /** Sends what is due now. Never rejects; a call while it works makes it look again. */
  pump(): void;
  online(): void;
  /** The account was told to wait: nothing is due before that has passed. */
  waits(): boolean;
  sending(): number;
  /** Takes nothing new; resolves when nothing is in flight, or after `ms`. */
  close(ms: number): Promise<void>;
}

/** The sending side of one account on the node that leads it. */
export const openOutlet = (input: {
  readonly outlet: Outlet;
  readonly db: Db;
  readonly files: Pick<Files, "read">;
  readonly writer: OutcomeWriter;
  readonly log: Log;
  readonly now: () => Date;
  readonly random: () => number;
  readonly stopped: AbortSignal;
}): OpenOutlet => {
  const { outlet, db, writer, log, now } = input;
  const { accountId, tenantId, lease } = outlet;
  // A restart of the same account under the same lease must not take its predecessor's sends for its own.
  const claim = `${lease.owner}#${lease.fencing}#${uuid()}`;
  const inFlight = new Set<Promise<void>>();
  /** Deliveries whose outcome is not written: nobody else may think that we never sent them. */
  const inHand = new Set<string>();
  let closed = false;
  let waitUntil = 0;
  /** How often in a row the account could not send at all. */
  let failures = 0;
  /** A claim may have been stored without our hearing of it; at the start, a former leader may have left some. */
  let doubt = true;

  const deliver = async (unit: Unit): Promise<void> => {
    reach("outbox.claimed");
    const { outcomes, waitMs, down } = await sendUnit({ ...input, claim, unit });
    reach("outbox.answered");
    if (waitMs !== null) waitUntil = Math.max(waitUntil, now().getTime() + waitMs);
    // What was on its way together fails together: one failure.
    if (down && waitUntil <= now().getTime()) waitUntil = now().getTime() + pauseAfter((failures += 1));
    if (outcomes.some(({ state }) => state === "sent")) failures = 0;
    if (!(await writer.write(outcomes))) return;
    for (const outcome of outcomes) inHand.delete(outcome.deliveryId);
    for (const { deliveryId, errorCode, errorText } of outcomes) {
      const { recipient = "" } = unit.deliveries.find(({ id }) => id === deliveryId) ?? {};
      if (errorCode === "recipient-gone" && recipient !== "") outlet.gone(recipient, errorText ?? "");
    }
    const externalId = outcomes.find((outcome) => outcome.providerId !== null)?.providerId;
    if (externalId !== undefined && externalId !== null) outlet.sent(externalId);
  };

  const recover = async (): Promise<void> => {
    const left = await findInterrupted({
      db,
      tenantId,
      accountId,
      lease,
      claim,
      inHand: [...inHand],
      idempotent: outlet.idempotent || outlet.resumes === true,
      now: now(),
    });
    if (left.length > 0)
      await writer.write(left.map(({ claimedBy, ...delivery }) => abandoned({ outlet, delivery, claimedBy })));
    doubt = false;
  };

  const takeSome = async (): Promise<boolean> => {
    if (doubt) await recover();
    const limit = inFlightMost - inFlight.size;
    if (limit <= 0) return false;
    doubt = true;
    const claimed = await claimDue({ db, tenantId, accountId, lease, claim, now: now(), limit });
    doubt = false;
    if (claimed.length === 0) return false;
    for (const delivery of claimed) inHand.add(delivery.id);
    if (ended()) {
      await writer.write(unsent({ outlet, claim, claimed, now: now() }));
      return false;
    }
    for (const unit of toUnits(claimed)) {
      const run = deliver(unit)
        .catch((thrown: unknown) => log.error({ accountId, reason: String(thrown) }, "send failed unexpectedly"))
        .finally(() => {
          inFlight.delete(run);
          pump();
        });
      inFlight.add(run);
    }
    return true;
  };

  const ended = (): boolean => closed || input.stopped.aborted || outlet.signal.aborted;

  let working: Promise<void> | null = null;
  let again = false;
  const work = async (): Promise<void> => {
    try {
      do {
        again = false;
        if (ended() || waitUntil > now().getTime()) break;
        again = (await takeSome()) || again;
      } while (again);
    } catch (thrown) {
      log.warn({ accountId, reason: String(thrown) }, "outbox could not take messages");
    } finally {
      working = null;
    }
  };
  const pump = (): void => {
    again = true;
    if (!ended()) working ??= Promise.resolve().then(work);
  };

  return {
    accountId,
    pump,
    waits: () => waitUntil > now().getTime(),
    sending: () => inFlight.size,
    online: () => {
      waitUntil = 0;
      failures = 0;
      hasten({ db, tenantId, accountId, now: now() }).then(pump, (thrown: unknown) =>
        log.warn({ accountId, reason: String(thrown) }, "waiting messages were not called up"),
      );
    },
    close: async (ms) => {
      closed = true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      });
      await Promise.race([Promise.resolve(working).then(() => Promise.all(inFlight)), late]);
      clearTimeout(timer);
    },
  };
};

import type { Db } from "./db.ts";

const day = 86_400_000;

/** How long a feed position is good (see `syncFeed`). */
export const feedDays = 14;
/** A day longer than a feed position is good, so that no clock's fault makes a hole that nobody is told of. */
const eventDays = feedDays + 1;
/** A channel that has not told of a message after this long never will. */
const waitingDays = 7;

/** Rows one step touches: short transactions, whatever has piled up. */
const mostEvents = 5_000;
const mostWaiting = 500;

/** One step of removing old entries of the event log, oldest first; whether there may be more. Hub-wide. */
export const trimEvents = async (input: {
  readonly db: Db;
  readonly now: Date;
  readonly most?: number;
}): Promise<boolean> => {
  const most = input.most ?? mostEvents;
  // By id, which grows with time and has an index; `at` has none.
  const gone = await input.db.query({
    name: "trim-events",
    text: `with oldest as materialized (select id, at from event order by id limit $2)
      delete from event e using oldest where e.id = oldest.id and oldest.at < $1 returning 1`,
    values: [new Date(input.now.getTime() - eventDays * day), most],
  });
  return gone.length === most;
};

/**
 * One step of giving up on news whose message never came; whether there may be more. A change, a withdrawal or a
 * reaction is something a customer did: it is parked, and an admin sees it and can replay it once the message is here.
 * A receipt is about a message that some other program sent through the same account: nobody can act on it, and a list
 * full of them would hide what matters, so it is closed with its reason. Hub-wide.
 */
export const giveUpWaiting = async (input: {
  readonly db: Db;
  readonly now: Date;
  readonly most?: number;
}): Promise<boolean> => {
  const most = input.most ?? mostWaiting;
  const given = await input.db.query({
    name: "give-up-waiting",
    text: `with late as materialized (
        select id from inbound_event where state = 'waiting' and received_at < $1
        order by received_at limit $3 for update skip locked)
      update inbound_event i set
        state = case i.type when 'receipt' then 'done' else 'parked' end,
        done_at = case i.type when 'receipt' then $2::timestamptz end,
        error = 'The message this ' || i.type || ' is about did not come within ${waitingDays} days.'
      from late where i.id = late.id and i.state = 'waiting' returning 1`,
    values: [new Date(input.now.getTime() - waitingDays * day), input.now, most],
  });
  return given.length === most;
};

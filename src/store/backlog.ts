import type { Db } from "./db.ts";

/** What waits or failed on one channel, over all tenants: for whoever watches the hub, without anything of a person. */
export interface Backlog {
  readonly channel: string;
  /** Deliveries due and not gone out. */
  readonly due: number;
  /** How long the oldest of them has been due, in s. */
  readonly oldestSeconds: number;
  /** Sends nobody knows the outcome of. */
  readonly uncertain: number;
  /** Dead letters. */
  readonly parked: number;
}

/** Both tables are read through their partial indexes of what is not finished. */
export const backlog = (input: { readonly db: Db; readonly now: Date }): Promise<Backlog[]> =>
  input.db.query<Backlog>({
    name: "backlog",
    text: `with d as (
        select account_id, count(*) filter (where state <> 'uncertain' and next_at <= $1)::int as due,
          coalesce(extract(epoch from $1 - min(next_at) filter (where state <> 'uncertain' and next_at <= $1)), 0)::float8 as oldest,
          count(*) filter (where state = 'uncertain')::int as uncertain
        from delivery where state in ('held', 'queued', 'sending', 'uncertain') group by account_id),
      p as (select account_id, count(*)::int as parked from inbound_event where state = 'parked' group by account_id)
      select a.channel, coalesce(sum(d.due), 0)::int as due, coalesce(max(d.oldest), 0)::float8 as "oldestSeconds",
        coalesce(sum(d.uncertain), 0)::int as uncertain, coalesce(sum(p.parked), 0)::int as parked
      from channel_account a left join d on d.account_id = a.id left join p on p.account_id = a.id
      group by a.channel`,
    values: [input.now],
  });

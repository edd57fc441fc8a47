import { Client } from "pg";

const roots =
  "objednav zasilk faktur reklamac platb karet ucet smlouv adres dorucen kuryr balik vracen penez sleva kupon zbozi velikost barv sklad termin heslo prihlasen registrac email telefon pobock otevren dotaz stiznost pomoc technik porucha internet tarif data signal modem vypoved prevod cislo podpis dokument formular zadost schvalen zamitn urok splatk limit blokac ztrat kradez zamek klic dvere topen voda elektr odecet merak prehled".split(
    " ",
  );
const endings = "a u y e em ou ach ami um ovi ka ek ik ost nost ani eni it at uje oval".split(" ");
/** 1,600 words; the frequency of a word falls with the cube root of its place, so that the first are in most messages. */
const vocabulary = roots.flatMap((root) => endings.map((ending) => `${root}${ending}`));

/** A word that one message in about 100,000 holds. */
export const rareWord = "zvlastnost";
export const frequentWord = vocabulary[0] ?? "";
export const middlingWord = vocabulary[400] ?? "";

const idAt = (at: string): string => `(lpad(to_hex((extract(epoch from ${at}) * 1000)::bigint), 12, '0') || '7' ||
  substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid`;

/**
 * Fills the fixture's tenant with conversations of ten messages each, written by one statement a step and without
 * foreign keys: the load of the hub's reads is measured here, not its writes. One in fifty is open.
 */
export const fill = async (input: {
  readonly databaseUrl: string;
  readonly conversations: number;
  readonly say: (line: string) => void;
}): Promise<void> => {
  const db = new Client({ connectionString: input.databaseUrl });
  await db.connect();
  try {
    await db.query("set session_replication_role = replica");
    await db.query("drop index message_tenant_search_idx");
    const { rows } = await db.query<{ id: string; queues: string[] }>(
      "select t.id, array(select q.id from queue q where q.tenant_id = t.id) as queues from tenant t",
    );
    const [tenant] = rows;
    if (tenant === undefined) throw new Error("there is no tenant to fill");
    const step = 10_000;
    for (let from = 0; from < input.conversations; from += step) {
      await db.query(
        `with made as materialized (
            select n, ${idAt("at")} as id, ${idAt("at")} as contact, at, n % 50 = 0 as open,
              ($2::uuid[])[1 + n % array_length($2::uuid[], 1)] as queue
            from (select n, now() - interval '900 days' + n * (interval '900 days' / $5::int) as at
              from generate_series($3::int, $4::int) n) n),
          people as (
            insert into contact (id, tenant_id, name, search_text, created_at)
            select contact, $1, 'Zakaznik ' || n, 'zakaznik ' || n, at from made),
          cases as (
            insert into conversation (id, tenant_id, number, contact_id, queue_id, status, last_seq, version, last_kind,
              preview, last_at, read_seq, created_at, closed_at)
            select id, $1, n, contact, queue, case when open then 'open' else 'closed' end, 10, 10, 'chat',
              'Dobry den', at, 10, at, case when not open then at end from made)
          insert into message (id, tenant_id, conversation_id, seq, version, direction, author_type, author_name, body,
            search_text, occurred_at, created_at)
          select ${idAt("made.at + seq * interval '1 minute'")}, $1, made.id, seq, seq,
            case seq % 2 when 1 then 'in' else 'out' end, case seq % 2 when 1 then 'contact' else 'agent' end, 'Jmeno',
            said.text, said.text, made.at + seq * interval '1 minute', made.at
          from made cross join generate_series(1, 10) seq
            cross join lateral (
              select string_agg(($6::text[])[1 + floor(power(random(), 3) * array_length($6::text[], 1))::int], ' ')
                || case when random() < 0.00001 then ' ${rareWord}' else '' end as text
              from generate_series(1, 12) where made.n >= 0 and seq > 0) said`,
        [
          tenant.id,
          tenant.queues,
          from + 1,
          Math.min(from + step, input.conversations),
          input.conversations,
          vocabulary,
        ],
      );
      if (from % (step * 10) === 0) input.say(`filled ${from + step} conversations`);
    }
    await db.query("update tenant set last_number = $1", [input.conversations]);
    await db.query("set maintenance_work_mem = '1GB'");
    await db.query("create index message_tenant_search_idx on message using gin (tenant_id, search)");
    await db.query("vacuum analyze");
  } finally {
    await db.end();
  }
};

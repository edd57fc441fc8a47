import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { closedLoop, type Request } from "./load.ts";
import { now } from "./stats.ts";
import { Client } from "pg";

/**
 * The HTTP limit: `node:http`, HMAC over the raw bytes, JSON.parse, 200. What any hub in this runtime could at most
 * answer. Runs in this process' child so that the generator does not share its event loop (see limitServer.ts).
 */
export const httpLimit = async (input: {
  readonly port: number;
  readonly senders: number;
  readonly forMs: number;
  readonly next: () => Request;
}): Promise<number> => {
  const result = await closedLoop(input);
  return result.accepted / result.seconds;
};

/** The server side of the HTTP limit. */
export const serveHttpLimit = (secret: string): Promise<number> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const wanted = createHmac("sha256", secret).update(body).digest();
      const given = Buffer.from(
        String(request.headers["x-signature-256"] ?? request.headers["x-hub-signature-256"]).slice(7),
        "hex",
      );
      const genuine = wanted.length === given.length && timingSafeEqual(wanted, given);
      if (genuine) JSON.parse(body.toString("utf8"));
      response.writeHead(genuine ? 200 : 401, { "content-length": "0" });
      response.end();
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
};

/**
 * The insert limit: the same rows a message leaves behind (journal, message, event, conversation update), written by
 * one multi-row statement per batch on one connection, batches of 64, fsync as configured: no HTTP, no socket, no rules.
 */
export const insertLimit = async (input: {
  readonly databaseUrl: string;
  readonly forMs: number;
  readonly batch: number;
  readonly body: string;
}): Promise<number> => {
  const client = new Client({ connectionString: input.databaseUrl });
  await client.connect();
  try {
    await client.query("create schema if not exists bench_limit");
    await client.query("set search_path = bench_limit, public");
    for (const table of ["inbound_event", "message", "event", "conversation"]) {
      await client.query(`create table if not exists bench_limit.${table} (like public.${table} including all)`);
    }
    const setup = `
      insert into conversation (id, tenant_id, number, contact_id)
      select gen_random_uuid(), '00000000-0000-0000-0000-000000000001', n, gen_random_uuid() from generate_series(1, 2000) n
      on conflict do nothing`;
    await client.query(setup);
    const statement = `
      with given as (
        select gen_random_uuid() as id, x.o, x.ext, c.id as conversation, c.tenant_id as tenant, c.last_seq as base,
               row_number() over (partition by c.id order by x.o)::int as k
        from jsonb_to_recordset($1::jsonb) as x(o int, ext text, n int)
        join conversation c on c.number = x.n and c.tenant_id = '00000000-0000-0000-0000-000000000001'
      ), journal as (
        insert into inbound_event (id, tenant_id, account_id, dedupe_key, type, payload, state)
        select gen_random_uuid(), tenant, tenant, ext, 'message', jsonb_build_object('text', $2::text), 'done' from given
      ), grown as (
        update conversation c set last_seq = last_seq + g.k, version = version + g.k, preview = left($2, 120), last_at = now()
        from (select conversation, max(k) as k from given group by 1) g where c.id = g.conversation returning c.id
      ), said as (
        insert into message (id, tenant_id, conversation_id, seq, version, direction, author_type, external_id, account_id, body, search_text, occurred_at)
        select id, tenant, conversation, base + k, base + k, 'in', 'contact', ext, tenant, $2, $2, now() from given
      )
      insert into event (xid, tenant_id, conversation_id, type, version)
      select pg_current_xact_id()::text::bigint, tenant, conversation, 'message', base + k from given`;
    let written = 0;
    const started = now();
    while (now() - started < input.forMs) {
      const rows = Array.from({ length: input.batch }, (_, o) => ({
        o,
        ext: `limit-${started}-${written + o}`,
        n: 1 + Math.floor(Math.random() * 2000),
      }));
      await client.query({ name: "limit", text: statement, values: [JSON.stringify(rows), input.body] });
      written += input.batch;
    }
    return (written / (now() - started)) * 1000;
  } finally {
    await client.query("drop schema if exists bench_limit cascade");
    await client.end();
  }
};

import { createHash } from "node:crypto";
import { seesQueue, type Scope } from "#core/scope";
import { Refused } from "#core/refused";
import { isUuid } from "#core/uuid";
import type { Secrets } from "../secrets.ts";
import type { Db } from "./db.ts";
import type { Files } from "./files.ts";
import { seal } from "./sealed.ts";

/** Where sound was left out, ms from the start, and why. */
export interface RecordingPause {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

/** Passes bytes on and fails at their end when they are not those that were recorded. */
const checked = async function* (source: AsyncIterable<Uint8Array>, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== sha256) throw new Error("The recording's file was changed before it could be kept.");
};

/**
 * Takes a finished recording into the file store, encrypted, and files it under its call. Again with the same id: the
 * first stands. False for a company that works anonymously: there the caller was promised that nothing is kept.
 * The caller removes its own copy afterwards.
 */
export const keepRecording = async (input: {
  db: Db;
  files: Pick<Files, "put">;
  secrets: Secrets;
  tenantId: string;
  /** Made by whoever began to record; the row's id. */
  recordingId: string;
  callId: string;
  /** The WAV file. */
  open: () => Promise<AsyncIterable<Uint8Array>>;
  /** Hex, of the file's bytes; what does not match is not kept. */
  sha256: string;
  pauses: readonly RecordingPause[];
  /** When the announcement ended, and which wording was played: the proof that the caller knew. */
  noticePlayedAt: Date | null;
  noticeVersion: string | null;
  keepUntil: Date;
}): Promise<boolean> => {
  const { db } = input;
  const [tenant] = await db.query<{ mode: string | null; known: boolean }>({
    text: `SELECT t.policy->>'mode' AS mode, EXISTS (SELECT 1 FROM recording WHERE id = $2) AS known
             FROM tenant t JOIN call c ON c.tenant_id = t.id WHERE t.id = $1 AND c.id = $3`,
    values: [input.tenantId, input.recordingId, input.callId],
  });
  if (tenant === undefined) throw new Refused("not-found", "There is no such call.");
  if (tenant.mode === "anonymous") return false;
  if (tenant.known) return true;
  const source = checked(await input.open(), input.sha256);
  const { key } = await input.files.put(seal({ secrets: input.secrets, source }));
  await db.query({
    text: `INSERT INTO recording (id, tenant_id, call_id, blob_key, notice_played_at, notice_version, pauses, keep_until, sha256)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
    values: [
      input.recordingId,
      input.tenantId,
      input.callId,
      key,
      input.noticePlayedAt,
      input.noticeVersion,
      JSON.stringify(input.pauses),
      input.keepUntil,
      Buffer.from(input.sha256, "hex"),
    ],
  });
  return true;
};

/** Whether the company promised its callers anonymity. */
export const isAnonymous = async (input: { db: Db; tenantId: string }): Promise<boolean> => {
  const [tenant] = await input.db.query<{ mode: string | null }>({
    text: "SELECT policy->>'mode' AS mode FROM tenant WHERE id = $1",
    values: [input.tenantId],
  });
  return tenant?.mode === "anonymous";
};

export interface RecordingRow {
  readonly tenantId: string;
  readonly blobKey: string;
  readonly pauses: readonly RecordingPause[];
  readonly sha256: Buffer;
  readonly startedAt: Date;
}

/** Null when there is no such recording for this scope: it goes with the conversations its call belongs to. */
export const findRecording = async (input: { db: Db; scope: Scope; id: string }): Promise<RecordingRow | null> => {
  if (!isUuid(input.id)) return null;
  const rows = await input.db.query<{
    tenant_id: string;
    blob_key: string;
    pauses: RecordingPause[];
    sha256: Buffer;
    started_at: Date;
    queue_id: string | null;
  }>({
    text: `SELECT r.tenant_id, r.blob_key, r.pauses, r.sha256, k.started_at, c.queue_id
             FROM recording r
             JOIN call k ON k.id = r.call_id
             JOIN conversation_thread ct ON ct.thread_id = k.thread_id
             JOIN conversation c ON c.id = ct.conversation_id
            WHERE r.id = $1 AND r.tenant_id = ANY($2::uuid[])`,
    values: [input.id, input.scope.tenantIds],
  });
  const row = rows.find((found) => seesQueue(input.scope, found.tenant_id, found.queue_id));
  return row === undefined
    ? null
    : {
        tenantId: row.tenant_id,
        blobKey: row.blob_key,
        pauses: row.pauses,
        sha256: row.sha256,
        startedAt: row.started_at,
      };
};

/**
 * One step of deleting recordings whose time is over, with their files and their place on the call's card; whether there
 * may be more. A legal hold wins. The file goes first: a row without it is found again by the next step. Hub-wide.
 */
export const expireRecordings = async (input: {
  readonly db: Db;
  readonly files: Pick<Files, "remove">;
  readonly now: Date;
  readonly most?: number;
}): Promise<boolean> => {
  const most = input.most ?? 50;
  const over = await input.db.query<{ id: string; blobKey: string }>({
    name: "expired-recordings",
    text: `SELECT id, blob_key AS "blobKey" FROM recording WHERE keep_until < $1 AND NOT legal_hold
            ORDER BY keep_until LIMIT $2`,
    values: [input.now, most],
  });
  for (const { id, blobKey } of over) {
    await input.files.remove(blobKey);
    await input.db.query({
      name: "expire-recording",
      text: `WITH gone AS (DELETE FROM recording WHERE id = $1 AND NOT legal_hold RETURNING call_id)
             UPDATE message m SET detail = jsonb_set(m.detail, '{recordings}', (
                 SELECT coalesce(jsonb_agg(one), '[]') FROM jsonb_array_elements(m.detail->'recordings') one
                  WHERE one->>'id' <> $1::text))
               FROM gone JOIN call k ON k.id = gone.call_id
              WHERE m.thread_id = k.thread_id AND m.kind = 'call' AND m.detail ? 'recordings'`,
      values: [id],
    });
  }
  return over.length === most;
};

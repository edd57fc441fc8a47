import { timingSafeEqual } from "node:crypto";
import type { Db } from "./db.ts";
import { uuid } from "#core/uuid";

/** Times of a session's life, in milliseconds. */
export interface SessionLife {
  /** Without any request for so long, the session is over. */
  readonly idleMs: number;
  /** However busy, the session is over so long after the login. */
  readonly absoluteMs: number;
  /** The token changes this often. */
  readonly rotateMs: number;
  /** The previous token still counts for so long after a change: requests under way carry it. */
  readonly graceMs: number;
}

export interface LiveSession {
  readonly id: string;
  readonly userId: string;
  readonly csrf: string;
  readonly name: string;
  readonly email: string;
  readonly locale: string;
  readonly platformAdmin: boolean;
  readonly expiresAt: Date;
  /** True when the current token is due for a change. */
  readonly rotationDue: boolean;
}

export const createSession = async (input: {
  db: Db;
  userId: string;
  tokenHash: Buffer;
  csrf: string;
  userAgent: string;
  life: SessionLife;
  now: Date;
}): Promise<{ id: string; expiresAt: Date }> => {
  const id = uuid();
  const expiresAt = new Date(input.now.getTime() + input.life.absoluteMs);
  await input.db.query({
    text: `INSERT INTO session (id, user_id, token_hash, csrf, created_at, seen_at, expires_at, rotated_at, user_agent)
           VALUES ($1, $2, $3, $4, $5, $5, $6, $5, $7)`,
    values: [id, input.userId, input.tokenHash, input.csrf, input.now, expiresAt, input.userAgent.slice(0, 300)],
  });
  return { id, expiresAt };
};

interface SessionRow {
  user_id: string;
  token_hash: Buffer;
  previous_hash: Buffer | null;
  csrf: string;
  seen_at: Date;
  expires_at: Date;
  rotated_at: Date;
  name: string;
  email: string;
  locale: string;
  platform_admin: boolean;
}

/** The session of a cookie, or null when it is over, forged, or its user is disabled. Marks it as seen. */
export const findSession = async (input: {
  db: Db;
  id: string;
  tokenHash: Buffer;
  life: SessionLife;
  now: Date;
}): Promise<LiveSession | null> => {
  const [row] = await input.db.query<SessionRow>({
    name: "session-find",
    text: `SELECT s.user_id, s.token_hash, s.previous_hash, s.csrf, s.seen_at, s.expires_at, s.rotated_at,
                  u.name, u.email, u.locale, u.platform_admin
             FROM session s JOIN app_user u ON u.id = s.user_id
            WHERE s.id = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND u.disabled_at IS NULL`,
    values: [input.id, input.now, new Date(input.now.getTime() - input.life.idleMs)],
  });
  if (row === undefined) return null;
  const age = input.now.getTime() - row.rotated_at.getTime();
  const current = timingSafeEqual(row.token_hash, input.tokenHash);
  const previous =
    row.previous_hash !== null && age < input.life.graceMs && timingSafeEqual(row.previous_hash, input.tokenHash);
  if (!current && !previous) return null;
  if (input.now.getTime() - row.seen_at.getTime() > Math.min(60_000, input.life.idleMs / 4)) {
    await input.db.query({
      name: "session-seen",
      text: "UPDATE session SET seen_at = $2 WHERE id = $1",
      values: [input.id, input.now],
    });
  }
  return {
    id: input.id,
    userId: row.user_id,
    csrf: row.csrf,
    name: row.name,
    email: row.email,
    locale: row.locale,
    platformAdmin: row.platform_admin,
    expiresAt: row.expires_at,
    rotationDue: current && age > input.life.rotateMs,
  };
};

/** Changes the token; false when another request has changed it already. */
export const rotateSession = async (input: {
  db: Db;
  id: string;
  from: Buffer;
  to: Buffer;
  now: Date;
}): Promise<boolean> => {
  const rows = await input.db.query<{ id: string }>({
    text: `UPDATE session SET token_hash = $3, previous_hash = $2, rotated_at = $4
            WHERE id = $1 AND token_hash = $2 RETURNING id`,
    values: [input.id, input.from, input.to, input.now],
  });
  return rows.length === 1;
};

export const endSession = async (input: { db: Db; id: string }): Promise<void> => {
  await input.db.query({ text: "DELETE FROM session WHERE id = $1", values: [input.id] });
};

/** Ends every session of a user but `except`; gives the ids that ended. */
export const endSessionsOf = async (input: { db: Db; userId: string; except?: string }): Promise<readonly string[]> => {
  const rows = await input.db.query<{ id: string }>({
    text: "DELETE FROM session WHERE user_id = $1 AND id IS DISTINCT FROM $2::uuid RETURNING id",
    values: [input.userId, input.except ?? null],
  });
  return rows.map((row) => row.id);
};

/** Which of these sessions are still good; those busy on a socket are marked as seen first. */
export const sessionsAlive = async (input: {
  db: Db;
  ids: readonly string[];
  busy: readonly string[];
  life: SessionLife;
  now: Date;
}): Promise<ReadonlySet<string>> => {
  if (input.ids.length === 0) return new Set();
  const idleSince = new Date(input.now.getTime() - input.life.idleMs);
  if (input.busy.length > 0) {
    await input.db.query({
      text: "UPDATE session SET seen_at = $2 WHERE id = ANY($1::uuid[]) AND seen_at > $3 AND seen_at < $2",
      values: [input.busy, input.now, idleSince],
    });
  }
  const rows = await input.db.query<{ id: string }>({
    text: `SELECT s.id FROM session s JOIN app_user u ON u.id = s.user_id
            WHERE s.id = ANY($1::uuid[]) AND s.expires_at > $2 AND s.seen_at > $3 AND u.disabled_at IS NULL`,
    values: [input.ids, input.now, idleSince],
  });
  return new Set(rows.map((row) => row.id));
};

/** Forgets sessions that ended long ago. */
export const sweepSessions = async (input: { db: Db; life: SessionLife; now: Date }): Promise<void> => {
  await input.db.query({
    text: "DELETE FROM session WHERE expires_at < $1 OR seen_at < $2",
    values: [input.now, new Date(input.now.getTime() - input.life.idleMs)],
  });
};

import type { Db } from "./db.ts";

export interface LoginAccount {
  readonly id: string;
  readonly passwordHash: string | null;
  readonly disabled: boolean;
  readonly lockedUntil: Date | null;
}

/** After so many wrong passwords in a row the account is locked for a quarter of an hour. */
const attempts = 10;
const lockMs = 15 * 60_000;

export const loginAccount = async (input: { db: Db; email: string }): Promise<LoginAccount | null> => {
  const [row] = await input.db.query<{
    id: string;
    password_hash: string | null;
    disabled: boolean;
    locked_until: Date | null;
  }>({
    text: `SELECT id, password_hash, disabled_at IS NOT NULL AS disabled, locked_until
             FROM app_user WHERE email = lower($1)`,
    values: [input.email],
  });
  if (row === undefined) return null;
  return { id: row.id, passwordHash: row.password_hash, disabled: row.disabled, lockedUntil: row.locked_until };
};

/** Counts a wrong password; tells whether this one locked the account. */
export const loginFailed = async (input: { db: Db; userId: string; now: Date }): Promise<{ locked: boolean }> => {
  const [row] = await input.db.query<{ failed_logins: number }>({
    text: `UPDATE app_user
              SET failed_logins = CASE WHEN failed_logins + 1 >= $2 THEN 0 ELSE failed_logins + 1 END,
                  locked_until = CASE WHEN failed_logins + 1 >= $2 THEN $3 ELSE locked_until END
            WHERE id = $1 RETURNING failed_logins`,
    values: [input.userId, attempts, new Date(input.now.getTime() + lockMs)],
  });
  return { locked: row?.failed_logins === 0 };
};

export const loginSucceeded = async (input: { db: Db; userId: string }): Promise<void> => {
  await input.db.query({
    text: `UPDATE app_user SET failed_logins = 0, locked_until = NULL
            WHERE id = $1 AND (failed_logins > 0 OR locked_until IS NOT NULL)`,
    values: [input.userId],
  });
};

export const passwordHashOf = async (input: { db: Db; userId: string }): Promise<string | null> => {
  const [row] = await input.db.query<{ password_hash: string | null }>({
    text: "SELECT password_hash FROM app_user WHERE id = $1",
    values: [input.userId],
  });
  return row?.password_hash ?? null;
};

export const setPasswordHash = async (input: { db: Db; userId: string; hash: string }): Promise<void> => {
  await input.db.query({
    text: "UPDATE app_user SET password_hash = $2, failed_logins = 0, locked_until = NULL WHERE id = $1",
    values: [input.userId, input.hash],
  });
};

/** What users set for themselves: language and desk settings (merged key by key). */
/** A user's own desk settings. */
export const settingsOf = async (input: {
  readonly db: Db;
  readonly userId: string;
}): Promise<Readonly<Record<string, unknown>>> => {
  const [row] = await input.db.query<{ settings: Readonly<Record<string, unknown>> }>({
    text: "SELECT settings FROM app_user WHERE id = $1",
    values: [input.userId],
  });
  return row?.settings ?? {};
};

export const updateMe = async (input: {
  db: Db;
  userId: string;
  locale?: string;
  settings?: Readonly<Record<string, unknown>>;
}): Promise<void> => {
  await input.db.query({
    text: `UPDATE app_user SET locale = coalesce($2, locale), settings = settings || $3::jsonb WHERE id = $1`,
    values: [input.userId, input.locale ?? null, JSON.stringify(input.settings ?? {})],
  });
};

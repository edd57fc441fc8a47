import type { Db } from "./db.ts";

/** A file a connector made once, by its key. */
export interface FrozenRow {
  readonly blobKey: string;
  readonly size: number;
}

export const readFrozen = async (input: {
  readonly db: Db;
  readonly accountId: string;
  readonly key: string;
}): Promise<FrozenRow | undefined> => {
  const [row] = await input.db.query<FrozenRow>({
    name: "read-frozen",
    text: `select blob_key as "blobKey", size from frozen where account_id = $1 and key = $2`,
    values: [input.accountId, input.key],
  });
  return row;
};

/** Keeps the row unless the key has one; gives the one that stands. `instead` replaces a row whose file is gone. */
export const writeFrozenOnce = async (input: {
  readonly db: Db;
  readonly tenantId: string;
  readonly accountId: string;
  readonly key: string;
  readonly file: FrozenRow;
  readonly instead?: string;
}): Promise<FrozenRow> => {
  const [row] = await input.db.query<FrozenRow>({
    name: "write-frozen",
    text: `insert into frozen (account_id, key, tenant_id, blob_key, size) values ($1, $2, $3, $4, $5)
      on conflict (account_id, key) do update
        set blob_key = case when frozen.blob_key = $6 then excluded.blob_key else frozen.blob_key end,
          size = case when frozen.blob_key = $6 then excluded.size else frozen.size end
      returning blob_key as "blobKey", size`,
    values: [input.accountId, input.key, input.tenantId, input.file.blobKey, input.file.size, input.instead ?? ""],
  });
  if (row === undefined) throw new Error("a frozen file was neither written nor found");
  return row;
};

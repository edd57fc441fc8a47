import { uuid } from "#core/uuid";
import type { Db } from "./db.ts";

export interface UploadRecord {
  readonly id: string;
  readonly name: string;
  readonly mime: string;
  readonly size: number;
}

/** Records a file that is in the file store already; it hangs on nothing until a message takes it. */
export const recordUpload = async (input: {
  db: Db;
  tenantId: string;
  owner: { readonly type: "agent" | "visitor"; readonly id: string };
  name: string;
  mime: string;
  size: number;
  blobKey: string;
}): Promise<UploadRecord> => {
  const id = uuid();
  await input.db.query({
    text: `INSERT INTO upload (id, tenant_id, owner_type, owner_id, name, mime, size, blob_key)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [id, input.tenantId, input.owner.type, input.owner.id, input.name, input.mime, input.size, input.blobKey],
  });
  return { id, name: input.name, mime: input.mime, size: input.size };
};

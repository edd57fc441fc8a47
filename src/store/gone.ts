import { hashedText, normalValue } from "#core/identity";
import type { Secrets } from "../secrets.ts";
import type { Queryable } from "./db.ts";

type Hashes = Pick<Secrets, "keyedHash">;

const hashOf = (secrets: Hashes, tenantId: string, address: string): Buffer =>
  secrets.keyedHash(
    "identity",
    hashedText({ tenantId, kind: "email", scope: "", value: normalValue("email", address) }),
  );

/** Whether an identity's row is marked as gone and nobody has written from it since: then it is there after all. */
export const goneSql = (row: string): string => `(${row}.gone_at is not null and not exists (select 1 from message m
  where m.author_id = ${row}.contact_id and m.direction = 'in' and m.created_at > ${row}.gone_at
    and m.tenant_id = ${row}.tenant_id and m.detail ->> 'automatic' is null))`;

/** Marks a mail address that a server called unknown, with the server's words. An address nobody knows is left alone. */
export const markGone = async (input: {
  readonly q: Queryable;
  readonly secrets: Hashes;
  readonly tenantId: string;
  readonly address: string;
  readonly says: string;
  readonly now: Date;
}): Promise<void> => {
  const { q, secrets, tenantId, now } = input;
  await q.query({
    name: "mark-gone",
    text: `update identity set gone_at = $3, gone_reason = $4
      where tenant_id = $1 and kind = 'email' and scope = '' and value_hash = $2`,
    values: [tenantId, hashOf(secrets, tenantId, input.address), now, input.says.slice(0, 300)],
  });
};

/** Which of these mail addresses are marked as gone, as they were given. */
export const goneAmong = async (input: {
  readonly q: Queryable;
  readonly secrets: Hashes;
  readonly tenantId: string;
  readonly addresses: readonly string[];
}): Promise<readonly string[]> => {
  const { q, secrets, tenantId, addresses } = input;
  const asked = addresses
    .filter((address) => address.includes("@"))
    .map((address) => ({ address, hash: hashOf(secrets, tenantId, address).toString("hex") }));
  if (asked.length === 0) return [];
  const found = await q.query<{ hash: string }>({
    name: "gone-among",
    text: `select encode(i.value_hash, 'hex') as hash from identity i
      where i.tenant_id = $1 and i.kind = 'email' and ${goneSql("i")}
        and i.value_hash = any(select decode(h, 'hex') from unnest($2::text[]) h)`,
    values: [tenantId, asked.map(({ hash }) => hash)],
  });
  const gone = new Set(found.map(({ hash }) => hash));
  return asked.flatMap(({ address, hash }) => (gone.has(hash) ? [address] : []));
};

import { z } from "zod";
import type { Boot } from "#wire";
import type { TenantRecord } from "#store/members";

const policy = z.object({
  brandColor: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i)
    .catch("#3b5bdb"),
  greeting: z.string().catch(""),
  undoSeconds: z.record(z.string(), z.number()).catch({}),
});

/** What a desk may know of a client company; the rest of its policy stays here. */
export const presentTenant = (tenant: TenantRecord): Boot["tenants"][number] => {
  const { brandColor, greeting, undoSeconds } = policy.parse(tenant.policy);
  return { id: tenant.id, key: tenant.key, name: tenant.name, color: brandColor, greeting, undoSeconds };
};

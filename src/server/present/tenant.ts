import { z } from "zod";
import { type Boot, tenantView, type TenantView } from "#wire";
import { defaultReopenDays } from "#store/journaled";
import type { TenantRecord } from "#store/members";

const policy = z.object({
  brandColor: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i)
    .catch("#3b5bdb"),
  greeting: z.string().catch(""),
  signature: z.string().catch(""),
  locale: tenantView.shape.locale.catch("en"),
  timezone: z.string().catch("Europe/Prague"),
  undoSeconds: z.record(z.string(), z.number()).catch({}),
  reopenDays: z.number().catch(defaultReopenDays),
});

/** What a desk may know of a client company; the rest of its policy stays here. */
export const presentTenant = (tenant: TenantRecord): Boot["tenants"][number] => {
  const { brandColor, greeting, undoSeconds } = policy.parse(tenant.policy);
  return { id: tenant.id, key: tenant.key, name: tenant.name, color: brandColor, greeting, undoSeconds };
};

/** All of a client company that its administrator sets. */
export const presentTenantSettings = (tenant: TenantRecord): TenantView => {
  const { locale, timezone, reopenDays, signature } = policy.parse(tenant.policy);
  return { ...presentTenant(tenant), signature, locale, timezone, reopenDays };
};

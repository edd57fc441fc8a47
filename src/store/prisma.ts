import { PrismaPg } from "@prisma/adapter-pg";
import type { Pool } from "pg";
import { PrismaClient } from "#prisma";

export type Prisma = PrismaClient;

/** Prisma over the hub's own pool: for administration and other low-rate work, never for a hot path. */
export const openPrisma = (input: { readonly pool: Pool }): Prisma =>
  new PrismaClient({ adapter: new PrismaPg(input.pool) });

import type { SqlMigrationAwareDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import type { SchemaEngine } from "@prisma/schema-engine-wasm";

export function openEngine(adapter?: SqlMigrationAwareDriverAdapterFactory): Promise<SchemaEngine>;
export function diffSchemas(o: { from: string; to: string }): Promise<string>;

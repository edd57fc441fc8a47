import { migrate } from "../../prisma/migrate.ts";

const [databaseUrl = "", folder = ""] = process.argv.slice(2);
await migrate({ databaseUrl, folder });

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "#config";
import type { Log } from "#core/log";
import { uuid } from "#core/uuid";
import type { Db } from "#store/db";
import { seedDemo } from "../prisma/seed.ts";
import { hashPassword, randomToken } from "./secrets.ts";

type Seeded = Omit<Parameters<typeof seedDemo>[0], "dataDir">;

/**
 * Makes the hub usable on an empty database: the demo when asked for, else one platform administrator with a generated
 * password. Passwords are kept in the data folder (mode 0600), never printed. Gives the lines to print after "ready".
 */
export const firstStart = async (
  input: Seeded & {
    readonly config: Config;
    readonly db: Db;
    readonly log: Log;
    readonly url: string;
    readonly say: (line: string) => void;
  },
): Promise<readonly string[]> => {
  const { config, db, url } = input;
  const adminFile = join(config.dataDir, "first-login.txt");
  const [users] = await db.query<{ n: number }>({ text: "SELECT count(*)::int AS n FROM app_user" });
  const empty = users?.n === 0;
  if (config.demo) {
    if (empty) input.say("Filling the demo: two client companies, seven people, some dozens of conversations ...");
    const { logins, loginsFile } = await seedDemo({ ...input, dataDir: config.dataDir });
    if (logins)
      return [
        `Desk:  ${url}/`,
        `Demo shop with the chat widget:  ${url}/demo`,
        `Who may log in, with passwords:  ${loginsFile}`,
      ];
  }
  if (empty) {
    const password = randomToken(12);
    await writeFile(adminFile, `${url}/\nadmin@localhost.localdomain  ${password}\n`, { mode: 0o600 });
    await db.query({
      text: `INSERT INTO app_user (id, email, name, password_hash, platform_admin) VALUES ($1, 'admin@localhost.localdomain', 'Administrator', $2, true)
             ON CONFLICT (email) DO NOTHING`,
      values: [uuid(), await hashPassword(password)],
    });
    return [`Desk:  ${url}/`, `The first administrator and password:  ${adminFile}`];
  }
  return [`Desk:  ${url}/`];
};

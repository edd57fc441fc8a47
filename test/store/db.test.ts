import { afterAll, beforeAll, expect, it } from "vitest";
import { type Db, openDatabase } from "../../src/store/db.ts";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";

let database: FreshDatabase;
let db: Db;
const warnings: string[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase({
    url: database.url,
    max: 2,
    log: { warn: (fields) => void warnings.push(JSON.stringify(fields)) },
  });
});

afterAll(async () => {
  await db.end();
  await database.drop();
});

it("a connection that breaks while nothing is asked of it is written down and does not end the hub", async () => {
  const client = await db.pool.connect();
  client.emit("error", new Error("terminating connection due to unexpected postmaster exit"));
  client.release(true);
  expect(warnings.join()).toContain("unexpected postmaster exit");
  expect(await db.query<{ one: number }>({ text: "select 1 as one" })).toEqual([{ one: 1 }]);
});

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { expect, it } from "vitest";
import { signed } from "../../bench/lib/hub.ts";
import { seedFixture } from "../support/fixture.ts";
import { startHub } from "../support/hub.ts";
import { ownPostgres, temporaryFolder } from "../support/postgres.ts";

const mount = (folder: string): boolean =>
  process.getuid?.() === 0 && spawnSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", folder]).status === 0;

/** Takes all that is left of the disk. */
const fillUp = async (path: string): Promise<void> => {
  const file = await open(path, "w");
  const block = Buffer.alloc(4096);
  try {
    for (;;) await file.writeFile(block);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "ENOSPC" });
  } finally {
    await file.close();
  }
};

it("on a full disk a message with a file is refused and comes again, a plain one is stored, nothing is lost or doubled", async ({
  skip,
  onTestFinished,
}) => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  if (!mount(folder.path)) skip("needs root and a mount");
  onTestFinished(() => void spawnSync("umount", ["--lazy", folder.path]));
  const postgres = await ownPostgres();
  onTestFinished(() => postgres.drop());
  const secret = randomBytes(32).toString("hex");
  const fixture = await seedFixture({ databaseUrl: postgres.url, secret, queues: 1, agents: 1 });
  const hub = await startHub({
    dataDir: folder.path,
    env: { DATABASE_URL: postgres.url, LINKA_SECRET: secret, LINKA_DEMO: "0", LOG_LEVEL: "fatal" },
  });
  onTestFinished(() => hub.kill("SIGKILL"));
  const content = randomBytes(1_000_000).toString("base64");
  const send = async (id: string, files: boolean): Promise<number> => {
    const body = JSON.stringify({
      messages: [
        {
          id,
          thread: "t",
          from: { id: "c" },
          text: id,
          at: new Date().toISOString(),
          ...(files && { attachments: [{ name: "photo.bin", mimeType: "application/octet-stream", content }] }),
        },
      ],
    });
    const headers = signed({ secret: fixture.hookSecret, body });
    return (await fetch(hub.url + (fixture.accounts[0]?.hookPath ?? ""), { method: "POST", headers, body })).status;
  };

  const ballast = join(folder.path, "ballast");
  await fillUp(ballast);
  expect(await send("with a file", true)).toBe(503);
  expect(await send("plain", false)).toBe(200);
  await rm(ballast);
  expect(await send("with a file", true)).toBe(200);
  expect(await send("with a file", true)).toBe(200);

  const db = new Client({ connectionString: postgres.url });
  await db.connect();
  const { rows } = await db.query(
    `select m.body, p.size, p.state from message m left join message_part p on p.message_id = m.id order by m.seq`,
  );
  await db.end();
  expect(rows).toEqual([
    { body: "plain", size: null, state: null },
    { body: "with a file", size: 1_000_000, state: "stored" },
  ]);
}, 60_000);

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Frozen, Hub } from "#contract";
import { connectorHub } from "#runtime/connector-hub";
import { openFiles } from "#store/files";
import { temporaryFolder } from "../support/database.ts";
import { addAccount, addTenant, attachWorld, openWorld, type World } from "./parts/world.ts";

let world: World;
let other: World;
let hubs: readonly Hub[];
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  world = await openWorld();
  other = attachWorld(world.url);
  const tenant = await addTenant(world.db);
  const id = await addAccount(world, { tenant, kind: "talk", url: "http://127.0.0.1:9" });
  const account = {
    id,
    tenantId: tenant.id,
    kind: "talk",
    channel: "talk",
    name: "Account",
    queueId: null,
    replyWindowHours: false as const,
    reopenDays: 7,
  };
  hubs = [world, other].map(({ db, publisher, log, secrets }) =>
    connectorHub({
      db,
      files: openFiles({ dir: folder.path }),
      secrets,
      alive: () => undefined,
      machine: { folder: () => Promise.reject(new Error("no folder here")), browser: { flags: [] } },
      publisher,
      log,
      account: () => account,
      receive: () => Promise.resolve(),
      status: () => undefined,
      transcript: () => Promise.resolve({ lines: [], more: false, readSeq: 0 }),
      now: () => new Date(),
      redact: (text) => text,
    }),
  );
});
afterAll(async () => {
  await other.close();
  await world.close();
  await folder.remove();
});

describe("what an account remembers", () => {
  it("two nodes that make a key at the same instant end with the same one", async () => {
    for (let round = 0; round < 20; round += 1) {
      const name = `key-${round}`;
      const kept = await Promise.all(
        [0, 1, 2, 3].flatMap((nth) => hubs.map(({ memory }, node) => memory.setOnce(name, `${node} ${nth}`))),
      );
      expect(new Set(kept).size).toBe(1);
      for (const { memory } of hubs) expect(await memory.get(name)).toBe(kept[0]);
    }
  });

  it("a value set once stays until it is set on purpose, and may not be larger than any other", async () => {
    const [memory, elsewhere] = hubs.map((hub) => hub.memory);
    await memory?.set("word", "first");
    expect(await elsewhere?.setOnce("word", "second")).toBe("first");
    await memory?.set("word", "third");
    expect(await elsewhere?.get("word")).toBe("third");
    await expect(memory?.setOnce("large", "x".repeat(65_537))).rejects.toThrow(RangeError);
  });

  it("what an account keeps in its vault is read back by every node, and is not in the database in the clear", async () => {
    const [here, there] = hubs.map((hub) => hub.vault);
    expect(await here?.get("refresh")).toBeUndefined();
    await here?.set("refresh", "a token nobody may read");
    expect(await there?.get("refresh")).toBe("a token nobody may read");
    const stored = await world.db.query<{ value: string }>({ text: "select value from channel_memory" });
    expect(JSON.stringify(stored)).not.toContain("a token nobody");
    await expect(here?.set("large", "x".repeat(65_537))).rejects.toThrow(RangeError);
  });

  it("a file frozen under a key stays what it was first, on every node, and is made anew only when it is gone", async () => {
    const [here, there] = hubs.map((hub) => hub.frozen);
    const bytes = (said: string) => Readable.from([Buffer.from(said)]);
    const readAll = async (file: Frozen | undefined) => (file === undefined ? undefined : text(file.open()));
    expect(await here?.get("letter")).toBeUndefined();
    const kept = await Promise.all([here?.setOnce("letter", bytes("one")), there?.setOnce("letter", bytes("two"))]);
    const [first, second] = await Promise.all(kept.map(readAll));
    expect(first).toBe(second);
    expect(await readAll(await there?.get("letter"))).toBe(first);
    await rm(folder.path, { recursive: true });
    expect(await here?.get("letter")).toBeUndefined();
    expect(await readAll(await here?.setOnce("letter", bytes("anew")))).toBe("anew");
    expect(await readAll(await there?.get("letter"))).toBe("anew");
  });
});

import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { MigrationError } from "../../prisma/migrate.ts";
import { ConfigError } from "../../src/config.ts";
import { PostgresError } from "../../src/postgres/index.ts";
import { freePort } from "../../src/postgres/port.ts";
import { checkDatabase, checkDataDir, explainStart, StartError } from "../../src/preflight.ts";
import { freshDatabase, temporaryFolder } from "../support/database.ts";

const sentence = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof StartError)) throw new Error(`expected a StartError, got ${String(error)}`);
  expect(error.message).toMatch(/^[^\n]+\.$/);
  return error.message;
};
const folder = async (): Promise<string> => {
  const temporary = await temporaryFolder();
  onTestFinished(() => temporary.remove());
  return temporary.path;
};
const database = async (): Promise<URL> => {
  const fresh = await freshDatabase({ empty: true });
  onTestFinished(() => fresh.drop());
  return new URL(fresh.url);
};

describe("the data folder", () => {
  test("is made when missing and nothing is left in it", async () => {
    const dataDir = join(await folder(), "a", "b");
    await checkDataDir({ dataDir });
    await checkDataDir({ dataDir });
  });

  test("that is a file is named", async () => {
    const file = join(await folder(), "file");
    await writeFile(file, "");
    expect(await sentence(checkDataDir({ dataDir: file }))).toContain(`${file} is a file`);
    expect(await sentence(checkDataDir({ dataDir: join(file, "below") }))).toContain("is a file, or lies in one");
  });

  test.skipIf(process.getuid?.() === 0)("that may not be written is named", async () => {
    const dataDir = join(await folder(), "locked");
    await mkdir(dataDir);
    await chmod(dataDir, 0o500);
    expect(await sentence(checkDataDir({ dataDir }))).toContain("may not be written by this user");
  });

  test.runIf(process.platform === "linux" && process.getuid?.() === 0)(
    "that even root may not write is named",
    async () => {
      expect(await sentence(checkDataDir({ dataDir: "/sys/linka" }))).toContain("/sys/linka may not be written");
    },
  );
});

describe("the operator's database", () => {
  test("passes when it has what the hub needs", async () => {
    await checkDatabase({ databaseUrl: (await database()).href });
  });

  test("is told apart: wrong password, no such database, nobody listens, unknown host", async () => {
    const password = await database();
    password.password = "hunter2";
    const refused = await sentence(checkDatabase({ databaseUrl: password.href }));
    expect(refused).toBe("The database of DATABASE_URL refused the password of user linka.");
    expect(refused).not.toContain("hunter2");
    const missing = await database();
    missing.pathname = "/nowhere";
    expect(await sentence(checkDatabase({ databaseUrl: missing.href }))).toContain("there is no database nowhere");
    const closed = await freePort();
    expect(await sentence(checkDatabase({ databaseUrl: `postgresql://linka@127.0.0.1:${closed}/linka` }))).toBe(
      `The database of DATABASE_URL cannot be reached: nothing listens at 127.0.0.1:${closed}.`,
    );
    expect(await sentence(checkDatabase({ databaseUrl: "postgresql://linka@nowhere.invalid/linka" }))).toContain(
      "the name nowhere.invalid is not known here",
    );
  });

  test("that never answers is given up", async () => {
    const silent = await tcpServer(() => undefined);
    const url = `postgresql://linka@127.0.0.1:${silent}/linka`;
    expect(await sentence(checkDatabase({ databaseUrl: url, timeoutMs: 200 }))).toContain("cannot be reached");
  });

  test("where the user may not make tables is named", async () => {
    const url = await database();
    const owner = new Client({ connectionString: url.href });
    await owner.connect();
    const role = `weak_${Date.now()}`;
    await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD 'weak'`);
    onTestFinished(async () => {
      await owner.query(`DROP ROLE ${role}`);
      await owner.end();
    });
    url.username = role;
    url.password = "weak";
    expect(await sentence(checkDatabase({ databaseUrl: url.href }))).toContain("GRANT CREATE ON SCHEMA public");
  });

  test("older than PostgreSQL 15 is refused with both versions", async () => {
    const port = await tcpServer((socket) => answerAsOldPostgres(socket));
    expect(await sentence(checkDatabase({ databaseUrl: `postgresql://linka@127.0.0.1:${port}/linka` }))).toBe(
      "The database of DATABASE_URL is PostgreSQL 14, but Linka needs 15 or newer.",
    );
  });
});

describe("the port", () => {
  const listenAt = async (port: number, host: string): Promise<readonly string[] | undefined> => {
    const server = createServer();
    onTestFinished(() => void server.close());
    server.listen(port, host);
    return explainStart(
      await once(server, "listening").then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
  };

  test("that another program has is named", async () => {
    const port = await tcpServer(() => undefined);
    expect(await listenAt(port, "127.0.0.1")).toEqual([
      `Port ${port} is taken by another program: stop it, or set PORT to another number.`,
    ]);
  });

  test("on an address that is not this machine's is named", async () => {
    // TEST-NET-1 belongs to nobody.
    expect(await listenAt(0, "192.0.2.1")).toEqual(["HOST 192.0.2.1 is not an address of this machine."]);
  });
});

test("known faults of a start become sentences, faults of the program keep their stack", () => {
  expect(explainStart(new ConfigError(["One.", "Two."]))).toEqual(["One.", "Two."]);
  expect(explainStart(new StartError("Port."))).toEqual(["Port."]);
  expect(explainStart(new PostgresError("in-use", "In use."))).toEqual(["In use."]);
  expect(explainStart(new MigrationError("newer", "Newer."))).toEqual(["Newer."]);
  expect(explainStart(new TypeError("x is undefined"))).toBeUndefined();
});

async function tcpServer(connected: (socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    connected(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}

/** Admits everybody and answers the one question of the start as PostgreSQL 14 would. */
function answerAsOldPostgres(socket: Socket): void {
  const message = (type: string, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const int = (bytes: 2 | 4, value: number): Buffer => {
    const buffer = Buffer.alloc(bytes);
    buffer.writeIntBE(value, 0, bytes);
    return buffer;
  };
  const text = (value: string): Buffer => Buffer.from(`${value}\0`);
  const ready = message("Z", Buffer.from("I"));
  const facts: readonly [name: string, type: number, value: string][] = [
    ["version", 23, "140012"],
    ["encoding", 25, "UTF8"],
    ["read_only", 16, "f"],
    ["extension", 16, "t"],
    ["may_create", 16, "t"],
  ];
  const columns = facts.map(([name, type]) =>
    Buffer.concat([text(name), int(4, 0), int(2, 0), int(4, type), int(2, -1), int(4, -1), int(2, 0)]),
  );
  const values = facts.map(([, , value]) => Buffer.concat([int(4, value.length), Buffer.from(value)]));
  socket.once("data", () => {
    socket.write(Buffer.concat([message("R", int(4, 0)), ready]));
    socket.once("data", () => {
      const rows = [message("T", int(2, facts.length), ...columns), message("D", int(2, facts.length), ...values)];
      socket.write(Buffer.concat([...rows, message("C", text("SELECT 1")), ready]));
    });
  });
}

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { signed } from "../../bench/lib/hub.ts";
import { openFiles } from "../../src/store/files.ts";
import { seedFixture } from "../support/fixture.ts";
import { startHub } from "../support/hub.ts";
import { temporaryFolder } from "../support/postgres.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

export interface RestoreReport {
  readonly acknowledged: number;
  /** Of those that were acknowledged before the backup began. */
  readonly lost: readonly string[];
  readonly seqGaps: number;
  /** Files that a message names and that are missing or shorter than it says. */
  readonly filesMissing: number;
  readonly filesChecked: number;
  readonly parked: number;
  /** The restored hub took a new message. */
  readonly takesMore: boolean;
  readonly backupMb: number;
  readonly backupMs: number;
  /** From its start to ready, recovery of the database included. */
  readonly restoreMs: number;
}

/** The address of the embedded database of a data folder whose hub runs. */
const embeddedUrl = async (dataDir: string): Promise<string> => {
  const password = (await readFile(join(dataDir, "postgres/password"), "utf8")).trim();
  const port = (await readFile(join(dataDir, "postgres/cluster/postmaster.pid"), "utf8")).split("\n")[3];
  return `postgresql://linka:${encodeURIComponent(password)}@127.0.0.1:${port}/linka`;
};

/**
 * Backs a hub up while customers write to it, kills it, and starts another one on the copy: what was acknowledged before
 * the backup began is there, with its files and without a gap.
 */
export const drillRestore = async (input: {
  /** Messages before the backup begins; they go on during it. */
  readonly messages: number;
  readonly say: (line: string) => void;
}): Promise<RestoreReport> => {
  const { say } = input;
  const folder = await temporaryFolder();
  const secret = randomBytes(32).toString("hex");
  const env = { LINKA_DEMO: "0", LINKA_SECRET: secret };
  const live = join(folder.path, "live");
  const copy = join(folder.path, "copy");
  const hubs: { kill(signal: NodeJS.Signals): Promise<void> }[] = [];
  try {
    const first = await startHub({ dataDir: live, env });
    hubs.push(first);
    const fixture = await seedFixture({ databaseUrl: await embeddedUrl(live), secret, queues: 2, agents: 1 });
    await first.kill("SIGINT");
    const hub = await startHub({ dataDir: live, env });
    hubs.push(hub);
    const acknowledged: string[] = [];
    let numbered = 0;
    const send = async (url: string): Promise<string | undefined> => {
      const n = numbered++;
      const id = `drill-${n}`;
      const content = Buffer.from(`file of message ${n} `.repeat(40)).toString("base64");
      const body = JSON.stringify({
        messages: [
          {
            id,
            thread: `t-${n % 40}`,
            from: { id: `c-${n % 40}` },
            text: `message ${n}`,
            at: new Date().toISOString(),
            ...(n % 5 === 0 && { attachments: [{ name: "note.txt", mimeType: "text/plain", content }] }),
          },
        ],
      });
      const path = fixture.accounts[n % fixture.accounts.length]?.hookPath ?? "";
      const headers = signed({ secret: fixture.hookSecret, body });
      const answer = await fetch(url + path, { method: "POST", headers, body }).catch(() => undefined);
      return answer?.status === 200 ? id : undefined;
    };
    const over = new AbortController();
    const sender = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const id = await send(hub.url);
        if (id !== undefined) acknowledged.push(id);
      }
    };
    const senders = Array.from({ length: 4 }, sender);
    while (acknowledged.length < input.messages) await new Promise((resolve) => setTimeout(resolve, 20));
    const before = [...acknowledged];
    const said = await run(process.execPath, [join(root, "src/backup.ts"), "--to", copy], {
      env: { ...process.env, ...env, LINKA_DATA: live },
    });
    const backup = JSON.parse(said.stdout.trim().split("\n").at(-1) ?? "{}") as { mb: number; ms: number };
    say(`backed up ${backup.mb} MB in ${backup.ms} ms, ${acknowledged.length - before.length} messages came meanwhile`);
    await hub.kill("SIGKILL");
    over.abort();
    await Promise.all(senders);

    const began = performance.now();
    const restored = await startHub({ dataDir: copy, env });
    hubs.push(restored);
    const restoreMs = Math.round(performance.now() - began);
    const takesMore = (await send(restored.url)) !== undefined;
    const db = new Client({ connectionString: await embeddedUrl(copy) });
    await db.connect();
    const { rows: messages } = await db.query<{ id: string }>("select external_id as id from message");
    const { rows: gaps } = await db.query(
      "select 1 from conversation c where c.last_seq <> (select count(*) from message m where m.conversation_id = c.id)",
    );
    const { rows: parts } = await db.query<{ key: string; size: number }>(
      "select blob_key as key, size from message_part where state = 'stored'",
    );
    const { rows: parked } = await db.query("select 1 from inbound_event where state = 'parked'");
    await db.end();
    const there = new Set(messages.map(({ id }) => id));
    const files = openFiles({ dir: join(copy, "files") });
    let filesMissing = 0;
    for (const { key, size } of parts) if ((await files.stat(key))?.size !== size) filesMissing += 1;
    return {
      acknowledged: before.length,
      lost: before.filter((id) => !there.has(id)),
      seqGaps: gaps.length,
      filesMissing,
      filesChecked: parts.length,
      parked: parked.length,
      takesMore,
      backupMb: backup.mb,
      backupMs: backup.ms,
      restoreMs,
    };
  } finally {
    for (const hub of hubs) await hub.kill("SIGKILL");
    await folder.remove();
  }
};

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Dovecot, hasDovecot, startDovecot } from "../../fakes/dovecot.ts";
import { freshMailbox, until } from "./mailbox.ts";

const points = [
  "just connected",
  "downloaded, not stored",
  "reading an attachment",
  "stored, not acknowledged",
  "before the cursor moves",
  "after the cursor moved",
];

describe.runIf(hasDovecot())("a hub that is killed while it takes mail over", () => {
  let dovecot: Dovecot;
  let folder = "";
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "linka-kill-"));
    dovecot = await startDovecot();
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await dovecot.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const lines = (name: string): { id?: string; subject?: string; state?: string }[] => {
    const file = path.join(folder, name);
    if (!existsSync(file)) return [];
    const whole = readFileSync(file, "utf8").split("\n").slice(0, -1);
    return whole.map((line) => JSON.parse(line) as { id: string });
  };

  it("loses nothing and doubles nothing, wherever it is killed", { timeout: 180_000 }, async ({ annotate }) => {
    const mailbox = freshMailbox(dovecot);
    const begin = (point = "", nth = 1): ChildProcess => {
      const script = path.join(import.meta.dirname, "hub.child.ts");
      const child = spawn(process.execPath, [script, folder, JSON.stringify(mailbox.settings), point, String(nth)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      children.push(child);
      return child;
    };
    const ended = (child: ChildProcess): Promise<unknown> =>
      child.exitCode === null && child.signalCode === null
        ? new Promise((resolve) => child.once("exit", resolve))
        : Promise.resolve();
    let delivered = 0;
    const deliver = (): Promise<void> => {
      // Large ones go through files, small ones through memory.
      const content = Buffer.alloc(delivered % 4 === 0 ? 1_000_000 : 50_000, delivered);
      const attachments = [{ filename: "a.bin", content }];
      return dovecot.deliver({ subject: `mail ${delivered++}`, text: "x", attachments }, mailbox.address);
    };

    const first = begin();
    await until("the first process is online", () => lines("statuses").some(({ state }) => state === "online"));
    first.kill("SIGKILL");
    await ended(first);
    let kills = 0;
    for (const nth of [1, 2])
      for (const point of points) {
        for (let n = 0; n < 3; n++) await deliver();
        if (nth === 2 && point === "downloaded, not stored")
          await dovecot.doveadm("mailbox", "update", "-u", mailbox.address, "--uid-validity", "1900000007", "INBOX");
        const child = begin(point, point === "just connected" ? 1 : nth);
        const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
        await deliver();
        await ended(child);
        clearTimeout(late);
        expect(child.signalCode, `killed when ${point}`).toBe("SIGKILL");
        kills++;
      }
    const last = begin();
    // Dovecot now and then lists a mail some milliseconds after a later one.
    const stored = (): ReadonlyMap<string | undefined, string | undefined> =>
      new Map(lines("journal").map(({ id, subject }) => [id, subject]));
    await until("everything is stored", () => new Set(stored().values()).size >= delivered, 40_000);
    last.kill("SIGKILL");
    await ended(last);

    // The hub keeps one message an id, so ids are what counts.
    const byNumber = (a = "", b = ""): number => Number(a.slice(5)) - Number(b.slice(5));
    expect([...stored().values()].sort(byNumber)).toEqual(Array.from({ length: delivered }, (_, n) => `mail ${n}`));
    await annotate(`${kills} kills, ${delivered} mails, ${lines("journal").length - delivered} deliveries recognised`);
  });

  it("sweeps the temporary files of the killed when it starts again", async () => {
    const mailbox = freshMailbox(dovecot);
    const pids = children.map(({ pid }) => String(pid));
    const left = async (): Promise<string[]> =>
      (await readdir(os.tmpdir())).filter((name) => pids.some((pid) => name.startsWith(`linka-mail-${pid}-`)));
    expect(await left(), "files of the killed").not.toEqual([]);
    mailbox.open().start();
    await until("nothing is left", async () => (await left()).length === 0);
    await mailbox.stop();
    expect(await left()).toEqual([]);
  });
});

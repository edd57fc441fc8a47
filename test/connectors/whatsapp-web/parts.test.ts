import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findBrowser, flagsFor } from "../../../connectors/whatsapp/web/browser.ts";
import { restartIn } from "../../../connectors/whatsapp/web/keeper.ts";
import { openLedger } from "../../../connectors/whatsapp/web/ledger.ts";
import { type Fact, next } from "../../../connectors/whatsapp/web/machine.ts";
import { endOrphans, noteProcesses } from "../../../connectors/whatsapp/web/orphans.ts";
import { makePace } from "../../../connectors/whatsapp/web/pace.ts";
import { type Phase, phases } from "../../../connectors/whatsapp/web/protocol.ts";
import { readCard, writeCard } from "../../../connectors/whatsapp/web/vcard.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "linka-parts-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the states of a linked phone", () => {
  const facts: readonly Fact[] = [
    { type: "code" },
    { type: "authenticated" },
    { type: "ready" },
    { type: "reloaded" },
    { type: "socket", state: "TIMEOUT" },
    { type: "socket", state: "CONNECTED" },
    { type: "disconnected", reason: "LOGOUT" },
    { type: "late", says: "too long" },
    { type: "broken", says: "crash" },
  ];
  const toward = (now: Phase, fact: Fact): string => {
    const step = next(now, fact);
    return step === undefined ? "-" : "end" in step ? `end:${step.end}` : step.phase;
  };

  it("move only as the table says", () => {
    const table = Object.fromEntries(phases.map((phase) => [phase, facts.map((fact) => toward(phase, fact))]));
    expect(table).toEqual({
      starting: ["code", "linking", "ready", "-", "-", "-", "end:logged-out", "end:failed", "end:failed"],
      code: ["-", "linking", "ready", "-", "-", "-", "end:logged-out", "end:unlinked", "end:failed"],
      linking: ["code", "-", "ready", "-", "-", "-", "end:logged-out", "end:failed", "end:failed"],
      ready: ["end:failed", "-", "-", "linking", "degraded", "-", "end:logged-out", "end:failed", "end:failed"],
      degraded: ["end:failed", "-", "ready", "linking", "-", "ready", "end:logged-out", "end:failed", "end:failed"],
    });
  });
});

describe("the browser", () => {
  it("is the one the operator names, else where distributions put it, else a sentence that says what to install", async () => {
    await expect(findBrowser({ path: process.execPath, flags: [] })).resolves.toBe(process.execPath);
    await expect(findBrowser({ path: join(folder, "none"), flags: [] })).rejects.toThrow(/CHROMIUM_PATH is .*none/);
    await writeFile(join(folder, "chromium"), "#!/bin/sh\n", { mode: 0o755 });
    await expect(findBrowser({ flags: [] }, [join(folder, "no"), join(folder, "chromium")])).resolves.toContain(folder);
    await expect(findBrowser({ flags: [] }, [join(folder, "no")])).rejects.toThrow(/apt-get install chromium/);
  });

  it("keeps its sandbox for everybody but root", () => {
    expect(flagsFor({ flags: ["--lang=cs"] }, 0)).toEqual(expect.arrayContaining(["--no-sandbox", "--lang=cs"]));
    expect(flagsFor({ flags: [] }, 1_000)).not.toContain("--no-sandbox");
  });
});

describe("processes that outlived a crash", () => {
  it("are ended at the next start, and nobody else is", async () => {
    const sleeper = () => spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
    const [noted, other] = [sleeper(), sleeper()];
    const gone = once(noted, "exit");
    await noteProcesses(folder, [noted.pid ?? 0]);
    expect(await endOrphans(folder)).toBeGreaterThan(0);
    expect((await gone)[1]).toBe("SIGKILL");
    expect(other.exitCode).toBeNull();
    expect(await endOrphans(folder), "once").toBe(0);
    other.kill("SIGKILL");
    await once(other, "exit");
  });

  it("are not taken for another process that was given the same number", async () => {
    const other = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
    await writeFile(join(folder, "processes.json"), JSON.stringify([{ pid: other.pid, began: "1" }]));
    expect(await endOrphans(folder)).toBe(0);
    expect(other.exitCode).toBeNull();
    other.kill("SIGKILL");
    await once(other, "exit");
  });
});

describe("what was sent", () => {
  const entry = { key: "k1", stanza: "3EB0AA", customer: "phone:420777123456" };

  it("is known over restarts, until WhatsApp refused it, and half a line of a crash harms nothing", async () => {
    const first = await openLedger(folder);
    await first.note(entry);
    await first.note({ ...entry, key: "k2", stanza: "3EB0BB" });
    await first.forget("k2");
    await writeFile(join(folder, "sent.jsonl"), '{"key":"k3","sta', { flag: "a" });
    const second = await openLedger(folder);
    expect(second.find("k1")).toEqual(entry);
    expect(second.keyOf("3EB0AA")).toBe("k1");
    expect(second.find("k2")).toBeUndefined();
    expect(second.find("k3")).toBeUndefined();
    await second.note({ ...entry, key: "k4", stanza: "3EB0CC" });
    expect((await openLedger(folder)).find("k4")).toBeDefined();
  });

  it("goes out one after the other with a pause, and not at all for who gave up waiting", async () => {
    const turn = makePace({ ms: 200, random: () => 0.5 });
    const at: number[] = [];
    const began = performance.now();
    const send = () => turn(new AbortController().signal, async () => void at.push(performance.now() - began));
    const gaveUp = turn(AbortSignal.abort(), async () => void at.push(-1)).catch((thrown: unknown) => thrown);
    await Promise.all([send(), send(), send()]);
    expect(await gaveUp).toMatchObject({ code: "unreachable" });
    expect(at).toHaveLength(3);
    expect(at[2]).toBeGreaterThanOrEqual(395);
  });
});

describe("the small parts", () => {
  it("waits longer after every failure, with chance in it, and never longer than the most", () => {
    const wait = (failures: number, chance: number) =>
      restartIn({ firstMs: 5_000, mostMs: 300_000, random: () => chance }, failures);
    expect([wait(1, 0), wait(1, 0.999), wait(2, 0.5), wait(50, 0.5)].map(Math.round)).toEqual([
      2_500, 4_998, 7_500, 225_000,
    ]);
  });

  it("reads business cards as phones write them, and writes one that reads the same", () => {
    const card = { name: "Nová, Eva; ředitelka", phones: ["+420 777 000 222"], emails: ["eva@example.com"] };
    expect(readCard(writeCard(card))).toEqual(card);
    expect(
      readCard("BEGIN:VCARD\r\nFN:Jan\r\n No\r\nitem1.TEL;TYPE=CELL:tel:+420777\r\nORG:Pekárna;\r\nEND:VCARD"),
    ).toEqual({
      name: "JanNo",
      phones: ["+420777"],
      emails: [],
      organisation: "Pekárna",
    });
  });
});

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { follow, openSide, sdp, type Side } from "../sip/pair.ts";
import { freePort, openLine, type PhoneLine } from "./line.ts";

const tools = { sipp: "/usr/bin/sipp", kamailio: "/usr/sbin/kamailio" };
const missing = Object.entries(tools).flatMap(([name, file]) => (existsSync(file) ? [] : [name]));
if (missing.length > 0 && process.env["CI"] !== undefined)
  throw new Error(`${missing.join(" and ")} are not installed: the setup should have seen to it`);

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
const run = (
  command: string,
  args: readonly string[],
  cwd: string,
): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } => {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString("latin1")).slice(-4_000);
    });
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once("exit", (code) => {
      running.delete(child);
      resolve({ code, output });
    });
  });
  return { child, ended };
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "linka-sipp-"));
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(missing.includes("sipp"))("sipp, a caller by somebody else", () => {
  let line: PhoneLine;
  beforeAll(async () => {
    line = await openLine({ maxCalls: 500 });
  }, 90_000);
  afterAll(() => line?.stop());

  /** Ends with 0 when every call went as the scenario says. */
  const sipp = async (scenario: string, more: readonly string[]): Promise<void> => {
    const file = path.join(import.meta.dirname, "../sipp", scenario);
    const ports = ["-p", String(await freePort()), "-mp", "26000"];
    const args = ["-i", "127.0.0.1", "-nostdin", "-s", "800", "-sf", file, "-timeout", "60", ...ports, ...more];
    const { ended } = run(tools.sipp, [...args, `127.0.0.1:${line.port}`], folder);
    const { code, output } = await ended;
    expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });
  };

  test("a call with a keypress, hold, INFO and BYE over UDP", { timeout: 60_000 }, () => sipp("call.xml", ["-m", "1"]));
  test("the same over TCP", { timeout: 60_000 }, () => sipp("call.xml", ["-t", "t1", "-m", "1"]));
  test("three calls while every sixth packet is lost", { timeout: 90_000 }, () =>
    sipp("call.xml", ["-m", "3", "-r", "1", "-lost", "15"]),
  );
  test("forty calls a second for four seconds, each answered and ended", { timeout: 90_000 }, () =>
    sipp("short.xml", ["-m", "160", "-r", "40"]),
  );
});

describe.skipIf(missing.includes("kamailio"))("Kamailio as the operator's registrar", () => {
  const password = "trunk password";
  let port: number;
  const sides: Side[] = [];
  beforeAll(async () => {
    port = await freePort();
    const config = await readFile(path.join(import.meta.dirname, "../kamailio/registrar.cfg"), "utf8");
    const file = path.join(folder, "registrar.cfg");
    await writeFile(file, config.replaceAll("PORT", String(port)).replaceAll("PASSWORD", password));
    run(tools.kamailio, ["-f", file, "-w", folder, "-Y", folder, "-P", path.join(folder, "pid"), "-DD", "-E"], folder);
  });
  afterAll(async () => {
    await Promise.all(sides.map((side) => side.stop()));
  });
  const registered = async (user: string, secret = password): Promise<Side> => {
    const side = await openSide({
      trunk: {
        id: user,
        server: "sip:pbx.test",
        proxy: `sip:127.0.0.1:${port};lr`,
        register: 60,
        credentials: { user, password: secret },
      },
    });
    sides.push(side);
    return side;
  };

  test("we register with a digest, call through it by its challenge, hold, and end", { timeout: 60_000 }, async () => {
    const [hub, bob] = [await registered("hub"), await registered("bob")];
    for (const side of [hub, bob])
      await expect.poll(() => side.states.at(-1), { timeout: 20_000 }).toEqual({ state: "online" });
    const call = hub.ua.invite({ target: "sip:bob@pbx.test", sdp: sdp(4_000), from: { number: "hub" } });
    const out = follow(call);
    const theirs = await bob.next();
    const inn = follow(theirs);
    theirs.onEvent((event) => {
      if (event.type === "reoffer") event.answer(sdp(5_000, "recvonly"));
    });
    theirs.ring();
    await out.until("ringing");
    theirs.accept(sdp(5_000));
    await out.until("answered");
    expect(await call.reinvite(sdp(4_000, "sendonly"))).toContain("recvonly");
    theirs.hangup();
    expect(await out.until("ended")).toMatchObject({ by: "remote" });
    expect(inn.types()).not.toContain("failed");
    const nobody = follow(hub.ua.invite({ target: "sip:nobody@pbx.test", sdp: sdp(), from: { number: "hub" } }));
    expect(await nobody.until("failed")).toMatchObject({ status: 404 });
  });

  test("a wrong password is told in words, and not tried again and again", { timeout: 60_000 }, async () => {
    const side = await registered("hub", "wrong password");
    await expect
      .poll(() => side.states.at(-1), { timeout: 20_000 })
      .toMatchObject({ state: "refused", reason: "The trunk refused the user name or password (401)." });
  });
});

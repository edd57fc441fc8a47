import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { follow, openSide, sdp, type Side } from "./pair.ts";

const missing = !existsSync("/usr/sbin/kamailio");
if (missing && process.env["CI"] !== undefined)
  throw new Error("kamailio is not installed: the setup should have seen to it");

/** The configuration we ship (deploy/kamailio.cfg) in front of two hubs. */
describe.skipIf(missing)("Kamailio in front of two hubs", () => {
  let folder: string;
  let edge: ChildProcess;
  let port: number;
  let caller: Side;
  let hubs: { readonly side: Side; answered: number }[] = [];
  const end = (): void => void edge?.kill("SIGKILL");

  const answering = async (): Promise<{ readonly side: Side; answered: number }> => {
    const hub = { side: await openSide({}), answered: 0 };
    hub.side.ua.onCall((call) => {
      follow(call);
      hub.answered += 1;
      call.accept(sdp(5_000));
    });
    return hub;
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "linka-edge-"));
    const probe = await openSide({});
    port = probe.port;
    await probe.stop();
    hubs = [await answering(), await answering()];
    caller = await openSide({});
    const config = await readFile(path.join(import.meta.dirname, "../../../../deploy/kamailio.cfg"), "utf8");
    const list = path.join(folder, "dispatcher.list");
    await writeFile(list, `${hubs.map(({ side }) => `1 sip:127.0.0.1:${side.port}`).join("\n")}\n`);
    const file = path.join(folder, "kamailio.cfg");
    await writeFile(
      file,
      config
        .replace("listen=udp:127.0.0.1:5060", `listen=udp:127.0.0.1:${port}`)
        .replace('"dispatcher.list"', `"${list}"`),
    );
    edge = spawn(
      "/usr/sbin/kamailio",
      ["-f", file, "-w", folder, "-Y", folder, "-P", path.join(folder, "pid"), "-DD", "-E"],
      {
        stdio: "ignore",
      },
    );
    process.once("exit", end);
  });
  afterAll(async () => {
    // Its parent takes the workers along on SIGTERM.
    edge?.kill("SIGTERM");
    process.off("exit", end);
    await Promise.all([caller?.stop(), ...hubs.slice(1).map(({ side }) => side.stop())]);
    await rm(folder, { recursive: true, force: true });
  });

  const call = async (): Promise<string> => {
    const out = caller.ua.invite({ target: `sip:800@127.0.0.1:${port}`, sdp: sdp(), from: { number: "1" } });
    const heard = follow(out);
    const outcome = await Promise.race([heard.until("answered"), heard.until("failed")]);
    out.hangup();
    return outcome.type;
  };

  test("calls are spread over both, and go on when one of them dies", { timeout: 60_000 }, async () => {
    await expect.poll(call, { timeout: 20_000, interval: 300 }).toBe("answered");
    await expect
      .poll(
        async () => {
          await call();
          return hubs.every(({ answered }) => answered > 0);
        },
        { timeout: 20_000, interval: 100 },
      )
      .toBe(true);
    const [first, second] = hubs;
    // The other one is stopped at the end.
    await first?.side.stop();
    const before = second?.answered ?? 0;
    for (let calls = 0; calls < 3; calls += 1) expect(await call()).toBe("answered");
    expect(second?.answered).toBe(before + 3);
  });
});

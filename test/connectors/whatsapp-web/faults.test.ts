import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Outbound } from "#contract";
import { loginFolder } from "../../../connectors/whatsapp/web/protocol.ts";
import { onlyLoopback, type Op } from "../../fakes/whatsapp-page/server.ts";
import { browsersIn, childrenOf, jana, openPhone, ours, type Phone, until } from "./phone.ts";

let open: Phone[] = [];
const phoneWith: typeof openPhone = async (options) => {
  const phone = await openPhone(options);
  open.push(phone);
  return phone;
};
// Two browser starts on two busy cores.
vi.setConfig({ testTimeout: 60_000 });

afterEach(async () => {
  const all = open;
  open = [];
  for (const phone of all) await phone.close();
  for (const { folder } of all) if ((await browsersIn(folder)).length > 0) throw new Error("a browser was left behind");
});

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "it went well",
    (thrown: unknown) => thrown,
  );
/** The process that is the browser itself, not one of its helpers. */
const browserOf = async ({ folder }: Phone): Promise<number> =>
  until("a browser", async () => {
    const pids = await browsersIn(folder);
    return pids.length === 0 ? undefined : Math.min(...pids);
  });
const codeOf = (phone: Phone): Promise<string> =>
  until("a code", () => {
    const { show } = phone.link().look();
    return show !== undefined && "qr" in show ? show.qr : undefined;
  });

describe("the 16 known faults of whatsapp-web.js 1.34.7", () => {
  it("1: becomes ready although the login was synced before the library listened", async () => {
    const phone = await phoneWith();
    phone.whatsapp.tuning.syncMs = 0;
    await phone.online();
    await phone.account.stop();
    await phone.online();
    phone.whatsapp.receive("a", { chat: jana, body: "slyšíte mě" });
    await phone.message("slyšíte mě");
  });

  it("2: starts a new browser when the page never gets beyond opening", async () => {
    const phone = await phoneWith({ timers: { start: 5_000 } });
    phone.whatsapp.tuning.auto = false;
    phone.account.start();
    expect(await phone.status("offline")).toHaveProperty("reason", expect.stringContaining("longer than 5 s"));
    phone.whatsapp.tuning.auto = true;
    await phone.status("online");
  });

  it("3: starts a new browser when the page is not WhatsApp, though the library rejects with a mere text", async () => {
    const phone = await phoneWith({ timers: { start: 10_000 } });
    await writeFile(join(phone.folder, "page.html"), "<h1>browser not supported</h1>");
    phone.account.start();
    expect(await phone.status("offline")).toHaveProperty("reason", "WhatsApp Web did not start: auth timeout");
    await phone.whatsapp.prepare(phone.folder, "a");
    await phone.status("online");
  });

  it("4: notices that the browser was killed, and starts another", async () => {
    const phone = await phoneWith();
    await phone.online();
    const killed = await browserOf(phone);
    process.kill(killed, "SIGKILL");
    expect(await phone.status("offline")).toHaveProperty("reason", expect.stringMatching(/browser/i));
    await phone.status("online");
    expect(await browsersIn(phone.folder)).not.toContain(killed);
  });

  it("5: notices that the tab crashed, and starts another browser", async () => {
    const phone = await phoneWith();
    await phone.online();
    await phone.signalPage("SIGSEGV");
    expect(await phone.status("offline")).toHaveProperty("reason", expect.stringContaining("crashed"));
    await phone.status("online");
  });

  it("5: starts another browser when the page does not answer any more", async () => {
    const phone = await phoneWith({ timers: { heartbeat: 300, answer: 2_000 } });
    await phone.online();
    await phone.signalPage("SIGSTOP");
    expect(await phone.status("offline")).toHaveProperty("reason", expect.stringContaining("does not answer"));
    await phone.status("online");
  });

  it("6: outlives a page that goes away while the library prepares it", async () => {
    const phone = await phoneWith();
    await phone.online();
    // Reloads close on each other: the library's handler of the first is still at work.
    for (let turn = 0; turn < 3; turn += 1) {
      const loaded = once(phone.whatsapp.events, "page");
      phone.whatsapp.tell("a", { ev: "reload" });
      await loaded;
    }
    phone.whatsapp.receive("a", { chat: jana, body: "pořád tu" });
    await phone.message("pořád tu");
  });

  it("7: asks for a new code itself when WhatsApp lets the old one expire", async () => {
    const phone = await phoneWith({ linked: false, timers: { code: 2_000 } });
    phone.account.start();
    const first = await codeOf(phone);
    phone.whatsapp.tell("a", { ev: "state", state: "UNPAIRED_IDLE" });
    await until("a request for a new code", () => phone.whatsapp.ops.some(({ op }) => op === "refreshQR"));
    await until("another code", () => {
      const { show } = phone.link().look();
      return show !== undefined && "qr" in show && show.qr !== first;
    });
  });

  it("8: is ready once, however often the page says so", async () => {
    const phone = await phoneWith();
    await phone.online();
    const before = phone.account.statuses.length;
    phone.whatsapp.tell("a", { ev: "toggleSync" });
    phone.whatsapp.receive("a", { chat: jana, body: "jednou" });
    await phone.message("jednou");
    expect(phone.account.statuses.slice(before)).toEqual([]);
    expect(phone.account.messages().filter(({ event }) => event.text === "jednou")).toHaveLength(1);
  });

  it("9: brings what arrives between the login and ready, of which the library says nothing", async () => {
    const phone = await phoneWith({ linked: false });
    phone.whatsapp.tuning.syncMs = 1_500;
    phone.account.start();
    await codeOf(phone);
    phone.whatsapp.scan("a", ours);
    phone.whatsapp.receive("a", { chat: jana, body: "mezi dveřmi" });
    await phone.status("online");
    await phone.message("mezi dveřmi");
  });

  it("10: keeps the login and comes back when WhatsApp Web was opened with it elsewhere", async () => {
    const phone = await phoneWith();
    await phone.online();
    const before = phone.account.statuses.length;
    phone.whatsapp.tell("a", { ev: "state", state: "CONFLICT" });
    expect(await phone.status("offline")).toHaveProperty("reason", expect.stringContaining("somewhere else"));
    await access(join(phone.folder, loginFolder));
    await phone.status("online");
    expect(phone.account.statuses.slice(before).map(({ state }) => state)).not.toContain("needs-login");
  });

  it("11: closes the browser when nobody scans, and goes on when an administrator asks", async () => {
    const phone = await phoneWith({ linked: false, timers: { linking: 3_000 } });
    phone.account.start();
    await until("it waits", () => phone.link().look().phase === "waiting");
    expect(phone.account.statuses.at(-1)).toEqual({ state: "needs-login", reason: "Nobody scanned the code." });
    await until("the browser is closed", async () => (await browsersIn(phone.folder)).length === 0);
    await phone.link().reconnect();
    await codeOf(phone);
    phone.whatsapp.scan("a", ours);
    await phone.status("online");
  });

  it("12: the browser dies with its process, and the account comes back", async () => {
    const phone = await phoneWith();
    await phone.online();
    const [child] = await childrenOf(process.pid, "session.worker");
    const browser = await browserOf(phone);
    process.kill(child ?? 0, "SIGKILL");
    await phone.status("offline");
    await phone.status("online");
    expect(await browsersIn(phone.folder)).not.toContain(browser);
  });

  it("13: waits while another browser runs on the same login, and starts when that is gone", async () => {
    const phone = await phoneWith();
    const profile = `--user-data-dir=${join(phone.folder, loginFolder)}`;
    const other = spawn("/usr/bin/chromium", ["--headless", "--no-sandbox", ...onlyLoopback, profile, "about:blank"], {
      stdio: "ignore",
      detached: true,
    });
    await until("the other browser holds the login", () =>
      readlink(join(phone.folder, loginFolder, "SingletonLock")).catch(() => undefined),
    );
    phone.account.start();
    expect(await phone.status("offline")).toHaveProperty("reason", expect.stringContaining("already running"));
    process.kill(-(other.pid ?? 0), "SIGKILL");
    await phone.status("online");
  });

  it("14: believes a phone number from WhatsApp's own pair only", async () => {
    const phone = await phoneWith();
    await phone.online();
    phone.whatsapp.registered.set("77665544332211@lid", null);
    phone.whatsapp.receive("a", { chat: "77665544332211@lid", body: "kdo jsem" });
    const { from } = await phone.message("kdo jsem");
    expect(from.addresses).toEqual([{ kind: "wa_lid", value: "77665544332211" }]);
  });

  it("15: refuses a reply to a message that is not there, instead of sending it as no reply", async () => {
    const phone = await phoneWith();
    await phone.online();
    const replyTo = "in/phone:420777123456/NOPE" as Outbound["replyTo"];
    const failure = await failureOf(phone.account.send(phone.letter("re", replyTo && { replyTo })));
    expect(failure).toMatchObject({ code: "rejected" });
    expect(phone.whatsapp.sent).toEqual([]);
  });

  it("16: sends without marking the chat as read, so a broken mark-as-read stops no message", async () => {
    const phone = await phoneWith();
    await phone.online();
    phone.whatsapp.next(({ op }: Op) => op === "seen", {
      throw: "Cannot read properties of undefined (reading 'markedUnread')",
    });
    await phone.account.send(phone.letter("dojdu"));
    expect(phone.whatsapp.ops.map(({ op }) => op)).not.toContain("seen");
    const failure = await failureOf(
      phone.account.connection.markRead?.(phone.letter("").thread, "in/phone:1/2" as never) ?? Promise.resolve(),
    );
    expect(failure).toHaveProperty("code", "rejected");
    await phone.account.send(phone.letter("dojdu taky"));
  });
});

describe("beyond the known faults", () => {
  it("logs a phone with another number out again and waits for the administrator", async () => {
    const phone = await phoneWith({ linked: false });
    phone.account.start();
    await codeOf(phone);
    phone.whatsapp.scan("a", "420799999999");
    await until("it waits", () => phone.link().look().phase === "waiting");
    expect(phone.link().look().says).toContain("+420799999999");
    expect(phone.whatsapp.ops.map(({ op }) => op)).toContain("logout");
    await until("its login is deleted", () =>
      access(join(phone.folder, loginFolder)).then(
        () => false,
        () => true,
      ),
    );
  });

  it("starts anew at once when an administrator asks, with the login it has", async () => {
    const phone = await phoneWith();
    await phone.online();
    const before = phone.account.statuses.length;
    const browser = await browserOf(phone);
    await phone.link().reconnect();
    await phone.status("online");
    expect(await browsersIn(phone.folder)).not.toContain(browser);
    expect(phone.account.statuses.slice(before).map(({ state }) => state)).not.toContain("offline");
  });

  it("reaches nobody but this machine in these tests, and says so when there is no page to be had", async () => {
    const phone = await phoneWith();
    await rm(join(phone.folder, "page.html"));
    phone.account.start();
    expect(await phone.status("offline")).toHaveProperty("reason", expect.stringContaining("ERR_NAME_NOT_RESOLVED"));
  });

  it("says which package is missing when there is no browser", async () => {
    const phone = await phoneWith({ browser: { path: "/nowhere/chromium", flags: [] } });
    phone.account.start();
    expect(await phone.status("offline")).toHaveProperty("reason", expect.stringContaining("/nowhere/chromium"));
  });

  it("waits for the answer to a message that is on its way, and learns of it later", async () => {
    const phone = await phoneWith({ timers: { send: 1_500 } });
    await phone.online();
    phone.whatsapp.next(({ op }: Op) => op === "send", "silence");
    const letter = phone.letter("bez potvrzení");
    expect(await failureOf(phone.account.send(letter))).toMatchObject({ code: "uncertain" });
    phone.whatsapp.tell("a", { ev: "ack", id: phone.whatsapp.sent.at(-1)?.id ?? "", ack: 1 });
    await until("the receipt by our own key", () =>
      phone.account.kept.some(
        ({ event }) => event.type === "receipt" && String(event.id) === letter.key && event.state === "sent",
      ),
    );
  });
});

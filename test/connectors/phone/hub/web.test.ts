import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ChannelAccountView } from "#wire";
import { temporaryFolder } from "../../../support/database.ts";
import { type HubProcess, startHub } from "../../../support/hub.ts";
import { launch } from "../../../web/support/browser.ts";
import { voiceArgs } from "../../../web/support/fake-phone.ts";
import { heardBy, wiretap } from "../../../web/support/hearing.ts";
import { openChat, say } from "../../../web/visitor/browser.ts";
import { buildWidget } from "../../../web/visitor/host.ts";
import { openWebPeer } from "../media/peers.ts";
import { pcmWav, purity, sine } from "../media/sound.ts";
import { openSide } from "../sip/pair.ts";
import { type PhoneAgent, phoneAgent } from "./agent.ts";

/** A visitor of a web page calls the line from the browser; both ends are WebRTC peers of another make. */
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: HubProcess;
let admin: PhoneAgent;
let account: string;
/** Calls of earlier tests. */
const known = new Set<string>();
let browser: Browser | undefined;
let widget: Awaited<ReturnType<typeof buildWidget>> | undefined;
let dir = "";
let agent: Awaited<ReturnType<PhoneAgent["startPhone"]>> | undefined;
const sockets: Socket[] = [];

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), "linka-visitor-"));
  folder = await temporaryFolder();
  const probe = await openSide({});
  await probe.stop();
  hub = await startHub({ dataDir: folder.path });
  admin = await phoneAgent({ url: hub.url, dataDir: folder.path, email: "anna@linka.example" });
  const made = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", {
    tenantId: admin.boot.tenants[0]?.id ?? "",
    kind: "phone",
    name: "Linka",
    queueId: null,
    enabled: true,
    config: { listenPort: probe.port, rtpFrom: 40_000, rtpTo: 41_998, webCalls: true, wrapUpSeconds: 0 },
  });
  account = made.id;
  await vi.waitFor(
    async () => {
      const { channels } = await admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
      const own = channels.find(({ id }) => id === account);
      if (own?.state !== "online") throw new Error(`the line is ${own?.state}: ${own?.stateText}\n${hub.output()}`);
    },
    { timeout: 20_000, interval: 100 },
  );
}, 90_000);
afterAll(async () => {
  await browser?.close();
  await widget?.remove();
  await rm(dir, { recursive: true, force: true });
  for (const socket of sockets) socket.close();
  admin?.leave();
  await hub?.kill("SIGKILL");
  await folder?.remove();
});

/** A page with the widget: its socket to the line, and what it was told. */
const visit = async () => {
  const socket = io(`${hub.url}/visitor`, {
    transports: ["websocket"],
    forceNew: true,
    auth: { account },
    extraHeaders: { origin: hub.url },
  });
  sockets.push(socket);
  const states: string[] = [];
  socket.on("state", ({ state }: { state: string }) => void states.push(state));
  await new Promise<void>((done, fail) => {
    socket.once("connect", done);
    socket.once("connect_error", fail);
  });
  return {
    socket,
    states,
    ask: async <T>(event: string, payload: object): Promise<T> => {
      const answer = (await socket.timeout(20_000).emitWithAck("ask", event, payload)) as {
        ok: boolean;
        value: T;
        refusal?: { code: string; says: string };
      };
      if (!answer.ok) throw new Error(`${answer.refusal?.code}: ${answer.refusal?.says}`);
      return answer.value;
    },
  };
};

test("a visitor calls from the page, an agent answers, both hear each other, and the visitor is known", async () => {
  agent = await admin.startPhone();
  const sound = agent;
  await admin.ask("phone.ready", { ready: true });
  const page = await visit();
  const session = "0123456789abcdefghijkl";
  const { sdp } = await page.ask<{ sdp: string }>("call", { account, session });
  const visitor = await openWebPeer(sdp);
  try {
    await page.ask("answer", { sdp: visitor.answer });
    const offered = await admin.sees("an offer", ({ state }) => state === "ringing");
    known.add(offered.callId);
    await admin.ask("phone.command", { name: "answer", callId: offered.callId });
    await admin.sees("the call", ({ state, callId }) => state === "active" && callId === offered.callId);
    visitor.say(sine({ hertz: 440, seconds: 1 }));
    sound.say(sine({ hertz: 1_000, seconds: 1 }));
    await Promise.all([visitor.hears(12_000), sound.hears(12_000)]);
    const heard = await Promise.all([visitor.hears(4_096), sound.hears(4_096)]);
    expect(heard.map(purity).map(({ hertz, aboveNextDb }) => [Math.round(hertz / 10) * 10, aboveNextDb > 25])).toEqual([
      [1_000, true],
      [440, true],
    ]);
    const stored = await admin.sees("its case", ({ conversationId }) => conversationId !== null);
    const detail = await admin.ask("conversation.open", { id: stored.conversationId ?? "" });
    expect(detail.contact.identities.map(({ kind }) => kind)).toEqual(["visitor"]);
    await page.ask("hangup", {});
    await admin.hears("phone.ended", ({ callId }) => callId === offered.callId);
    expect(page.states).toEqual(["ringing", "talking", "ended"]);
  } finally {
    await visitor.close();
  }
});

test("in the chat widget one button calls, and who called is who wrote", async () => {
  const rate = 48_000;
  const samples = Int16Array.from({ length: rate * 5 }, (_, at) => 12_000 * Math.sin((2 * Math.PI * 600 * at) / rate));
  const voice = path.join(dir, "visitor.wav");
  await writeFile(voice, pcmWav({ rate, channels: 1, samples }));
  [widget, browser] = await Promise.all([
    buildWidget(),
    launch([...voiceArgs(voice), "--disable-features=LocalNetworkAccessChecks"]),
  ]);
  const { dir: built } = widget;
  const chat = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", {
    tenantId: admin.boot.tenants[0]?.id ?? "",
    kind: "chat",
    name: "Web",
    queueId: null,
    enabled: true,
    config: { callLine: account },
  });
  const context = await browser.newContext({ locale: "cs-CZ", viewport: { width: 1_100, height: 800 } });
  await context.grantPermissions(["microphone"], { origin: hub.url });
  await context.addInitScript(wiretap);
  const shop = `<!doctype html><title>Shop</title><script src="/widget/loader.js" data-account="${chat.id}" data-lang="cs" defer></script>`;
  await context.route(
    (url) => url.origin === hub.url && /^\/(?:shop|widget)/.test(url.pathname),
    (route) => {
      const { pathname } = new URL(route.request().url());
      return pathname === "/shop"
        ? route.fulfill({ body: shop, contentType: "text/html" })
        : route.fulfill({ path: path.join(built, pathname.slice("/widget/".length)) });
    },
  );
  const { page, frame } = await openChat(context, `${hub.url}/shop`);
  await frame.waitForSelector(".composer textarea");
  await say(frame, "Dobrý den, radši zavolám.");
  await frame.getByRole("button", { name: "Zavolat nám" }).click();
  const offered = await admin.sees("an offer", ({ state, callId }) => state === "ringing" && !known.has(callId));
  known.add(offered.callId);
  await admin.ask("phone.command", { name: "answer", callId: offered.callId });
  await frame.getByText("Jste na lince").waitFor();
  if (process.env["SCREENS"] !== undefined)
    await page.screenshot({ path: path.join(process.env["SCREENS"], "phone-widget.png") });
  const { conversationId } = await admin.sees(
    "its case",
    (call) => call.callId === offered.callId && call.conversationId !== null,
  );
  const { contact } = await admin.ask("conversation.open", { id: conversationId ?? "" });
  expect(contact.conversations.length).toBe(2);
  const heard = await heardBy(frame);
  expect([Math.round(heard.hertz / 10) * 10, heard.aboveNextDb > 25]).toEqual([1_000, true]);
  expect(Math.round(purity(await agent!.hears(4_096)).hertz / 10) * 10).toBe(600);
  await frame.getByRole("button", { name: "Zavěsit" }).click();
  await frame.getByText("Hovor skončil.").waitFor();
  await admin.hears("phone.ended", ({ callId }) => callId === offered.callId);
}, 60_000);

test("a visitor who closes the page has hung up, and who calls in a loop is stopped", async () => {
  const page = await visit();
  const { sdp } = await page.ask<{ sdp: string }>("call", {});
  const visitor = await openWebPeer(sdp);
  try {
    await page.ask("answer", { sdp: visitor.answer });
    const offered = await admin.sees("an offer", ({ state, callId }) => state === "ringing" && !known.has(callId));
    page.socket.close();
    await admin.hears("phone.ended", ({ callId }) => callId === offered.callId);
  } finally {
    await visitor.close();
  }
  const pages = await Promise.all(Array.from({ length: 7 }, visit));
  const answers = await Promise.allSettled(pages.map(({ ask }) => ask("call", {})));
  expect(answers.filter(({ status }) => status === "rejected").length).toBeGreaterThan(0);
  expect(String((answers.find(({ status }) => status === "rejected") as PromiseRejectedResult).reason)).toContain(
    "busy",
  );
});

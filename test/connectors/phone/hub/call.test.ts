import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ChannelAccountView } from "#wire";
import { temporaryFolder } from "../../../support/database.ts";
import { type HubProcess, startHub } from "../../../support/hub.ts";
import { openRtpPeer, type RtpPeer } from "../media/peers.ts";
import { purity, sine } from "../media/sound.ts";
import { follow, openSide, type Side } from "../sip/pair.ts";
import { type PhoneAgent, phoneAgent } from "./agent.ts";

/** A real hub with its demo; customers are SIP phones of our own, agents WebRTC peers of another make. */
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: HubProcess;
let admin: PhoneAgent;
let side: Side;
let port: number;
let tenantId: string;
const phones: RtpPeer[] = [];

/** A port nothing listens on now. */
const freePort = async (): Promise<number> => {
  const probe = await openSide({});
  await probe.stop();
  return probe.port;
};

beforeAll(async () => {
  folder = await temporaryFolder();
  [hub, port, side] = await Promise.all([startHub({ dataDir: folder.path }), freePort(), openSide({})]);
  admin = await phoneAgent({ url: hub.url, dataDir: folder.path, email: "anna@linka.example" });
  tenantId = admin.boot.tenants[0]?.id ?? "";
  const made = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", {
    tenantId,
    kind: "phone",
    name: "Linka",
    queueId: null,
    enabled: true,
    config: { listenPort: port, sources: ["127.0.0.1"], rtpFrom: 40_000, rtpTo: 41_998, notice: "", wrapUpSeconds: 30 },
  });
  await vi.waitFor(
    async () => {
      const { channels } = await admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
      const own = channels.find(({ id }) => id === made.id);
      if (own?.state !== "online") throw new Error(`the line is ${own?.state}: ${own?.stateText}\n${hub.output()}`);
    },
    { timeout: 20_000, interval: 100 },
  );
}, 90_000);
afterAll(async () => {
  admin?.leave();
  await Promise.all(phones.map((phone) => phone.close()));
  await side?.stop();
  await hub?.kill("SIGKILL");
  await folder?.remove();
});

/** Calls the hub as a customer with a phone. */
const ring = async (number = "+420777123456") => {
  const phone = await openRtpPeer();
  phones.push(phone);
  const sdp = `v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${phone.port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n`;
  const call = side.ua.invite({ target: `sip:800@127.0.0.1:${port}`, sdp, from: { number, display: "Jan Novák" } });
  const heard = follow(call);
  const answered = await heard.until("answered");
  phone.connect(Number(/m=audio (\d+)/.exec(answered.sdp)?.[1]));
  return { call, heard, phone };
};

test("a customer calls, an agent answers in the browser, both hear each other, and the call is one conversation", async () => {
  const sound = await admin.startPhone();
  await admin.ask("phone.ready", { ready: true });
  const { call, phone } = await ring();
  const offered = await admin.sees("an offer", ({ state }) => state === "ringing");
  expect(offered).toMatchObject({ direction: "in", number: "+420777123456", display: "Jan Novák", tenantId });
  await admin.ask("phone.command", { name: "answer", callId: offered.callId });
  await admin.sees("the call", ({ state, callId }) => state === "active" && callId === offered.callId);
  phone.say(sine({ hertz: 440, seconds: 6 }));
  sound.say(sine({ hertz: 1_000, seconds: 6 }));
  expect(purity(await sound.hears(12_000)).hertz).toBeCloseTo(440, -1);
  expect(purity(await phone.hears(12_000)).hertz).toBeCloseTo(1_000, -1);

  const stored = await admin.sees(
    "its conversation",
    ({ conversationId, callId }) => conversationId !== null && callId === offered.callId,
  );
  call.hangup();
  await admin.sees("wrap-up", ({ state, callId }) => state === "wrapup" && callId === offered.callId);
  await admin.ask("phone.command", {
    name: "wrapUp",
    callId: offered.callId,
    disposition: "done",
    note: "Vše vyřízeno",
  });
  await admin.hears("phone.ended", ({ callId }) => callId === offered.callId);
  await expect
    .poll(
      async () => {
        const detail = await admin.ask("conversation.open", { id: stored.conversationId ?? "" });
        const card = detail.messages.find(({ kind }) => kind === "call");
        return {
          kind: detail.row.lastKind,
          name: detail.contact.name,
          assignee: detail.row.assigneeId,
          ...card?.detail,
        };
      },
      { timeout: 20_000 },
    )
    .toMatchObject({
      kind: "phone",
      name: "Jan Novák",
      assignee: admin.boot.me.id,
      state: "ended",
      outcome: "answered",
      missed: false,
      agentId: admin.boot.me.id,
      note: "Vše vyřízeno",
    });
}, 60_000);

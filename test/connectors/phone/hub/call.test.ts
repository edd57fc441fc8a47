import { afterAll, beforeAll, expect, test } from "vitest";
import type { PhoneCall } from "#wire";
import { openRtpPeer, type RtpPeer } from "../media/peers.ts";
import { purity, sine } from "../media/sound.ts";
import { follow, openSide, type Side } from "../sip/pair.ts";
import type { PhoneAgent } from "./agent.ts";
import { openLine, type PhoneLine } from "./line.ts";

/** A real hub with its demo; customers are SIP phones of our own, agents WebRTC peers of another make. */
let line: PhoneLine;
let anna: PhoneAgent;
let side: Side;
const phones: RtpPeer[] = [];

beforeAll(async () => {
  [line, side] = await Promise.all([openLine({ wrapUpSeconds: 0, ringSeconds: 5 }), openSide({})]);
  anna = line.admin;
}, 90_000);
afterAll(async () => {
  await Promise.all(phones.map((phone) => phone.close()));
  await side?.stop();
  await line?.stop();
});

/** Calls the hub as a customer with a phone. */
const ring = async (number = "+420777123456") => {
  const phone = await openRtpPeer();
  phones.push(phone);
  const sdp = `v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${phone.port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n`;
  const anonymous = number === "";
  const call = side.ua.invite({
    target: `sip:800@127.0.0.1:${line.port}`,
    sdp,
    from: { number, display: "Jan Novák" },
    anonymous,
  });
  const heard = follow(call);
  const answered = await heard.until("answered");
  phone.connect(Number(/m=audio (\d+)/.exec(answered.sdp)?.[1]));
  return { call, heard, phone };
};

/** The card of the call in its conversation, once it says what is wanted. */
const card = (call: PhoneCall, wanted: Readonly<Record<string, unknown>>, agent: PhoneAgent = anna) =>
  expect
    .poll(
      async () => {
        const detail = await agent.ask("conversation.open", { id: call.conversationId ?? "" });
        await agent.ask("conversation.close", { id: call.conversationId ?? "" });
        const message = detail.messages.find(({ kind }) => kind === "call");
        return { row: detail.row, contact: detail.contact, ...message?.detail };
      },
      { timeout: 20_000, interval: 100 },
    )
    .toMatchObject(wanted);
const stored = (agent: PhoneAgent, { callId }: PhoneCall): Promise<PhoneCall> =>
  agent.sees("its conversation", (call) => call.conversationId !== null && call.callId === callId);

test(
  "a customer calls, an agent answers, both hear each other, and the call is one conversation",
  { timeout: 60_000 },
  async () => {
    const sound = await anna.startPhone();
    await anna.ask("phone.ready", { ready: true });
    const { call, phone } = await ring();
    const offered = await anna.sees("an offer", ({ state }) => state === "ringing");
    expect(offered).toMatchObject({ direction: "in", number: "+420777123456", display: "Jan Novák" });
    await anna.ask("phone.command", { name: "answer", callId: offered.callId });
    await anna.sees("the call", ({ state, callId }) => state === "active" && callId === offered.callId);
    phone.say(sine({ hertz: 440, seconds: 6 }));
    sound.say(sine({ hertz: 1_000, seconds: 6 }));
    expect(purity(await sound.hears(12_000)).hertz).toBeCloseTo(440, -1);
    expect(purity(await phone.hears(12_000)).hertz).toBeCloseTo(1_000, -1);
    const known = await stored(anna, offered);
    call.hangup();
    await anna.hears("phone.ended", ({ callId }) => callId === offered.callId);
    await card(known, {
      state: "ended",
      outcome: "answered",
      missed: false,
      agentId: anna.boot.me.id,
      row: { lastKind: "phone", assigneeId: anna.boot.me.id, waitingSince: null },
      contact: { name: "Jan Novák", anonymous: false },
    });
  },
);

test(
  "a caller nobody answers leaves a task to call back; a withheld number stays unknown",
  { timeout: 60_000 },
  async () => {
    const { call } = await ring("");
    const offered = await anna.sees("an offer", ({ state, number }) => state === "ringing" && number === null);
    expect(offered.display).toBe("");
    const known = await stored(anna, offered);
    call.hangup();
    await card(known, {
      missed: true,
      outcome: "abandoned",
      anonymous: true,
      contact: { anonymous: true, identities: [] },
      row: { status: "open", waitingSince: expect.any(String) as unknown },
    });
  },
);

test(
  "an agent with a restricted profile is rung and speaks, and never learns the number or the name",
  { timeout: 60_000 },
  async () => {
    await anna.ask("phone.ready", { ready: false });
    const marek = await line.agent("marek@linka.example");
    await marek.startPhone();
    await marek.ask("phone.ready", { ready: true });
    const { call } = await ring("+420777000009");
    const offered = await marek.sees("an offer", ({ state }) => state === "ringing");
    await marek.ask("phone.command", { name: "answer", callId: offered.callId });
    const active = await marek.sees("the call", ({ state }) => state === "active");
    expect(JSON.stringify([offered, active])).not.toMatch(/777000009|Jan/);
    expect(active).toMatchObject({ number: null });
    await expect(
      marek.ask("phone.command", { name: "dial", tenantId: line.tenantId, to: "777123456" }),
    ).rejects.toThrow("forbidden");
    await expect(
      marek.ask("phone.command", {
        name: "transfer",
        callId: offered.callId,
        mode: "blind",
        to: { type: "number", number: "777123456" },
      }),
    ).rejects.toThrow("You may not transfer to a number.");
    call.hangup();
    await marek.hears("phone.ended", ({ callId }) => callId === offered.callId);
    await marek.ask("phone.stop", {});
    await anna.ask("phone.ready", { ready: true });
  },
);

test(
  "an offer that rings out goes on to the next agent, and the first one's desk is set to not ready",
  { timeout: 60_000 },
  async () => {
    const jana = await line.agent("jana@linka.example");
    await jana.startPhone();
    const { call } = await ring("+420777000002");
    const first = await anna.sees("an offer", ({ state, number }) => state === "ringing" && number === "+420777000002");
    await jana.ask("phone.ready", { ready: true });
    expect(await anna.hears("phone.ready", ({ reason }) => reason === "unanswered")).toMatchObject({ ready: false });
    const second = await jana.sees("the offer", ({ state, callId }) => state === "ringing" && callId === first.callId);
    await jana.ask("phone.command", { name: "answer", callId: second.callId });
    await jana.sees("the call", ({ state }) => state === "active");

    // Her browser dies: the caller stays, and the next agent has the call within 15 s.
    await anna.ask("phone.ready", { ready: true });
    const died = performance.now();
    jana.leave();
    await anna.sees(
      "the caller again",
      ({ state, callId, until }) => state === "ringing" && callId === first.callId && until !== first.until,
    );
    expect(performance.now() - died).toBeLessThan(15_000);
    await anna.ask("phone.command", { name: "answer", callId: first.callId });
    await anna.sees("the call", ({ state, callId }) => state === "active" && callId === first.callId);
    call.hangup();
    await anna.hears("phone.ended", ({ callId }) => callId === first.callId);
  },
);

test(
  "a desk that is refreshed is back on its call with sound, and the caller was not queued again",
  { timeout: 60_000 },
  async () => {
    await anna.ask("phone.ready", { ready: true });
    const { call, phone } = await ring("+420777000003");
    const offered = await anna.sees(
      "an offer",
      ({ state, number }) => state === "ringing" && number === "+420777000003",
    );
    await anna.ask("phone.command", { name: "answer", callId: offered.callId });
    await anna.sees("the call", ({ state, callId }) => state === "active" && callId === offered.callId);
    const again = await line.agent("anna@linka.example");
    const sound = await again.startPhone();
    phone.say(sine({ hertz: 440, seconds: 6 }));
    expect(purity(await sound.hears(12_000)).hertz).toBeCloseTo(440, -1);
    await anna.hears("phone.taken", () => true);
    await again.ask("phone.command", { name: "hangup", callId: offered.callId });
    await again.hears("phone.ended", ({ callId }) => callId === offered.callId);
    expect(call.id).not.toBe("");
  },
);

test(
  "a hub that is killed tells the truth when it is back: the call ended, and who waited is called back",
  { timeout: 90_000 },
  async () => {
    const agent = await line.agent("tomas@linka.example");
    await agent.startPhone();
    await agent.ask("phone.ready", { ready: true });
    await ring("+420777000004");
    const offered = await agent.sees(
      "an offer",
      ({ state, number }) => state === "ringing" && number === "+420777000004",
    );
    const known = await stored(agent, offered);
    await line.crash();
    const back = await line.agent("anna@linka.example");
    await card(known, { state: "ended", missed: true, outcome: "abandoned", row: { status: "open" } }, back);
  },
);

import { afterAll, beforeAll, expect, test } from "vitest";
import type { SipCall } from "../../../../connectors/phone/ports.ts";
import { openRtpPeer, type RtpPeer } from "../media/peers.ts";
import { purity, sine } from "../media/sound.ts";
import { follow, openSide, type Side } from "../sip/pair.ts";
import type { PhoneAgent } from "./agent.ts";
import { openLine, type PhoneLine } from "./line.ts";

/** Calls that agents make, hand on and listen to, through a real hub; everybody called is a phone of the test's. */
let line: PhoneLine;
let operator: Side;
let anna: PhoneAgent;
let annaHears: Awaited<ReturnType<PhoneAgent["startPhone"]>>;
const phones: RtpPeer[] = [];

beforeAll(async () => {
  operator = await openSide({});
  line = await openLine({
    server: `127.0.0.1:${operator.port}`,
    callerId: "+420800123456",
    wrapUpSeconds: 0,
    maxDialsPerAgentHour: 5,
  });
  anna = line.admin;
  annaHears = await anna.startPhone();
}, 90_000);
afterAll(async () => {
  await Promise.all(phones.map((phone) => phone.close()));
  await operator?.stop();
  await line?.stop();
});

/** The phone that is called answers, with sound of its own. */
const pickUp = async (call: SipCall): Promise<{ phone: RtpPeer; heard: ReturnType<typeof follow> }> => {
  const phone = await openRtpPeer();
  phones.push(phone);
  const heard = follow(call);
  call.ring();
  call.accept(
    `v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${phone.port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n`,
  );
  phone.connect(Number(/m=audio (\d+)/.exec(call.offer ?? "")?.[1]));
  await heard.until("confirmed");
  return { phone, heard };
};
const dial = async (to: string) => {
  const { callId } = await anna.ask("phone.command", { name: "dial", tenantId: line.tenantId, to });
  const call = await operator.next();
  return { callId: callId ?? "", call };
};

test(
  "an agent calls a customer, is heard and hears, hands the call to a colleague's number, and it is one conversation",
  { timeout: 60_000 },
  async () => {
    const { callId, call } = await dial("777 123 456");
    expect([call.called, call.caller.number]).toEqual(["+420777123456", "+420800123456"]);
    const customer = await pickUp(call);
    await anna.sees("the call", (seen) => seen.callId === callId && seen.state === "active");
    customer.phone.say(sine({ hertz: 440, seconds: 20 }));
    annaHears.say(sine({ hertz: 1_000, seconds: 4 }));
    expect(purity(await annaHears.hears(12_000)).hertz).toBeCloseTo(440, -1);
    expect(purity(await customer.phone.hears(12_000)).hertz).toBeCloseTo(1_000, -1);
    await anna.ask("phone.command", { name: "dtmf", callId, digits: "5" });

    await anna.ask("phone.command", {
      name: "transfer",
      callId,
      mode: "blind",
      to: { type: "number", number: "602000000" },
    });
    const third = await operator.next();
    expect(third.called).toBe("+420602000000");
    const colleague = await pickUp(third);
    await anna.hears("phone.ended", (told) => told["callId"] === callId);
    expect(purity(await colleague.phone.hears(12_000)).hertz).toBeCloseTo(440, -1);
    third.hangup();
    expect(await customer.heard.until("ended")).toMatchObject({ by: "remote" });
    const known = await anna.sees("its conversation", (seen) => seen.callId === callId && seen.conversationId !== null);
    await expect
      .poll(
        async () => {
          const detail = await anna.ask("conversation.open", { id: known.conversationId ?? "" });
          await anna.ask("conversation.close", { id: known.conversationId ?? "" });
          return detail.messages.find(({ kind }) => kind === "call");
        },
        { timeout: 20_000, interval: 100 },
      )
      .toMatchObject({ direction: "out", detail: { state: "ended", outcome: "answered" } });
  },
);

test("a supervisor listens to both and is heard by neither", { timeout: 60_000 }, async () => {
  const petr = await line.agent("petr@linka.example");
  const petrHears = await petr.startPhone();
  const { callId, call } = await dial("777123457");
  const customer = await pickUp(call);
  await anna.sees("the call", (seen) => seen.callId === callId && seen.state === "active");
  await petr.ask("phone.command", { name: "monitor", callId, mode: "listen" });
  customer.phone.say(sine({ hertz: 440, seconds: 20 }));
  petrHears.say(sine({ hertz: 700, seconds: 20 }));
  // The mix of both voices: whichever is louder at the moment, but a voice.
  expect([440, 1_000]).toContain(Math.round(purity(await petrHears.hears(12_000)).hertz / 10) * 10);
  expect(purity(await annaHears.hears(12_000)).hertz).toBeCloseTo(440, -1);
  annaHears.say(sine({ hertz: 1_000, seconds: 6 }));
  expect(purity(await customer.phone.hears(12_000)).hertz).toBeCloseTo(1_000, -1);
  await anna.ask("phone.command", { name: "hangup", callId });
  await petr.hears("phone.ended", (told) => told["callId"] === callId);
});

test(
  "a call handed on to a queue waits there with music, and its conversation is the queue's",
  { timeout: 60_000 },
  async () => {
    const [queue] = anna.boot.queues.filter(({ tenantId }) => tenantId === line.tenantId);
    const { callId, call } = await dial("777123459");
    const customer = await pickUp(call);
    await anna.sees("the call", (seen) => seen.callId === callId && seen.state === "active");
    const known = await anna.sees("its conversation", (seen) => seen.callId === callId && seen.conversationId !== null);
    const to = { type: "queue" as const, id: queue?.id ?? "" };
    await anna.ask("phone.command", { name: "transfer", callId, mode: "blind", to });
    await anna.hears("phone.ended", (told) => told["callId"] === callId);
    expect((await customer.phone.hears(8_000)).some((sample) => Math.abs(sample) > 500)).toBe(true);
    await expect
      .poll(async () => (await anna.ask("conversation.open", { id: known.conversationId ?? "" })).row.queueId, {
        timeout: 20_000,
        interval: 100,
      })
      .toBe(queue?.id);
    call.hangup();
  },
);

test("premium, foreign and too many calls are refused in words, and nothing is dialled", async () => {
  const refused = (to: string): Promise<string> =>
    anna.ask("phone.command", { name: "dial", tenantId: line.tenantId, to }).then(
      () => "dialled",
      (thrown: unknown) => String(thrown),
    );
  expect(await refused("906123456")).toContain("Premium numbers are not allowed.");
  expect(await refused("+88213123456")).toContain("known for fraud");
  expect(await refused("+421905123456")).toContain("Calls to this country are not allowed.");
  expect(await refused("112")).toContain("Emergency numbers");
  const limit = async (): Promise<string> => {
    for (let calls = 0; calls < 5; calls += 1) {
      const answer = await refused("777123458");
      if (answer !== "dialled") return answer;
      const call = await operator.next();
      follow(call);
      call.reject({ status: 486 });
      await anna.hears("phone.ended", () => true);
      await expect.poll(() => anna.ask("phone.ready", { ready: false }).then(() => true)).toBe(true);
    }
    return "no end";
  };
  expect(await limit()).toContain("Your limit of calls in an hour is reached.");
});

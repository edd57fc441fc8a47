import { afterEach, expect, test } from "vitest";
import { connected, follow, openSide, sdp, type Side } from "./pair.ts";

const sides: Side[] = [];
const open = async (input: Parameters<typeof openSide>[0]): Promise<Side> => {
  const side = await openSide(input);
  sides.push(side);
  return side;
};
afterEach(async () => {
  await Promise.all(sides.splice(0).map((side) => side.stop()));
});
const uriOf = (side: Side, params = ""): string => `sip:800@127.0.0.1:${side.port}${params}`;

for (const [proto, params] of [
  ["UDP", ""],
  ["TCP", ";transport=tcp"],
] as const)
  test(`a call over ${proto} rings, is answered, and ends when the caller hangs up`, async () => {
    const [caller, hub] = [await open({ proto }), await open({ proto })];
    const { ours, theirs, out, inn } = await connected(caller, hub, uriOf(hub, params));
    expect(theirs.caller).toEqual({ number: "+420777000001", display: "Jan Novák" });
    expect(theirs.called).toBe("800");
    expect(theirs.offer).toContain("m=audio 4000");
    ours.hangup();
    expect(await inn.until("ended")).toMatchObject({ by: "remote" });
    expect(await out.until("ended")).toMatchObject({ by: "local" });
  });

test("a call over IPv6 is the same call", async () => {
  const [caller, hub] = [await open({ host: "::1" }), await open({ host: "::1" })];
  const { theirs, out } = await connected(caller, hub, `sip:800@[::1]:${hub.port}`);
  theirs.hangup("done");
  expect(await out.until("ended")).toMatchObject({ by: "remote", reason: "done" });
});

test("a caller who gives up while it rings is told to have cancelled, and nothing is left ringing", async () => {
  const [caller, hub] = [await open({}), await open({})];
  const ours = caller.ua.invite({ target: uriOf(hub), sdp: sdp(), from: { number: "1" } });
  const out = follow(ours);
  const theirs = await hub.next();
  const inn = follow(theirs);
  theirs.ring();
  await out.until("ringing");
  ours.hangup();
  expect(await inn.until("ended")).toMatchObject({ by: "remote", reason: "cancelled" });
  expect(await out.until("ended")).toMatchObject({ by: "local" });
});

test("an answer that crosses the caller's cancel ends the call on both sides", async () => {
  const [caller, hub] = [await open({}), await open({})];
  const ours = caller.ua.invite({ target: uriOf(hub), sdp: sdp(), from: { number: "1" } });
  const out = follow(ours);
  const theirs = await hub.next();
  const inn = follow(theirs);
  // Before anything provisional reached the caller: its CANCEL has to wait, the 200 wins.
  ours.hangup();
  theirs.accept(sdp());
  expect(await out.until("ended")).toMatchObject({ by: "local" });
  expect(await inn.until("ended")).toMatchObject({ by: "remote" });
});

test("a refused call says with what", async () => {
  const [caller, hub] = [await open({}), await open({})];
  const out = follow(caller.ua.invite({ target: uriOf(hub), sdp: sdp(), from: { number: "1" } }));
  const theirs = await hub.next();
  follow(theirs);
  theirs.reject({ status: 486 });
  expect(await out.until("failed")).toMatchObject({ status: 486, reason: "Busy Here" });
});

test("putting a caller on hold and back is one offer and one answer each", async () => {
  const [caller, hub] = [await open({}), await open({})];
  const { ours, theirs } = await connected(caller, hub, uriOf(hub));
  const offers: (string | undefined)[] = [];
  ours.onEvent((event) => {
    if (event.type !== "reoffer") return;
    offers.push(event.sdp);
    event.answer(sdp(4000, "recvonly"));
  });
  expect(await theirs.reinvite(sdp(5000, "sendonly"))).toContain("recvonly");
  expect(offers[0]).toContain("sendonly");
});

test("when both sides change the call at once, both changes succeed one after the other", async () => {
  const [caller, hub] = [await open({}), await open({})];
  const { ours, theirs } = await connected(caller, hub, uriOf(hub));
  for (const call of [ours, theirs])
    call.onEvent((event) => {
      if (event.type === "reoffer") event.answer(sdp(6000, "recvonly"));
    });
  const answers = await Promise.all([ours.reinvite(sdp(4000, "sendonly")), theirs.reinvite(sdp(5000, "sendonly"))]);
  expect(answers.every((answer) => answer.includes("recvonly"))).toBe(true);
});

test("a change that the other side cannot take leaves the call as it was", async () => {
  const [caller, hub] = [await open({}), await open({})];
  const { ours, theirs, inn } = await connected(caller, hub, uriOf(hub));
  ours.onEvent((event) => {
    if (event.type === "reoffer") event.answer(undefined);
  });
  await expect(theirs.reinvite(sdp())).rejects.toThrow("488");
  expect(inn.types()).not.toContain("ended");
});

test("keys pressed come over INFO", async () => {
  const [caller, hub] = [await open({}), await open({})];
  const { ours, inn } = await connected(caller, hub, uriOf(hub));
  await ours.info("7");
  expect(await inn.until("digit")).toMatchObject({ digit: "7", durationMs: 160 });
});

test("a transfer by REFER is accepted and its progress told until it is final", async () => {
  const [caller, hub] = [await open({}), await open({})];
  const { ours, theirs, inn } = await connected(caller, hub, uriOf(hub));
  ours.onEvent((event) => {
    if (event.type !== "refer") return;
    expect(event.target).toBe("sip:801@127.0.0.1");
    event.accept();
    event.progress(200);
  });
  expect(await theirs.refer("sip:801@127.0.0.1")).toEqual({ status: 202 });
  expect(await inn.until("referred")).toMatchObject({ status: 200 });
});

test("a stopping hub hangs up what runs", async () => {
  const [caller, hub] = [await open({}), await open({})];
  const { out } = await connected(caller, hub, uriOf(hub));
  await hub.ua.stop();
  expect(await out.until("ended")).toMatchObject({ by: "remote", reason: "the hub stops" });
});

test("a caller who withholds the number is anonymous although the trunk tells it", async () => {
  const [caller, hub] = [await open({}), await open({})];
  follow(caller.ua.invite({ target: uriOf(hub), sdp: sdp(), from: { number: "+420777000001" }, anonymous: true }));
  const theirs = await hub.next();
  expect(theirs.caller).toEqual({ number: undefined, display: "" });
});

test("a number that is not one of the trunk's is not found", async () => {
  const [caller, hub] = [await open({}), await open({ trunk: { owns: (called) => called === "112" } })];
  const out = follow(caller.ua.invite({ target: uriOf(hub), sdp: sdp(), from: { number: "1" } }));
  expect(await out.until("failed")).toMatchObject({ status: 404 });
});

test("more calls than the trunk allows are told to come again", async () => {
  const [caller, hub] = [await open({}), await open({ trunk: { most: 1 } })];
  await connected(caller, hub, uriOf(hub));
  const out = follow(caller.ua.invite({ target: uriOf(hub), sdp: sdp(), from: { number: "2" } }));
  expect(await out.until("failed")).toMatchObject({ status: 503 });
});

test("a name that does not exist fails the call instead of hanging it", async () => {
  const caller = await open({ trunk: { sources: () => false } });
  const out = follow(caller.ua.invite({ target: "sip:1@no-such-host.invalid", sdp: sdp(), from: { number: "1" } }));
  expect(await out.until("failed")).toMatchObject({ status: 503 });
});

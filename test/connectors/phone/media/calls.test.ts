import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { leftBehind } from "../../../../connectors/phone/media/index.ts";
import { digitPackets } from "../../../../connectors/phone/media/digits.ts";
import { writeRtp } from "../../../../connectors/phone/media/rtp.ts";
import { makeSrtpReceiver, makeSrtpSender, newSrtpKey } from "../../../../connectors/phone/media/srtp.ts";
import { MediaGone } from "../../../../connectors/phone/ports.ts";
import { openRtpPeer, type RtpPeer } from "./peers.ts";
import { purity, sides, sine } from "./sound.ts";
import { agreed, openStage, type Stage } from "./stage.ts";

let stage: Stage;
const peers: RtpPeer[] = [];
beforeEach(async () => {
  stage = await openStage();
});
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
  await stage.close();
});

/** A party that says a tone; heard through plain RTP. */
const join = async (
  leg: string,
  hertz: number,
  options: Parameters<typeof openRtpPeer>[0] & { level?: number } = {},
): Promise<RtpPeer> => {
  const peer = await openRtpPeer(options);
  peers.push(peer);
  peer.say(sine({ hertz, seconds: 1, level: options.level ?? 0.5 }));
  const { port } = await stage.media.openTrunkLeg({ leg, family: 4 });
  peer.connect(port);
  await stage.media.connectTrunkLeg({ leg, audio: agreed(peer.port, { law: options.law ?? "PCMA" }) });
  return peer;
};
const tone = async (peer: RtpPeer): Promise<{ readonly hertz: number; readonly clean: boolean }> => {
  await peer.hears(1_600);
  const heard = purity(await peer.hears(4_096));
  return { hertz: Math.round(heard.hertz / 10) * 10, clean: heard.aboveNextDb > 25 };
};

describe("two on a call", () => {
  test("a caller with mu-law and one with A-law hear each other clean", async () => {
    const [us, eu] = [await join("us", 600, { law: "PCMU" }), await join("eu", 900)];
    await stage.media.hear({ leg: "us", from: ["eu"] });
    await stage.media.hear({ leg: "eu", from: ["us"] });
    expect(await Promise.all([tone(us), tone(eu)])).toEqual([
      { hertz: 900, clean: true },
      { hertz: 600, clean: true },
    ]);
    expect(us.packets.every(({ payloadType }) => payloadType === 0)).toBe(true);
  });

  test("on hold the caller hears music, and afterwards the agent again, in one stream", async () => {
    const [caller] = [await join("caller", 600), await join("agent", 900)];
    await stage.media.loadPrompt({ prompt: "tone", source: { builtin: "beep" } });
    await stage.media.hear({ leg: "caller", from: ["agent"] });
    expect(await tone(caller)).toEqual({ hertz: 900, clean: true });
    const music = stage.media.play({ leg: "caller", prompt: "tone", loop: true });
    expect(await tone(caller)).toEqual({ hertz: 1_400, clean: true });
    await stage.media.stopPlay("caller");
    expect(await music).toBe(false);
    expect(await tone(caller)).toEqual({ hertz: 900, clean: true });
    expect(new Set(caller.packets.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(caller.packets.filter(({ marker }) => marker).length).toBeGreaterThanOrEqual(3);
  });

  test("a prompt that ran to its end says so, and one whose caller hung up says it did not", async () => {
    await join("caller", 600);
    await stage.media.loadPrompt({ prompt: "beep", source: { builtin: "beep" } });
    expect(await stage.media.play({ leg: "caller", prompt: "beep" })).toBe(true);
    const cut = stage.media.play({ leg: "caller", prompt: "beep", loop: true });
    await stage.media.closeLeg("caller");
    expect(await cut).toBe(false);
    await expect(stage.media.hear({ leg: "caller", from: [] })).rejects.toThrow(MediaGone);
  });

  test("keys pass both ways inside the audio", async () => {
    const caller = await join("caller", 600);
    digitPackets("7").forEach(({ payload, first }, at) =>
      caller.raw(
        writeRtp({ payloadType: 101, marker: first, sequence: 30_000 + at, timestamp: 5_000_000, ssrc: 9, payload }),
      ),
    );
    expect(await stage.event("digit")).toMatchObject({ leg: "caller", digit: "7", durationMs: 160 });
    await stage.media.sendDigits({ leg: "caller", digits: "5#" });
    await expect
      .poll(() => caller.packets.filter(({ payloadType }) => payloadType === 101).length, { timeout: 20_000 })
      .toBe(20);
    const pressed = caller.packets.filter(({ payloadType, marker }) => payloadType === 101 && marker);
    expect(pressed.map(({ payload }) => payload[0])).toEqual([5, 11]);
  });

  test("a trunk with SRTP is heard and hears, and nothing on the wire is in clear", async () => {
    const [ours, theirs] = [newSrtpKey(), newSrtpKey()];
    const secure = await openRtpPeer({ seal: makeSrtpSender(theirs), open: makeSrtpReceiver(ours) });
    peers.push(secure);
    secure.say(sine({ hertz: 700, seconds: 1 }));
    const { port } = await stage.media.openTrunkLeg({ leg: "secure", family: 4 });
    secure.connect(port);
    await stage.media.connectTrunkLeg({ leg: "secure", audio: agreed(secure.port, { srtp: { ours, theirs } }) });
    const plain = await join("plain", 900);
    await stage.media.hear({ leg: "secure", from: ["plain"] });
    await stage.media.hear({ leg: "plain", from: ["secure"] });
    expect(await Promise.all([tone(secure), tone(plain)])).toEqual([
      { hertz: 900, clean: true },
      { hertz: 700, clean: true },
    ]);
  });
});

describe("more than two", () => {
  test("in a conference each hears the others and not itself; who only listens is not heard", async () => {
    const a = await join("a", 500, { level: 0.25 });
    const b = await join("b", 900, { level: 0.25 });
    const supervisor = await join("s", 2_000);
    await stage.media.hear({ leg: "a", from: ["b"] });
    await stage.media.hear({ leg: "b", from: ["a", "s"] });
    await stage.media.hear({ leg: "s", from: ["a", "b"] });
    await supervisor.hears(4_096);
    const [atA, atB, atS] = await Promise.all([a.hears(4_096), b.hears(4_096), supervisor.hears(4_096)]);
    expect(purity(atA).hertz).toBeCloseTo(900, -1);
    expect(purity(atA).aboveNextDb).toBeGreaterThan(25);
    // Whispered at full level over the customer at a quarter: the loudest is the supervisor.
    expect(purity(atB).hertz).toBeCloseTo(2_000, -1);
    const both = purity(atS);
    expect([500, 900]).toContain(Math.round(both.hertz / 10) * 10);
    expect(both.aboveNextDb).toBeLessThan(3);
  });
});

describe("recordings", () => {
  test("what is said during a pause is not in the file, and the pause is marked", async () => {
    const [caller] = [await join("caller", 600), await join("agent", 900)];
    await stage.media.hear({ leg: "caller", from: ["agent"] });
    await stage.media.startRecording({ recording: "r1", leg: "caller" });
    await caller.hears(8_000);
    await stage.media.pauseRecording({ recording: "r1", reason: "card" });
    await caller.hears(8_000);
    await stage.media.resumeRecording("r1");
    await caller.hears(8_000);
    await stage.media.closeLeg("caller");
    const { file, pauses, ms, sha256 } = await stage.event("recorded");
    expect(pauses).toMatchObject([{ reason: "card" }]);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const { left, right } = sides(await readFile(file));
    expect(Math.abs(left.length / 8 - ms)).toBeLessThan(1);
    const [{ fromMs, toMs }] = pauses as unknown as [{ fromMs: number; toMs: number }];
    // A frame that came just before the pause reaches a little into it.
    for (const side of [left, right]) {
      const during = side.subarray((fromMs + 60) * 8, toMs * 8);
      expect(during.every((sample) => Math.abs(sample) <= 8)).toBe(true);
      expect(side.subarray(0, fromMs * 8).some((sample) => Math.abs(sample) > 3_000)).toBe(true);
      expect(side.subarray((toMs + 60) * 8).some((sample) => Math.abs(sample) > 3_000)).toBe(true);
    }
  });

  test("prompts are not recorded as if an agent had said them", async () => {
    await join("caller", 600);
    await stage.media.loadPrompt({ prompt: "beep", source: { builtin: "beep" } });
    await stage.media.startRecording({ recording: "r2", leg: "caller" });
    await stage.media.play({ leg: "caller", prompt: "beep" });
    await stage.media.stopRecording("r2");
    const { file } = await stage.event("recorded");
    const { left, right } = sides(await readFile(file));
    expect(left.some((sample) => Math.abs(sample) > 3_000)).toBe(true);
    expect(right.every((sample) => Math.abs(sample) <= 8)).toBe(true);
  });

  test("after the media process is killed, control hears which calls are lost, the recording plays and new calls work", async () => {
    const [caller] = [await join("caller", 600), await join("agent", 900)];
    await stage.media.loadPrompt({ prompt: "beep", source: { builtin: "beep" } });
    await stage.media.hear({ leg: "caller", from: ["agent"] });
    await stage.media.startRecording({ recording: "r3", leg: "caller" });
    await caller.hears(24_000);
    process.kill(stage.media.pid()!, "SIGKILL");
    const down = await stage.event("down");
    expect([...down.legs].sort()).toEqual(["agent", "caller"]);
    expect(down.recordings).toEqual(["r3"]);
    const [kept] = await leftBehind(stage.dir);
    expect(kept).toMatchObject({ recording: "r3", file: path.join(stage.dir, "r3.wav") });
    expect(kept!.ms).toBeGreaterThan(2_000);
    const { left, right } = sides(await readFile(kept!.file));
    expect(purity(left.subarray(4_000, 8_096)).hertz).toBeCloseTo(600, -1);
    expect(purity(right.subarray(4_000, 8_096)).hertz).toBeCloseTo(900, -1);
    const next = await join("next", 600);
    const beeping = stage.media.play({ leg: "next", prompt: "beep", loop: true });
    expect(await tone(next)).toEqual({ hertz: 1_400, clean: true });
    await stage.media.stopPlay("next");
    await beeping;
  });
});

test("a hub that is killed leaves no media process behind", async () => {
  const hub = fork(new URL("hub.child.ts", import.meta.url), [stage.dir], { execArgv: [] });
  const [media] = await once(hub, "message");
  hub.kill("SIGKILL");
  const alive = (): boolean => {
    try {
      return process.kill(Number(media), 0);
    } catch {
      return false;
    }
  };
  await expect.poll(alive, { timeout: 20_000 }).toBe(false);
});

test("a trunk that goes quiet is reported", async () => {
  const caller = await join("caller", 600);
  await caller.close();
  peers.splice(0);
  expect(await stage.event("silent")).toMatchObject({ leg: "caller" });
});

import { createCipheriv } from "node:crypto";
import { assert, property, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import { digitPackets, type Digit, makeDigitReader } from "../../../../connectors/phone/media/digits.ts";
import { makeLatch } from "../../../../connectors/phone/media/latch.ts";
import { makeLine } from "../../../../connectors/phone/media/line.ts";
import { makeReception } from "../../../../connectors/phone/media/reception.ts";
import { makePlacing } from "../../../../connectors/phone/media/recorder.ts";
import { isRtcp, readRtp, writeRtp } from "../../../../connectors/phone/media/rtp.ts";
import { deriveKeys, makeSrtpReceiver, makeSrtpSender, newSrtpKey } from "../../../../connectors/phone/media/srtp.ts";
import { withPublicAddress } from "../../../../connectors/phone/media/web-leg.ts";
import { quiet } from "./peers.ts";

const packet = (
  sequence: number,
  more: { timestamp?: number; ssrc?: number; payload?: Buffer; payloadType?: number } = {},
) => ({
  payloadType: 8,
  marker: false,
  sequence: sequence & 0xffff,
  timestamp: (sequence * 160) >>> 0,
  ssrc: 1,
  payload: quiet,
  ...more,
});

describe("RTP packets", () => {
  test("what is written is read back", () => {
    const one = packet(65_535, { timestamp: 0xffff_ffff, ssrc: 0xdead_beef });
    expect(readRtp(writeRtp(one))).toEqual(one);
  });

  test("header extension, other sources and padding are no sound", () => {
    const head = Buffer.from("b1880001000000a00000000100000002bede000110ff0000", "hex");
    const datagram = Buffer.concat([head, Buffer.from("d5d5d5", "hex"), Buffer.from("0002", "hex")]);
    expect(readRtp(datagram)?.payload.toString("hex")).toBe("d5d5d5");
  });

  test("RTCP on the same port is not taken for sound", () => {
    const report = Buffer.from("80c9000100000001", "hex");
    expect([isRtcp(report), readRtp(report)]).toEqual([true, null]);
  });

  test("no datagram whatever makes the reader throw or read beyond its end", () => {
    assert(
      property(uint8Array({ maxLength: 64 }), (bytes) => {
        const read = readRtp(Buffer.from(bytes));
        return read === null || read.payload.length <= bytes.length - 12;
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("what was received", () => {
  test("a late packet is counted, a doubled one is not, a missing one is lost", () => {
    const reception = makeReception();
    const taken = [65_534, 65_535, 0x1_0001, 0x1_0000, 0x1_0000, 0x1_0003].map((sequence, at) =>
      reception.note(packet(sequence), at * 20),
    );
    expect(taken).toEqual([true, true, true, true, false, true]);
    expect(reception.stats()).toMatchObject({ received: 5, lost: 1 });
  });

  test("a source that begins anew is no loss", () => {
    const reception = makeReception();
    for (let at = 0; at < 10; at++) reception.note(packet(at), at * 20);
    for (let at = 0; at < 10; at++) reception.note(packet(40_000 + at, { ssrc: 2 }), 200 + at * 20);
    expect(reception.stats()).toMatchObject({ received: 20, lost: 0 });
  });

  test("packets on time have no jitter, packets alternately 10 ms late approach 10 ms", () => {
    const [even, uneven] = [makeReception(), makeReception()];
    for (let at = 0; at < 500; at++) {
      even.note(packet(at), at * 20);
      uneven.note(packet(at), at * 20 + (at % 2) * 10);
    }
    expect(even.stats().jitterMs).toBeLessThan(0.01);
    expect(uneven.stats().jitterMs).toBeCloseTo(10, 0);
  });
});

describe("keys pressed on the telephone", () => {
  const read = (drop: (index: number) => boolean): Digit[] => {
    const digits: Digit[] = [];
    const reader = makeDigitReader((digit) => void digits.push(digit));
    ["5", "#"].forEach((digit, press) =>
      digitPackets(digit, 160).forEach(({ payload }, at) => {
        if (!drop(at)) reader.read(payload, 1_000 + press * 4_000);
      }),
    );
    reader.flush();
    return digits;
  };

  test("one press is one key, however often its packets are repeated", () => {
    expect(read(() => false)).toEqual([
      { digit: "5", durationMs: 160 },
      { digit: "#", durationMs: 160 },
    ]);
  });

  test("a key is heard even when only one of its packets arrives", () => {
    for (let only = 0; only < 10; only++)
      expect(read((at) => at !== only).map(({ digit }) => digit)).toEqual(["5", "#"]);
  });

  test("what is no telephone key is ignored", () => {
    const digits: Digit[] = [];
    const reader = makeDigitReader((digit) => void digits.push(digit));
    reader.read(Buffer.of(200, 0x80, 0, 160), 1);
    reader.read(Buffer.of(5), 2);
    reader.flush();
    expect(digits).toEqual([]);
  });
});

describe("whose packets are heard", () => {
  const trunk = { host: "198.51.100.1", port: 4_000 };
  const stranger = { host: "203.0.113.9", port: 6_666 };
  const send = (latch: ReturnType<typeof makeLatch>, from: typeof trunk, sequence: number, atMs: number): boolean =>
    latch.accept({ from, sequence, atMs, proved: false });

  test("a stranger who guesses the port is not heard while the trunk speaks", () => {
    const latch = makeLatch();
    latch.expect(trunk);
    expect(send(latch, trunk, 1, 0)).toBe(true);
    for (let at = 1; at < 100; at++) {
      expect(send(latch, stranger, at, at * 20)).toBe(false);
      expect(send(latch, trunk, at + 1, at * 20)).toBe(true);
    }
    expect(latch.target()).toMatchObject(trunk);
  });

  test("a trunk behind address translation is heard after a few packets, and loses to the announced address", () => {
    const latch = makeLatch();
    latch.expect(trunk);
    const heard = [1, 2, 3, 4, 5, 6].map((sequence) => send(latch, stranger, sequence, sequence * 20));
    expect(heard).toEqual([false, false, false, false, false, true]);
    expect(send(latch, trunk, 900, 140)).toBe(true);
    expect(latch.target()).toMatchObject(trunk);
  });

  test("a call whose media moved is found again after half a second of silence", () => {
    const latch = makeLatch();
    latch.expect(trunk);
    send(latch, trunk, 1, 0);
    expect(send(latch, { ...trunk, port: 4_002 }, 2, 400)).toBe(false);
    expect(send(latch, { ...trunk, port: 4_002 }, 3, 600)).toBe(true);
  });
});

describe("what we send", () => {
  test("music, then a caller, then music are one stream without a gap in its numbers", () => {
    let now = 0;
    const out: NonNullable<ReturnType<typeof readRtp>>[] = [];
    const line = makeLine({ write: (datagram) => void out.push(readRtp(datagram)!), nowMs: () => now });
    line.set({ law: "PCMU", events: undefined });
    const [music, caller] = [{}, {}];
    for (let at = 0; at < 5; at++, now += 20)
      line.send({ payload: quiet, law: "PCMA", timestamp: undefined, source: music });
    now += 60;
    for (let at = 0; at < 5; at++, now += 20)
      line.send({ payload: quiet, law: "PCMA", timestamp: 0xffff_ff00 + at * 160, source: caller });
    for (let at = 0; at < 5; at++, now += 20)
      line.send({ payload: quiet, law: "PCMA", timestamp: undefined, source: music });
    const steps = out.slice(1).map((one, at) => ({
      sequence: (one.sequence - out[at]!.sequence) & 0xffff,
      timestamp: (one.timestamp - out[at]!.timestamp) >>> 0,
    }));
    expect(steps.map(({ sequence }) => sequence)).toEqual(steps.map(() => 1));
    expect(steps.map(({ timestamp }) => timestamp)).toEqual(steps.map((_, at) => (at === 4 ? 640 : 160)));
    expect(out.map(({ marker }) => marker)).toEqual(out.map((_, at) => at % 5 === 0));
    expect(new Set(out.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(out.every(({ payloadType, payload }) => payloadType === 0 && payload.every((code) => code >= 0xfe))).toBe(
      true,
    );
  });
});

describe("SRTP", () => {
  test("session keys are those of RFC 3711, appendix B.3", () => {
    const keys = deriveKeys(
      Buffer.from("E1F97A0D3E018BE0D64FA32C06DE4139", "hex"),
      Buffer.from("0EC675AD498AFEEBB6960B3AABE6", "hex"),
    );
    expect(keys.encryption.toString("hex").toUpperCase()).toBe("C61E7A93744F39EE10734AFE3FF7A087");
    expect(keys.salt.toString("hex").toUpperCase()).toBe("30CBBC08863D8C85D49DB34A9AE1");
    expect(keys.authentication.toString("hex").toUpperCase()).toBe("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
  });

  test("the key stream is that of RFC 3711, appendix B.2", () => {
    const counter = Buffer.from("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000", "hex");
    const stream = createCipheriv("aes-128-ctr", Buffer.from("2B7E151628AED2A6ABF7158809CF4F3C", "hex"), counter);
    expect(stream.update(Buffer.alloc(16)).toString("hex").toUpperCase()).toBe("E03EAD0935C95E80E166B16DD92B4EB4");
  });

  test("sound survives the way over many rollovers, and a changed or foreign packet does not pass", () => {
    const key = newSrtpKey();
    const [seal, open, other] = [makeSrtpSender(key), makeSrtpReceiver(key), makeSrtpReceiver(newSrtpKey())];
    for (let sequence = 65_000; sequence < 200_000; sequence += 61) {
      const clear = writeRtp(packet(sequence, { payload: Buffer.from(`sound ${sequence}`) }));
      const sealed = seal(clear);
      expect(sealed.includes("sound")).toBe(false);
      expect(open(sealed)).toEqual(clear);
      if (sequence % 10 > 0) continue;
      expect(other(sealed)).toBeNull();
      sealed[20]! ^= 1;
      expect(open(sealed)).toBeNull();
    }
  });
});

describe("where sound lies in the recording", () => {
  const frame = (timestamp: number, source: object) => ({ payload: quiet, law: "PCMA" as const, timestamp, source });

  test("packets that come unevenly lie evenly", () => {
    const place = makePlacing();
    const source = {};
    const places = Array.from({ length: 50 }, (_, at) => place(frame(at * 160, source), at * 160 + (at % 3) * 200));
    expect(places).toEqual(Array.from({ length: 50 }, (_, at) => at * 160));
  });

  test("sound that jumps by more than 200 ms is laid where it came", () => {
    const place = makePlacing();
    const source = {};
    expect(place(frame(0, source), 0)).toBe(0);
    expect(place(frame(160, source), 160)).toBe(160);
    expect(place(frame(90_000, source), 320)).toBe(320);
    expect(place(frame(90_160, source), 480)).toBe(480);
  });

  test("after an hour of a clock that runs 100 ppm fast, both sides still meet within 20 ms", () => {
    const place = makePlacing();
    const source = {};
    let worst = 0;
    for (let at = 0; at < 180_000; at++) {
      const now = Math.round(at * 160 * 0.9999) + (at % 5) * 16;
      const found = place(frame((at * 160) >>> 0, source), now);
      worst = Math.max(worst, Math.abs(found - Math.round(at * 160 * 0.9999)));
    }
    expect(worst / 8).toBeLessThan(20);
  });
});

describe("what a browser is offered behind a firewall", () => {
  const offer = [
    "v=0",
    "a=candidate:1 1 UDP 2114977791 10.0.0.5 50000 typ host",
    "a=candidate:2 1 UDP 1679819007 10.0.0.6 50000 typ host",
    "a=end-of-candidates",
    "",
  ].join("\r\n");

  test("is the public address beside those of the machine, with the same port and a lower priority", () => {
    expect(withPublicAddress(offer, "203.0.113.7").split("\r\n")).toEqual([
      "v=0",
      "a=candidate:1 1 UDP 2114977791 10.0.0.5 50000 typ host",
      "a=candidate:2 1 UDP 1679819007 10.0.0.6 50000 typ host",
      "a=candidate:9 1 UDP 1679819006 203.0.113.7 50000 typ host",
      "a=end-of-candidates",
      "",
    ]);
  });

  test("stays as it is when there is nothing to add to", () => {
    expect(withPublicAddress("v=0\r\n", "203.0.113.7")).toBe("v=0\r\n");
  });
});

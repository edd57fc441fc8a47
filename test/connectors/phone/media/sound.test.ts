import { describe, expect, test } from "vitest";
import { changeLaw, decode, encode, silence } from "../../../../connectors/phone/media/g711.ts";
import { readWav, toTelephone, wavHeader, WavError } from "../../../../connectors/phone/media/wav.ts";
import { pcmWav as pcm, purity, sine } from "./sound.ts";

const codes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));

describe("G.711", () => {
  test("both laws code the extremes and silence as the standard's tables say", () => {
    expect([...encode(Int16Array.of(0, 32_767, -32_768), "PCMA")]).toEqual([0xd5, 0xaa, 0x2a]);
    expect([...encode(Int16Array.of(0, 32_767, -32_768), "PCMU")]).toEqual([0xff, 0x80, 0x00]);
    expect([silence.PCMA, silence.PCMU]).toEqual([0xd5, 0xff]);
    expect([...decode(Buffer.of(0xd5, 0x55, 0xaa, 0x2a), "PCMA")]).toEqual([8, -8, 32_256, -32_256]);
    expect([...decode(Buffer.of(0xff, 0x80, 0x00), "PCMU")]).toEqual([0, 32_124, -32_124]);
  });

  test("every code comes back as itself, so forwarding by decoding could lose nothing", () => {
    expect(encode(decode(codes, "PCMA"), "PCMA")).toEqual(codes);
    // Mu-law has two zeros; the negative one is written as the positive.
    const expected = Buffer.from(codes);
    expected[0x7f] = 0xff;
    expect(encode(decode(codes, "PCMU"), "PCMU")).toEqual(expected);
  });

  test.each([
    ["PCMA", "PCMU"],
    ["PCMU", "PCMA"],
  ] as const)("a tone changed from %s to %s stays a pure tone", (from, to) => {
    const changed = decode(changeLaw(encode(sine({ hertz: 1_000, seconds: 1 }), from), from, to), to);
    const heard = purity(changed);
    expect(heard.hertz).toBeCloseTo(1_000, -1);
    expect(heard.aboveNextDb).toBeGreaterThan(25);
  });

  test("a tone read with the wrong law is recognised as torn, which is what purity is measured for", () => {
    const torn = decode(encode(sine({ hertz: 440, seconds: 1 }), "PCMA"), "PCMU");
    expect(purity(torn).aboveNextDb).toBeLessThan(25);
  });
});

describe("uploaded sounds", () => {
  test.each([8_000, 16_000, 22_050, 44_100, 48_000])(
    "a prompt of %i samples a second sounds the same on the phone",
    (rate) => {
      const samples = Int16Array.from({ length: rate }, (_, at) =>
        Math.round(16_000 * Math.sin((2 * Math.PI * 500 * at) / rate)),
      );
      const sound = toTelephone(readWav(pcm({ rate, channels: 1, samples })));
      expect(sound.length).toBe(8_000);
      const heard = purity(sound.subarray(1_000, 5_096));
      expect(heard.hertz).toBeCloseTo(500, 0);
      expect(heard.aboveNextDb).toBeGreaterThan(40);
    },
  );

  test("what a telephone cannot carry is taken out and does not come back as another tone", () => {
    const rate = 48_000;
    const samples = Int16Array.from({ length: rate }, (_, at) =>
      Math.round(8_000 * (Math.sin((2 * Math.PI * 500 * at) / rate) + Math.sin((2 * Math.PI * 6_000 * at) / rate))),
    );
    const heard = purity(toTelephone(readWav(pcm({ rate, channels: 1, samples }))).subarray(1_000, 5_096));
    expect(heard.hertz).toBeCloseTo(500, 0);
    expect(heard.aboveNextDb).toBeGreaterThan(30);
  });

  test("a stereo recording of ours is read back", () => {
    const sound = encode(sine({ hertz: 700, seconds: 1 }), "PCMA");
    const stereo = Buffer.alloc(sound.length * 2, silence.PCMA);
    for (const [at, code] of sound.entries()) stereo[at * 2] = code;
    const wav = readWav(Buffer.concat([wavHeader({ channels: 2, bytes: stereo.length }), stereo]));
    expect(wav.channels).toBe(2);
    expect(purity(Int16Array.from(wav.samples[0]!, (sample) => sample * 32_768)).hertz).toBeCloseTo(700, 0);
    expect(wav.samples[1]!.every((sample) => Math.abs(sample) < 0.001)).toBe(true);
  });

  test("a file that is no sound is refused with a sentence", () => {
    expect(() => readWav(Buffer.from("GIF89a"))).toThrow(WavError);
    expect(() => readWav(pcm({ rate: 1, channels: 1, samples: new Int16Array(8) }))).toThrow("unusual");
    expect(() => readWav(wavHeader({ channels: 1, bytes: 0 }).subarray(0, 40))).toThrow("no sound");
  });
});

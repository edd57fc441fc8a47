import { describe, expect, test } from "vitest";
import { acceptAnswer, answerAudio, makeLocal, offerAudio, readAudio } from "../../../../connectors/phone/sdp/audio.ts";

const offer = (lines: readonly string[], address = "IN IP4 192.0.2.1"): string =>
  ["v=0", "o=a 1 1 IN IP4 192.0.2.1", "s=-", `c=${address}`, "t=0 0", ...lines, ""].join("\r\n");
const local = () => makeLocal({ host: "198.51.100.7", port: 30_000 });
const key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const srtp = "optional" as const;

describe("an offer is answered", () => {
  test("with its first law we speak, its telephone-event, and our address", () => {
    const made = answerAudio(
      local(),
      offer(["m=audio 4000 RTP/AVP 18 0 8 96", "a=rtpmap:18 G729/8000", "a=rtpmap:96 telephone-event/8000"]),
      { srtp },
    );
    expect(made?.audio).toEqual({
      host: "192.0.2.1",
      port: 4000,
      law: "PCMU",
      events: 96,
      direction: "sendrecv",
      srtp: undefined,
    });
    expect(made?.sdp).toContain("m=audio 30000 RTP/AVP 0 96\r\n");
    expect(made?.sdp).toContain("c=IN IP4 198.51.100.7\r\n");
  });

  test.each([
    ["sendonly", "recvonly"],
    ["recvonly", "sendonly"],
    ["inactive", "inactive"],
    ["sendrecv", "sendrecv"],
  ])("%s with %s", (theirs, ours) => {
    const made = answerAudio(local(), offer(["m=audio 4000 RTP/AVP 8", `a=${theirs}`]), { srtp });
    expect([made?.audio.direction, made?.sdp.includes(`a=${ours}\r\n`)]).toEqual([ours, true]);
  });

  test("a hold as RFC 2543 wrote it is a hold", () => {
    const made = answerAudio(local(), offer(["m=audio 4000 RTP/AVP 8"], "IN IP4 0.0.0.0"), { srtp });
    expect(made?.audio.direction).toBe("inactive");
  });

  test("pictures and fax beside the sound are refused in their places", () => {
    const made = answerAudio(
      local(),
      offer(["m=video 5000 RTP/AVP 96", "m=audio 4000 RTP/AVP 8", "m=image 6000 udptl t38"]),
      { srtp },
    );
    expect(made?.sdp.split("\r\n").filter((line) => line.startsWith("m="))).toEqual([
      "m=video 0 RTP/AVP 96",
      "m=audio 30000 RTP/AVP 8",
      "m=image 0 udptl t38",
    ]);
  });

  test("over IPv6 by its own address", () => {
    const made = answerAudio(
      makeLocal({ host: "2001:db8::7", port: 30_000 }),
      offer(["m=audio 4000 RTP/AVP 8"], "IN IP6 2001:db8::1"),
      { srtp },
    );
    expect([made?.audio.host, made?.sdp.includes("c=IN IP6 2001:db8::7")]).toEqual(["2001:db8::1", true]);
  });

  test.each([
    ["no law of ours", ["m=audio 4000 RTP/AVP 18", "a=rtpmap:18 G729/8000"]],
    ["no sound at all", ["m=video 4000 RTP/AVP 96"]],
    ["a port of none", ["m=audio 0 RTP/AVP 8"]],
    ["8 that is not A-law", ["m=audio 4000 RTP/AVP 8", "a=rtpmap:8 opus/48000"]],
    ["secured without a key", ["m=audio 4000 RTP/SAVP 8"]],
    ["secured with a suite of tomorrow only", ["m=audio 4000 RTP/SAVP 8", "a=crypto:1 AEAD_AES_256_GCM inline:abc"]],
  ])("%s: not at all", (_, lines) => expect(answerAudio(local(), offer(lines), { srtp })).toBeUndefined());
});

describe("SRTP keys (RFC 4568)", () => {
  const secured = offer([
    "m=audio 4000 RTP/SAVP 8",
    "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:xyz",
    `a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^20|1:32`,
  ]);

  test("are exchanged when the other side offers one we know, under its tag", () => {
    const own = local();
    const made = answerAudio(own, secured, { srtp });
    expect(made?.audio.srtp).toEqual({ ours: own.key, theirs: key });
    expect(made?.sdp).toContain(`a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:${own.key}\r\n`);
    expect(Buffer.from(own.key, "base64")).toHaveLength(30);
  });

  test("are demanded where the line says so, and refused where it says never", () => {
    expect(answerAudio(local(), offer(["m=audio 4000 RTP/AVP 8"]), { srtp: "required" })).toBeUndefined();
    expect(answerAudio(local(), secured, { srtp: "never" })).toBeUndefined();
    const own = local();
    expect(offerAudio(own, { srtp: "required" })).toContain("RTP/SAVP");
    expect(acceptAnswer(own, offer(["m=audio 4000 RTP/AVP 8"]), { srtp: "required" })).toBeUndefined();
  });
});

test("every description of ours is one version higher, and is read as it was meant", () => {
  const own = local();
  const texts = [offerAudio(own, { srtp: "never" }), offerAudio(own, { srtp: "never", direction: "sendonly" })];
  expect(texts.map((text) => /^o=\S+ \d+ (\d+)/m.exec(text)?.[1])).toEqual(["1", "2"]);
  expect(readAudio(texts[1] ?? "")).toMatchObject({
    host: "198.51.100.7",
    port: 30_000,
    laws: [
      { law: "PCMA", type: 8 },
      { law: "PCMU", type: 0 },
    ],
    events: 101,
    direction: "sendonly",
  });
});

import { Buffer } from "node:buffer";
import { readAudio } from "../../../../connectors/phone/sdp/audio.ts";
import { parseDigest } from "../../../../connectors/phone/sip/digest.ts";
import { serialise } from "../../../../connectors/phone/sip/message.ts";
import { framer, parseMessage } from "../../../../connectors/phone/sip/parse.ts";
import { parseNameAddr, parseUri } from "../../../../connectors/phone/sip/uri.ts";

/**
 * Ten million mutated messages through everything that reads what strangers send: no throw, no message that takes
 * longer than a moment, and what is read can be written and read again. `-- --quick` does what fits into 30 s;
 * `-- --seed=N` plays one run again.
 */
const quick = process.argv.includes("--quick");
const seedText = process.argv.find((text) => text.startsWith("--seed="))?.slice(7);
const seed = seedText === undefined ? Date.now() % 1_000_000 : Number(seedText);
const wanted = 10_000_000;
const quickMs = 30_000;
/** Far above what any message takes; a busy machine pauses a process for a while. */
const slowMs = 1_000;

/** mulberry32: small, and the same everywhere. */
const random = (() => {
  let state = seed >>> 0;
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
})();
const below = (limit: number): number => Math.floor(random() * limit);

const sdp =
  "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:32\r\na=sendonly\r\n";
const seeds = [
  `INVITE sip:+420800123456@127.0.0.1;transport=udp SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\nVia: SIP/2.0/TCP [2001:db8::1]:5061;branch=z9hG4bK2\r\nRecord-Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>\r\nFrom: "Jan \\"N\\" Novák" <sip:+420777000001@192.0.2.1>;tag=1\r\nTo: <sip:800@127.0.0.1>\r\nCall-ID: a@b\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.1:5060>;q=0.5\r\nMax-Forwards: 70\r\nSession-Expires: 1800;refresher=uac\r\nContent-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`,
  `SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>;tag=2\r\ni: x\r\nCSeq: 2 REGISTER\r\nWWW-Authenticate: Digest realm="a, b", nonce="c", qop="auth,auth-int", algorithm=SHA-256\r\nl: 0\r\n\r\n`,
  `REFER sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS h:5061;branch=z9hG4bK3\r\nFrom: sip:a@b;tag=3\r\nTo: sip:c@d;tag=4\r\nCall-ID: y\r\nCSeq: 3 REFER\r\nRefer-To: <sip:e@f?Replaces=1%3Bto-tag%3D2>\r\nRoute: <sip:p;lr>\r\n folded\r\nContent-Length: 0\r\n\r\n`,
  `INFO sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK4\r\nFrom: <tel:+1-201-555-0123>;tag=5\r\nTo: <sips:%61lice@h>;tag=6\r\nCall-ID: z\r\nCSeq: 4 INFO\r\nContent-Type: multipart/mixed;boundary="x"\r\n\r\n--x\r\nContent-Type: application/sdp\r\n\r\n${sdp}--x--\r\n`,
].map((text) => Buffer.from(text));
const pieces = [
  "\r\n",
  "\r\n\r\n",
  ";",
  ",",
  '"',
  "\\",
  "<",
  ">",
  "=",
  "%",
  "%00",
  "\0",
  ":",
  "@",
  "[",
  "]",
  " ",
  "\t",
  "SIP/2.0",
  "Via:",
  "Content-Length: 99999999",
  "é",
  "\xff\xfe",
  "a".repeat(300),
  ";lr".repeat(80),
  "((((",
  "1".repeat(40),
  "-1",
].map((text) => Buffer.from(text, "latin1"));

const mutate = (): Buffer => {
  let bytes = Buffer.from(seeds[below(seeds.length)]!);
  for (let times = 1 + below(6); times > 0; times -= 1) {
    const at = below(bytes.length + 1);
    switch (below(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = below(256);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), pieces[below(pieces.length)]!, bytes.subarray(at)]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + below(40)))]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - below(200)))]);
        break;
      case 4:
        bytes = bytes.subarray(0, at);
        break;
      case 5: {
        const other = seeds[below(seeds.length)]!;
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length))]);
        break;
      }
      default:
        if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << below(8));
    }
    // Grown by copying itself: as large as a datagram at most.
    if (bytes.length > 65_000) bytes = bytes.subarray(0, 65_000);
  }
  return bytes;
};

let messages = 0;
let read = 0;
let faults = 0;
let slowest = 0;
const failures: string[] = [];

const check = (bytes: Buffer): void => {
  const message = parseMessage(bytes);
  if ("fault" in message) {
    faults += 1;
    return;
  }
  read += 1;
  for (const values of message.headers.values())
    for (const value of values) {
      parseUri(value);
      parseNameAddr(value);
      parseDigest(value);
    }
  readAudio(message.body);
  const start =
    message.kind === "request"
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  const again = parseMessage(serialise({ start, headers: message.headers, body: message.body }));
  if ("fault" in again) throw new Error(`what was read could not be read again: ${again.fault}`);
};

const began = performance.now();
while (quick ? performance.now() - began < quickMs : messages < wanted) {
  for (let batch = 0; batch < 2_000; batch += 1) {
    const bytes = mutate();
    const from = performance.now();
    try {
      check(bytes);
      if (messages % 50 === 0) framer()(bytes);
    } catch (thrown) {
      if (failures.length < 5) failures.push(`${String(thrown)}: ${bytes.subarray(0, 400).toString("latin1")}`);
    }
    slowest = Math.max(slowest, performance.now() - from);
    messages += 1;
  }
  if (failures.length >= 5) break;
}
const seconds = (performance.now() - began) / 1_000;
for (const failure of failures) process.stderr.write(`${failure}\n`);
const ok = failures.length === 0 && slowest < slowMs && read > messages / 100;
process.stdout.write(
  `${JSON.stringify({
    name: "fuzz:sip",
    seed,
    messages,
    read,
    faults,
    failures: failures.length,
    slowestMs: Math.round(slowest * 10) / 10,
    perSecond: Math.round(messages / seconds),
    ok,
  })}\n`,
);
process.exitCode = ok ? 0 : 1;

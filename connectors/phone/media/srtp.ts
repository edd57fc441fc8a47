import { createCipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { payloadStart } from "./rtp.ts";

/** SRTP with AES_CM_128_HMAC_SHA1_80 (RFC 3711; keys by SDP as in RFC 4568). */
const keyBytes = 16;
const saltBytes = 14;
const tagBytes = 10;

/** A fresh key and salt for our side of `a=crypto`, base64. */
export const newSrtpKey = (): string => randomBytes(keyBytes + saltBytes).toString("base64");

/** Labels of RFC 3711, section 4.3.1. */
const labels = { encryption: 0, authentication: 1, salt: 2 };

/** Session keys of a master key (RFC 3711, section 4.3; key derivation rate 0). */
export const deriveKeys = (master: Buffer, salt: Buffer) => {
  const derive = (label: number, bytes: number): Buffer => {
    const block = Buffer.alloc(16);
    salt.copy(block);
    block[7]! ^= label;
    return createCipheriv("aes-128-ctr", master, block).update(Buffer.alloc(bytes));
  };
  return {
    encryption: derive(labels.encryption, keyBytes),
    authentication: derive(labels.authentication, 20),
    salt: derive(labels.salt, saltBytes),
  };
};

const masterOf = (key: string) => {
  const bytes = Buffer.from(key, "base64");
  if (bytes.length !== keyBytes + saltBytes) throw new Error("An SRTP key must hold 30 bytes.");
  return deriveKeys(bytes.subarray(0, keyBytes), bytes.subarray(keyBytes));
};

type Keys = ReturnType<typeof deriveKeys>;

const counterOf = (salt: Buffer, ssrc: number, roc: number, sequence: number): Buffer => {
  const block = Buffer.alloc(16);
  salt.copy(block);
  block.writeUInt32BE((block.readUInt32BE(4) ^ ssrc) >>> 0, 4);
  block.writeUInt32BE((block.readUInt32BE(8) ^ roc) >>> 0, 8);
  block.writeUInt16BE(block.readUInt16BE(12) ^ sequence, 12);
  return block;
};

const tagOf = (keys: Keys, packet: Buffer, roc: number): Buffer => {
  const rollover = Buffer.alloc(4);
  rollover.writeUInt32BE(roc >>> 0);
  return createHmac("sha1", keys.authentication).update(packet).update(rollover).digest().subarray(0, tagBytes);
};

/** Encrypts and signs the RTP packets of one sender, whose sequence numbers count upwards. */
export const makeSrtpSender = (key: string) => {
  const keys = masterOf(key);
  let roc = 0;
  let last: number | undefined;
  return (datagram: Buffer): Buffer => {
    const sequence = datagram.readUInt16BE(2);
    if (last !== undefined && sequence < last && last - sequence > 0x8000) roc++;
    last = sequence;
    const start = payloadStart(datagram);
    const counter = counterOf(keys.salt, datagram.readUInt32BE(8), roc, sequence);
    const body = createCipheriv("aes-128-ctr", keys.encryption, counter).update(datagram.subarray(start));
    const sealed = Buffer.concat([datagram.subarray(0, start), body]);
    return Buffer.concat([sealed, tagOf(keys, sealed, roc)]);
  };
};

/** Checks and decrypts; null for a packet that is forged, damaged or from another key. Follows the rollover of RFC 3711, appendix A. */
export const makeSrtpReceiver = (key: string) => {
  const keys = masterOf(key);
  const streams = new Map<number, { roc: number; highest: number }>();
  return (datagram: Buffer): Buffer | null => {
    if (datagram.length < 12 + tagBytes) return null;
    const packet = datagram.subarray(0, -tagBytes);
    const start = payloadStart(packet);
    if (start < 0) return null;
    const sequence = packet.readUInt16BE(2);
    const ssrc = packet.readUInt32BE(8);
    const stream = streams.get(ssrc);
    let roc = stream?.roc ?? 0;
    if (stream !== undefined) {
      if (stream.highest < 0x8000 && sequence - stream.highest > 0x8000) roc = Math.max(0, roc - 1);
      else if (stream.highest >= 0x8000 && stream.highest - sequence > 0x8000) roc++;
    }
    if (!timingSafeEqual(tagOf(keys, packet, roc), datagram.subarray(-tagBytes))) return null;
    if (stream === undefined || roc > stream.roc || (roc === stream.roc && sequence > stream.highest))
      streams.set(ssrc, { roc, highest: sequence });
    // Only packets that carry a valid tag come here, so a stranger cannot fill the map.
    const counter = counterOf(keys.salt, ssrc, roc, sequence);
    const body = createCipheriv("aes-128-ctr", keys.encryption, counter).update(packet.subarray(start));
    return Buffer.concat([packet.subarray(0, start), body]);
  };
};

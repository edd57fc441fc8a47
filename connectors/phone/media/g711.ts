import type { Law } from "../ports.ts";

// The two companding laws of ITU-T G.711: PCMA (A-law) in Europe, PCMU (mu-law) in North America and Japan.

/** Static RTP payload types of RFC 3551, table 4. */
export const payloadTypes = { PCMU: 0, PCMA: 8 } as const;

/** The code of silence, which is not zero in either law. */
export const silence = { PCMA: 0xd5, PCMU: 0xff } as const;

const fromAlaw = (code: number): number => {
  const bits = code ^ 0x55;
  const segment = (bits & 0x70) >> 4;
  const step = (bits & 0x0f) << 4;
  const value = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return bits & 0x80 ? value : -value;
};

const fromUlaw = (code: number): number => {
  const bits = ~code & 0xff;
  const value = ((((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4)) - 0x84;
  return bits & 0x80 ? -value : value;
};

const toAlaw = (sample: number): number => {
  const value = sample >= 0 ? sample : -sample - 1;
  const sign = sample >= 0 ? 0x80 : 0;
  let segment = 7;
  while (segment > 1 && value < 1 << (segment + 7)) segment--;
  const bits = value < 256 ? value >> 4 : (segment << 4) | ((value >> (segment + 3)) & 0x0f);
  return (bits | sign) ^ 0x55;
};

const toUlaw = (sample: number): number => {
  const sign = sample < 0 ? 0x80 : 0;
  const value = Math.min(sample < 0 ? -sample : sample, 32_635) + 0x84;
  let segment = 7;
  while (segment > 0 && value < 1 << (segment + 7)) segment--;
  return ~(sign | (segment << 4) | ((value >> (segment + 3)) & 0x0f)) & 0xff;
};

const linear = {
  PCMA: Int16Array.from({ length: 256 }, (_, code) => fromAlaw(code)),
  PCMU: Int16Array.from({ length: 256 }, (_, code) => fromUlaw(code)),
};
// Indexed by the 16 bits of the sample, so a negative one needs no branch.
const signed = (bits: number): number => (bits << 16) >> 16;
const companded = {
  PCMA: Uint8Array.from({ length: 65_536 }, (_, bits) => toAlaw(signed(bits))),
  PCMU: Uint8Array.from({ length: 65_536 }, (_, bits) => toUlaw(signed(bits))),
};
const changed = {
  PCMA: Uint8Array.from({ length: 256 }, (_, code) => toAlaw(fromUlaw(code))),
  PCMU: Uint8Array.from({ length: 256 }, (_, code) => toUlaw(fromAlaw(code))),
};

/** 16-bit linear samples of G.711 codes. */
export const decode = (codes: Uint8Array, law: Law): Int16Array => {
  const table = linear[law];
  const samples = new Int16Array(codes.length);
  for (let index = 0; index < codes.length; index++) samples[index] = table[codes[index]!]!;
  return samples;
};

/** G.711 codes of 16-bit linear samples. */
export const encode = (samples: Int16Array, law: Law): Buffer => {
  const table = companded[law];
  const codes = Buffer.allocUnsafe(samples.length);
  for (let index = 0; index < samples.length; index++) codes[index] = table[samples[index]! & 0xffff]!;
  return codes;
};

/** The same sound in the other law by table, without going through samples; the buffer itself when the law is the same. */
export const changeLaw = (codes: Buffer, from: Law, to: Law): Buffer => {
  if (from === to) return codes;
  const table = changed[to];
  const out = Buffer.allocUnsafe(codes.length);
  for (let index = 0; index < codes.length; index++) out[index] = table[codes[index]!]!;
  return out;
};

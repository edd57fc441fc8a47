import type { RtpPacket } from "./rtp.ts";

/** What one receiver saw of a stream, counted as RFC 3550 describes. */
export interface ReceptionStats {
  readonly received: number;
  /** Expected less received; packets that came late are not lost. */
  readonly lost: number;
  /** Interarrival jitter (RFC 3550, A.8) in ms. */
  readonly jitterMs: number;
}

export interface Reception {
  /** False for a packet seen before, or older than the 64 before the newest. */
  note(packet: RtpPacket, atMs: number): boolean;
  stats(): ReceptionStats;
  /** For a report block (RFC 3550, 6.4.1): the sender, and the highest sequence number with its cycles. */
  readonly source: () => { readonly ssrc: number; readonly highest: number; readonly jitterUnits: number } | null;
}

const clockRate = 8_000;
/** A jump by more than this is a sender that began again, not a gap (RFC 3550, A.1: MAX_DROPOUT). */
const maxDropout = 3_000;

/** Counts one incoming stream: loss, duplicates, reordering, jitter. A new SSRC or a jump begins a new count and keeps the old sums. */
export const makeReception = (): Reception => {
  let ssrc: number | undefined;
  let base = 0;
  let highest = 0;
  let window = 0n;
  let received = 0;
  let earlier = { expected: 0, received: 0 };
  let receivedHere = 0;
  let transit: number | undefined;
  let jitter = 0;

  const begin = (packet: RtpPacket): void => {
    if (ssrc !== undefined)
      earlier = {
        expected: earlier.expected + highest - base + 1,
        received: earlier.received + receivedHere,
      };
    ssrc = packet.ssrc;
    base = packet.sequence;
    highest = packet.sequence;
    window = 1n;
    receivedHere = 1;
    received++;
    transit = undefined;
  };

  const measure = (packet: RtpPacket, atMs: number): void => {
    const arrival = (atMs * clockRate) / 1_000;
    const now = arrival - packet.timestamp;
    if (transit !== undefined) {
      const difference = Math.abs(now - transit);
      // The timestamp wraps every six days, and a talk spurt may begin anywhere: neither is jitter.
      if (difference < clockRate * 2) jitter += (difference - jitter) / 16;
    }
    transit = now;
  };

  return {
    note: (packet, atMs) => {
      const step = ssrc === packet.ssrc ? ((packet.sequence - highest) << 16) >> 16 : maxDropout;
      if (Math.abs(step) >= maxDropout) {
        begin(packet);
        measure(packet, atMs);
        return true;
      }
      if (step > 0) {
        window = step >= 64 ? 1n : BigInt.asUintN(64, window << BigInt(step)) | 1n;
        highest += step;
      } else {
        const bit = 1n << BigInt(-step);
        if (step <= -64 || (window & bit) !== 0n) return false;
        window |= bit;
      }
      received++;
      receivedHere++;
      measure(packet, atMs);
      return true;
    },
    stats: () => ({
      received,
      lost:
        ssrc === undefined ? 0 : Math.max(0, earlier.expected - earlier.received + (highest - base + 1) - receivedHere),
      jitterMs: (jitter * 1_000) / clockRate,
    }),
    source: () => (ssrc === undefined ? null : { ssrc, highest: highest >>> 0, jitterUnits: Math.round(jitter) }),
  };
};

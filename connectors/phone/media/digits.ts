/** Events 0 to 15 of RFC 4733, section 3.2. */
const events = "0123456789*#ABCD";

export interface Digit {
  readonly digit: string;
  readonly durationMs: number;
}

/**
 * Reads telephone-event payloads (RFC 4733, section 2.3). One press is reported once, at its first end packet; when all
 * of those are lost, at the next press or, with `flush`, when nothing more came.
 */
export const makeDigitReader = (report: (digit: Digit) => void) => {
  let open: { readonly timestamp: number; readonly digit: string; duration: number } | undefined;
  let done: number | undefined;
  const close = (): void => {
    if (open === undefined) return;
    const { digit, duration, timestamp } = open;
    done = timestamp;
    open = undefined;
    report({ digit, durationMs: Math.round(duration / 8) });
  };
  return {
    read: (payload: Buffer, timestamp: number): void => {
      const digit = payload.length >= 4 ? events[payload[0]!] : undefined;
      if (digit === undefined || timestamp === done) return;
      if (open !== undefined && open.timestamp !== timestamp) {
        // A retransmitted packet of an older press must not open it again.
        if (((timestamp - open.timestamp) | 0) < 0) return;
        close();
      }
      if (done !== undefined && ((timestamp - done) | 0) < 0 && ((timestamp - done) | 0) > -80_000) return;
      open ??= { timestamp, digit, duration: 0 };
      open.duration = Math.max(open.duration, payload.readUInt16BE(2));
      if ((payload[1]! & 0x80) !== 0) close();
    },
    flush: close,
  };
};

/** One packet of a press: its payload, and whether it is the first (marker bit set). */
export interface DigitPacket {
  readonly payload: Buffer;
  readonly first: boolean;
}

/**
 * The packets of one press, one for every 20 ms, all with the timestamp of the first; the end packet three times
 * (RFC 4733, section 2.5.1.4), in the last three.
 */
export const digitPackets = (digit: string, durationMs = 160): readonly DigitPacket[] => {
  const event = events.indexOf(digit);
  if (event < 0) throw new Error("not a telephone digit");
  const packet = (duration: number, end: boolean, first: boolean): DigitPacket => {
    const payload = Buffer.from([event, (end ? 0x80 : 0) | 10, 0, 0]);
    payload.writeUInt16BE(Math.min(duration, 0xffff), 2);
    return { payload, first };
  };
  const steps = Math.max(1, Math.ceil(durationMs / 20));
  const during = Array.from({ length: steps - 1 }, (_, index) => packet((index + 1) * 160, false, index === 0));
  const end = Array.from({ length: 3 }, (_, index) => packet(steps * 160, true, steps === 1 && index === 0));
  return [...during, ...end];
};

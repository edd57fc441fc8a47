import { randomBytes } from "node:crypto";
import type { Law } from "../ports.ts";
import { frameSamples } from "./clock.ts";
import { changeLaw, payloadTypes } from "./g711.ts";
import { writeRtp } from "./rtp.ts";

/** Sound on its way through the hub: G.711 as it came, usually 20 ms. */
export interface Frame {
  readonly payload: Buffer;
  readonly law: Law;
  /** RTP timestamp of the source, so that its timing survives; undefined = made here, at the pace of our clock. */
  readonly timestamp: number | undefined;
  /** What the timestamp counts from: another object is another source. */
  readonly source: object;
}

export interface Line {
  readonly ssrc: number;
  /** What is sent from now on; a peer may change its mind with every offer. */
  set(input: { readonly law: Law; readonly events: number | undefined }): void;
  send(frame: Frame): void;
  /** One packet of a telephone event; `first` fixes the timestamp that all packets of the press carry. */
  sendEvent(payload: Buffer, first: boolean): void;
  readonly law: () => Law;
  readonly events: () => number | undefined;
  readonly sent: () => number;
}

/**
 * One outgoing RTP stream. Whatever plays into it (a caller, music, another agent), the far side sees one SSRC, sequence
 * numbers without a gap and a timestamp that follows the wall clock; a change of source sets the marker bit.
 */
export const makeLine = (input: { readonly write: (datagram: Buffer) => void; readonly nowMs: () => number }): Line => {
  const ssrc = randomBytes(4).readUInt32BE();
  let sequence = randomBytes(2).readUInt16BE();
  let timestamp = randomBytes(4).readUInt32BE();
  let law: Law = "PCMA";
  let events: number | undefined;
  let source: object | undefined;
  let offset: number | undefined;
  let sentAt: number | undefined;
  let sent = 0;

  const put = (payloadType: number, marker: boolean, payload: Buffer): void => {
    sequence = (sequence + 1) & 0xffff;
    sent++;
    input.write(writeRtp({ payloadType, marker, sequence, timestamp, ssrc, payload }));
  };
  /** Moves the timestamp by the time that went by, in whole frames. */
  const catchUp = (): void => {
    const frames = sentAt === undefined ? 1 : Math.round((input.nowMs() - sentAt) / 20);
    timestamp = (timestamp + Math.max(1, frames) * frameSamples) >>> 0;
  };

  return {
    ssrc,
    set: (next) => {
      law = next.law;
      events = next.events;
    },
    send: (frame) => {
      const fresh = frame.source !== source;
      if (fresh) {
        catchUp();
        source = frame.source;
        offset = frame.timestamp === undefined ? undefined : (timestamp - frame.timestamp) >>> 0;
      } else if (frame.timestamp === undefined || offset === undefined) {
        timestamp = (timestamp + frame.payload.length) >>> 0;
      } else {
        timestamp = (frame.timestamp + offset) >>> 0;
      }
      sentAt = input.nowMs();
      put(payloadTypes[law], fresh, changeLaw(frame.payload, frame.law, law));
    },
    sendEvent: (payload, first) => {
      if (events === undefined) return;
      if (first) {
        catchUp();
        sentAt = input.nowMs();
        // What follows the press is a new start: its timestamp is taken from the clock.
        source = undefined;
      }
      put(events, first, payload);
    },
    law: () => law,
    events: () => events,
    sent: () => sent,
  };
};

import type { AgreedAudio, LegId, LegStats } from "../ports.ts";
import type { Clock } from "./clock.ts";
import { type Digit, digitPackets, makeDigitReader } from "./digits.ts";
import { payloadTypes } from "./g711.ts";
import { type Frame, makeLine } from "./line.ts";
import { makeReception, type Reception } from "./reception.ts";
import type { RtpPacket } from "./rtp.ts";

type Sink = (frame: Frame) => void;
type AgreedSound = Pick<AgreedAudio, "law" | "events" | "direction">;

/** One party of a call, whatever carries its packets. */
export interface Leg {
  readonly id: LegId;
  /** Our SSRC, for the description of the stream. */
  readonly ssrc: number;
  agree(sound: AgreedSound): void;
  /** A packet of the far side, already trusted. */
  arrived(packet: RtpPacket): void;
  /** Everything that this leg says, until the returned function is called. */
  onSaid(sink: Sink): () => void;
  /** Everything that this leg is sent of other legs (not prompts). */
  onHeard(sink: Sink): () => void;
  /** `own`: a prompt or music, which is no part of the conversation. */
  send(frame: Frame, own?: boolean): void;
  /** Resolves when the last key was sent; throws when the peer has no telephone-event. */
  sendDigits(digits: string): Promise<void>;
  stats(): LegStats;
  /** For RTCP: who sends to us, and how far it came. */
  readonly source: () => ReturnType<Reception["source"]>;
  /** Since when nothing came although it should, ms; 0 = all is well. */
  silentMs(): number;
  close(): void;
}

/** A pause between two keys, in frames: receivers take a shorter one for the same key. */
const gapFrames = 5;

export const makeLeg = (input: {
  readonly id: LegId;
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly write: (datagram: Buffer) => void;
  readonly onDigit: (digit: Digit) => void;
}): Leg => {
  const { clock, nowMs } = input;
  const line = makeLine({ write: input.write, nowMs });
  const reception = makeReception();
  const digits = makeDigitReader(input.onDigit);
  const said = new Set<Sink>();
  const heard = new Set<Sink>();
  let sound: AgreedSound = { law: "PCMA", events: undefined, direction: "inactive" };
  let source: { readonly ssrc: number } | undefined;
  let heardAt = nowMs();
  let pressing = false;
  let presses: Promise<void> = Promise.resolve();
  let closed = false;

  const mayHear = (): boolean => sound.direction === "sendrecv" || sound.direction === "recvonly";
  const maySend = (): boolean => sound.direction === "sendrecv" || sound.direction === "sendonly";

  const press = (digit: string): Promise<void> =>
    new Promise((done) => {
      const packets = digitPackets(digit);
      let at = 0;
      pressing = true;
      const stop = clock.every(() => {
        const packet = packets[at++];
        if (packet !== undefined && !closed) line.sendEvent(packet.payload, packet.first);
        if (at === packets.length) pressing = false;
        if (!closed && at < packets.length + gapFrames) return;
        stop();
        done();
      });
    });

  return {
    id: input.id,
    ssrc: line.ssrc,
    agree: (next) => {
      if (!mayHear()) heardAt = nowMs();
      sound = next;
      line.set(next);
    },
    arrived: (packet) => {
      const now = nowMs();
      heardAt = now;
      if (closed || !reception.note(packet, now)) return;
      if (packet.payloadType === sound.events) return digits.read(packet.payload, packet.timestamp);
      const law =
        packet.payloadType === payloadTypes.PCMA
          ? "PCMA"
          : packet.payloadType === payloadTypes.PCMU
            ? "PCMU"
            : undefined;
      if (law === undefined || packet.payload.length === 0 || !mayHear()) return;
      if (source?.ssrc !== packet.ssrc) source = { ssrc: packet.ssrc };
      const frame: Frame = { payload: packet.payload, law, timestamp: packet.timestamp, source };
      for (const sink of said) sink(frame);
    },
    onSaid: (sink) => {
      said.add(sink);
      return () => void said.delete(sink);
    },
    onHeard: (sink) => {
      heard.add(sink);
      return () => void heard.delete(sink);
    },
    send: (frame, own = false) => {
      if (closed || pressing || !maySend()) return;
      line.send(frame);
      if (!own) for (const sink of heard) sink(frame);
    },
    sendDigits: async (text) => {
      if (line.events() === undefined) throw new Error("The other side takes no keys in its audio.");
      const before = presses;
      const turn = async (): Promise<void> => {
        await before;
        for (const digit of text) await press(digit);
      };
      presses = turn();
      await presses;
    },
    stats: () => ({ ...reception.stats(), sent: line.sent() }),
    source: reception.source,
    silentMs: () => (mayHear() ? nowMs() - heardAt : 0),
    close: () => {
      closed = true;
      digits.flush();
      said.clear();
      heard.clear();
    },
  };
};

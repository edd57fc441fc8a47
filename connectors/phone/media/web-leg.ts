import { networkInterfaces } from "node:os";
import { Audio, cleanup, PeerConnection } from "node-datachannel";
import type { LegId } from "../ports.ts";
import type { Clock } from "./clock.ts";
import type { Digit } from "./digits.ts";
import { payloadTypes } from "./g711.ts";
import { type Leg, makeLeg } from "./leg.ts";
import { readRtp } from "./rtp.ts";

export interface WebSettings {
  /** One address to bind to; absent = every address of the machine. */
  readonly bind: string | undefined;
  /** One UDP port for all browsers. */
  readonly port: number | undefined;
  /** What the world reaches us by, when that is not an address of this machine (1:1 NAT). */
  readonly advertise: string | undefined;
  /** "turn:user:secret@host:port" and the like. */
  readonly iceServers: readonly string[];
}

export interface WebLeg extends Leg {
  /** Our offer with all its candidates; rejects when the library cannot make one. */
  offer(): Promise<string>;
  connect(answer: string): void;
}

export type WebState = "connected" | "disconnected" | "closed";

/** Adds our public address to the candidates, as one more of type host (RFC 8839, section 5.1). */
export const withPublicAddress = (sdp: string, address: string): string => {
  const lines = sdp.split("\r\n");
  const last = lines.findLastIndex((line) => /^a=candidate:\S+ 1 udp \d+ \S+ \d+ typ host/i.test(line));
  if (last < 0) return sdp;
  const added = lines[last]!.replace(
    /^(a=candidate:)\S+( 1 \S+ )(\d+) \S+ /,
    (_all, head: string, middle: string, priority: string) =>
      `${head}9${middle}${Math.max(1, Number(priority) - 1)} ${address} `,
  );
  return lines.toSpliced(last + 1, 0, added).join("\r\n");
};

/** A machine without a network offers its own address, which the library leaves out otherwise: enough to try things out. */
const onlyLoopback = (): boolean =>
  Object.values(networkInterfaces())
    .flat()
    .every((address) => address?.internal === true || address?.family !== "IPv4");

/** How long gathering may take before the candidates found so far must do, ms. */
const gatherMs = 2_000;

/** A browser's sound over WebRTC: A-law only, so nothing is transcoded; keys and identity by DTLS-SRTP (RFC 5764). */
export const openWebLeg = (input: {
  readonly id: LegId;
  readonly settings: WebSettings;
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly onDigit: (digit: Digit) => void;
  readonly onState: (state: WebState) => void;
}): WebLeg => {
  const { settings } = input;
  const bind = settings.bind ?? (onlyLoopback() ? "127.0.0.1" : undefined);
  const peer = new PeerConnection(input.id, {
    iceServers: [...settings.iceServers],
    disableAutoNegotiation: true,
    ...(bind === undefined ? {} : { bindAddress: bind }),
    ...(settings.port === undefined
      ? {}
      : { enableIceUdpMux: true, portRangeBegin: settings.port, portRangeEnd: settings.port }),
  });
  let open = false;
  let closed = false;
  let state: WebState | undefined;

  const leg = makeLeg({
    id: input.id,
    clock: input.clock,
    nowMs: input.nowMs,
    onDigit: input.onDigit,
    write: (datagram) => {
      if (!open || closed) return;
      try {
        track.sendMessageBinary(datagram);
      } catch {
        // The library throws when the far side left between two packets; onStateChange tells the rest.
        open = false;
      }
    },
  });
  const audio = new Audio("0", "SendRecv");
  audio.addAudioCodec(payloadTypes.PCMA, "PCMA");
  audio.addSSRC(leg.ssrc, "hub", "hub", "hub-audio");
  const track = peer.addTrack(audio);
  track.onOpen(() => {
    open = true;
  });
  track.onClosed(() => {
    open = false;
  });
  track.onMessage((datagram) => {
    const packet = readRtp(datagram);
    if (packet !== null) leg.arrived(packet);
  });

  const tell = (next: WebState): void => {
    if (state === next || closed) return;
    state = next;
    input.onState(next);
  };
  peer.onStateChange((next) => {
    if (next === "connected") {
      leg.agree({ law: "PCMA", events: undefined, direction: "sendrecv" });
      tell("connected");
    } else if (next === "disconnected") tell("disconnected");
    else if (next === "failed" || next === "closed") tell("closed");
  });

  return {
    ...leg,
    offer: () =>
      new Promise((done, fail) => {
        const give = (): void => {
          clearTimeout(patience);
          const sdp = peer.localDescription()?.sdp;
          if (sdp === undefined) fail(new Error("No offer could be made for the browser."));
          else done(settings.advertise === undefined ? sdp : withPublicAddress(sdp, settings.advertise));
        };
        const patience = setTimeout(give, gatherMs);
        peer.onGatheringStateChange((gathering) => {
          if (gathering === "complete") give();
        });
        peer.setLocalDescription("offer");
      }),
    connect: (answer) => peer.setRemoteDescription(answer, "answer"),
    close: () => {
      if (closed) return;
      closed = true;
      leg.close();
      try {
        peer.close();
      } catch {
        // Already closed by the library itself.
      }
    },
  };
};

/** Ends the library's threads; without it the process would not end by itself. */
export const endWeb = (): void => cleanup();

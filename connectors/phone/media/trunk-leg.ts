import { createSocket, type Socket } from "node:dgram";
import type { AgreedAudio, LegId } from "../ports.ts";
import type { Clock } from "./clock.ts";
import type { Digit } from "./digits.ts";
import { makeLatch } from "./latch.ts";
import { type Leg, makeLeg } from "./leg.ts";
import { isRtcp, readRtp } from "./rtp.ts";
import { receiverReport } from "./rtcp.ts";
import { makeSrtpReceiver, makeSrtpSender } from "./srtp.ts";

/** Ports for RTP, both inclusive: the ones a firewall must let through. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export interface TrunkLeg extends Leg {
  readonly port: number;
  connect(audio: AgreedAudio): void;
}

/** Voice is marked so that routers prefer it (RFC 8837: EF); not every system lets us. */
const bound = async (input: {
  readonly host: string;
  readonly family: 4 | 6;
  readonly port: number;
}): Promise<Socket> => {
  const socket = createSocket({ type: input.family === 4 ? "udp4" : "udp6", recvBufferSize: 262_144 });
  await new Promise<void>((done, fail) => {
    socket.once("error", fail);
    socket.bind(input.port, input.host, done);
  }).catch((thrown: unknown) => {
    socket.close();
    throw thrown;
  });
  socket.removeAllListeners("error");
  // A peer that is gone answers with ICMP: the call's own end comes over SIP.
  socket.on("error", () => undefined);
  return socket;
};

/** Gives even ports one after the other, so that a port just freed rests before a new call gets it. */
export const makePorts = (range: PortRange) => {
  const first = range.from + (range.from & 1);
  const count = Math.floor((range.to - first) / 2) + 1;
  let next = Math.floor(Math.random() * count);
  return {
    open: async (where: { readonly host: string; readonly family: 4 | 6 }): Promise<Socket> => {
      for (let tried = 0; tried < count; tried++) {
        const port = first + (next++ % count) * 2;
        try {
          return await bound({ ...where, port });
        } catch (thrown) {
          if (!(thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE")) throw thrown;
        }
      }
      throw new Error("All ports for calls are in use.");
    },
  };
};

/** A report so often (RFC 3550, 6.2: at least 5 s), in ms. */
const reportMs = 5_000;

/** Plain or SRTP sound towards a trunk over one UDP port. */
export const openTrunkLeg = (input: {
  readonly id: LegId;
  readonly socket: Socket;
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly onDigit: (digit: Digit) => void;
}): TrunkLeg => {
  const { socket, nowMs } = input;
  const latch = makeLatch();
  let seal: ((datagram: Buffer) => Buffer) | undefined;
  let open: ((datagram: Buffer) => Buffer | null) | undefined;
  let keys: AgreedAudio["srtp"];
  let closed = false;

  const write = (datagram: Buffer): void => {
    const to = latch.target();
    if (closed || to === undefined) return;
    socket.send(seal === undefined ? datagram : seal(datagram), to.port, to.host, () => undefined);
  };
  const leg = makeLeg({ id: input.id, clock: input.clock, nowMs, write, onDigit: input.onDigit });

  socket.on("message", (datagram, from) => {
    if (isRtcp(datagram)) return;
    const clear = open === undefined ? datagram : open(datagram);
    const packet = clear === null ? null : readRtp(clear);
    if (packet === null) return;
    const { sequence } = packet;
    const source = { host: from.address, port: from.port };
    if (latch.accept({ from: source, sequence, atMs: nowMs(), proved: open !== undefined })) leg.arrived(packet);
  });

  // RTCP is in clear only: trunks that encrypt seldom want it, and a wrong one would be worse than none.
  const reports = setInterval(() => {
    const to = latch.target();
    if (to === undefined || seal !== undefined) return;
    socket.send(
      receiverReport({ ssrc: leg.ssrc, stats: leg.stats(), source: leg.source() }),
      to.port + 1,
      to.host,
      () => undefined,
    );
  }, reportMs);
  reports.unref();

  return {
    ...leg,
    port: socket.address().port,
    connect: (audio) => {
      latch.expect({ host: audio.host, port: audio.port });
      // The same keys again (a hold) must not begin the rollover counter anew.
      if (audio.srtp?.ours !== keys?.ours)
        seal = audio.srtp === undefined ? undefined : makeSrtpSender(audio.srtp.ours);
      if (audio.srtp?.theirs !== keys?.theirs)
        open = audio.srtp === undefined ? undefined : makeSrtpReceiver(audio.srtp.theirs);
      keys = audio.srtp;
      leg.agree(audio);
    },
    close: () => {
      if (closed) return;
      closed = true;
      clearInterval(reports);
      leg.close();
      socket.close();
    },
  };
};

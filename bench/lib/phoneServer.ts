import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Audio, PeerConnection, type Track } from "node-datachannel";
import { isRtcp, payloadStart, writeRtp } from "../../connectors/phone/media/rtp.ts";

/**
 * Both ends of many calls, in a process of their own so that their work is not counted as the hub's. Every packet
 * carries the time it was sent: the far end of its call knows how long it was on its way.
 */
interface End {
  send(datagram: Buffer): void;
  close(): void;
}
interface Stats {
  readonly sent: number;
  readonly received: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
export type Order =
  | { readonly open: "rtp" }
  | { readonly open: "web"; readonly offer: string }
  | { readonly connect: number; readonly port: number }
  | { readonly run: number };
export type Reply =
  | { readonly end: number; readonly port: number }
  | { readonly end: number; readonly answer: string }
  | { readonly done: Stats }
  | { readonly ok: true };

const ends: End[] = [];
const targets = new Map<number, number>();
/** Latencies in steps of 0.05 ms, the last for everything above. */
const histogram = new Uint32Array(20_000);
let received = 0;
let sent = 0;
/** Packets of earlier runs: a stream goes on, it does not begin anew. */
let before = 0;

const take = (datagram: Buffer): void => {
  if (isRtcp(datagram)) return;
  const start = payloadStart(datagram);
  if (start < 0 || datagram.length < start + 160) return;
  received++;
  const late = performance.now() - datagram.readDoubleBE(start);
  histogram[Math.min(histogram.length - 1, Math.max(0, Math.round(late * 20)))]!++;
};

const openRtp = async (): Promise<Reply> => {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4_000_000 });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.on("message", take);
  const end = ends.length;
  ends.push({
    send: (datagram) => {
      const port = targets.get(end);
      if (port !== undefined) socket.send(datagram, port, "127.0.0.1");
    },
    close: () => socket.close(),
  });
  return { end, port: socket.address().port };
};

const openWeb = async (offer: string): Promise<Reply> => {
  const peer = new PeerConnection("agent", { iceServers: [], disableAutoNegotiation: true, bindAddress: "127.0.0.1" });
  const audio = new Audio("0", "SendRecv");
  audio.addAudioCodec(8, "PCMA");
  audio.addSSRC(1_000 + ends.length, "agent", "agent", "agent-audio");
  const track: Track = peer.addTrack(audio);
  track.onMessage(take);
  const gathered = new Promise<void>((done) => {
    peer.onGatheringStateChange((state) => {
      if (state === "complete") done();
    });
  });
  peer.setRemoteDescription(offer, "offer");
  peer.setLocalDescription("answer");
  await gathered;
  const end = ends.length;
  ends.push({
    send: (datagram) => {
      if (track.isOpen()) track.sendMessageBinary(datagram);
    },
    close: () => peer.close(),
  });
  return { end, answer: peer.localDescription()?.sdp ?? "" };
};

const percentile = (part: number): number => {
  const wanted = received * part;
  let seen = 0;
  for (const [at, count] of histogram.entries()) {
    seen += count;
    if (seen >= wanted) return at / 20;
  }
  return histogram.length / 20;
};

/** Every end sends a packet each 20 ms, all of them spread evenly over those. */
const run = async (seconds: number): Promise<Stats> => {
  histogram.fill(0);
  [received, sent] = [0, 0];
  const start = performance.now() + 20;
  const sequences = new Uint32Array(ends.length);
  const payload = Buffer.alloc(160, 0xd5);
  await new Promise<void>((done) => {
    const tick = (): void => {
      const now = performance.now();
      let busy = false;
      for (const [at, end] of ends.entries()) {
        const offset = start + (at * 20) / ends.length;
        while (sequences[at]! < seconds * 50 && offset + sequences[at]! * 20 <= now) {
          const sequence = before + sequences[at]!++;
          payload.writeDoubleBE(performance.now(), 0);
          const ssrc = 1_000 + at;
          end.send(
            writeRtp({
              payloadType: 8,
              marker: false,
              sequence: sequence & 0xffff,
              timestamp: sequence * 160,
              ssrc,
              payload,
            }),
          );
          sent++;
        }
        busy ||= sequences[at]! < seconds * 50;
      }
      if (busy) setTimeout(tick, 1);
      else done();
    };
    tick();
  });
  await new Promise((done) => setTimeout(done, 1_000));
  before += seconds * 50;
  return { sent, received, p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
};

const obey = async (order: Order): Promise<Reply> => {
  if ("run" in order) return { done: await run(order.run) };
  if ("connect" in order) {
    targets.set(order.connect, order.port);
    return { ok: true };
  }
  return order.open === "rtp" ? openRtp() : openWeb(order.offer);
};

if (process.send !== undefined) {
  process.on("message", (order) => {
    void obey(order as Order).then((reply) => process.send?.(reply));
  });
  process.on("disconnect", () => process.exit(0));
}

import { createSocket, type Socket } from "node:dgram";
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, RtpHeader, RtpPacket } from "werift";
import { decode, encode, payloadTypes, silence } from "../../../../connectors/phone/media/g711.ts";
import { readRtp, writeRtp } from "../../../../connectors/phone/media/rtp.ts";
import type { Law } from "../../../../connectors/phone/ports.ts";

/** A far end of a call: says one tone all the time, keeps what it hears. */
export interface Peer {
  /** The newest samples heard, in the order they were said. */
  heard(samples: number): Int16Array;
  /** Resolves once this many samples came since now. */
  hears(samples: number): Promise<Int16Array>;
  say(sound: Int16Array): void;
  close(): Promise<void>;
}

interface Ear {
  take(input: { readonly payload: Buffer; readonly payloadType: number; readonly timestamp: number }): void;
  readonly heard: Peer["heard"];
  readonly hears: Peer["hears"];
}

/** Puts packets together by timestamp, holes as silence, decoded by the payload type they claim: a wrong one is heard. */
const makeEar = (): Ear => {
  let sound: Int16Array = new Int16Array(0);
  let filled = 0;
  let last: number | undefined;
  const waiting = new Set<{ readonly until: number; readonly from: number; done(sound: Int16Array): void }>();
  return {
    take: ({ payload, payloadType, timestamp }) => {
      if (payloadType !== payloadTypes.PCMA && payloadType !== payloadTypes.PCMU) return;
      const samples = decode(payload, payloadType === payloadTypes.PCMA ? "PCMA" : "PCMU");
      const gap = last === undefined ? 0 : (timestamp - last) | 0;
      // A late packet is not worth a jitter buffer here: on this machine there are none.
      if (last !== undefined && gap <= 0) return;
      const hole = last === undefined || gap > 80_000 ? 0 : gap - samples.length;
      last = timestamp;
      const need = filled + hole + samples.length;
      if (need > sound.length) {
        const more = new Int16Array(Math.max(need, sound.length * 2));
        more.set(sound);
        sound = more;
      }
      sound.set(samples, filled + Math.max(0, hole));
      filled = need;
      for (const waiter of waiting)
        if (filled >= waiter.until) {
          waiting.delete(waiter);
          waiter.done(sound.slice(waiter.from, waiter.until));
        }
    },
    heard: (samples) => sound.slice(Math.max(0, filled - samples), filled),
    hears: (samples) =>
      new Promise((done) => {
        waiting.add({ from: filled, until: filled + samples, done });
      }),
  };
};

/** Speaks a sound in 20 ms frames on an absolute schedule, over and over. */
const makeMouth = (send: (frame: Int16Array, timestamp: number, sequence: number) => void) => {
  let sound: Int16Array = new Int16Array(8_000);
  let at = 0;
  let frames = 0;
  const start = performance.now();
  const timer = setInterval(() => {
    while (start + frames * 20 <= performance.now()) {
      const frame = new Int16Array(160);
      for (let index = 0; index < 160; index++) frame[index] = sound[(at + index) % sound.length]!;
      at = (at + 160) % sound.length;
      send(frame, (frames * 160) >>> 0, frames & 0xffff);
      frames++;
    }
  }, 5);
  return {
    say: (next: Int16Array): void => {
      sound = next;
      at = 0;
    },
    stop: (): void => clearInterval(timer),
  };
};

export interface RtpPeer extends Peer {
  readonly port: number;
  /** Sends to this port from now on. */
  connect(port: number): void;
  /** A telephone event or anything else, as it is. */
  raw(datagram: Buffer): void;
  readonly packets: {
    readonly payloadType: number;
    readonly payload: Buffer;
    readonly marker: boolean;
    readonly ssrc: number;
  }[];
}

/** A trunk's side of a call in plain RTP, or through `seal` and `open`. */
export const openRtpPeer = async (
  input: {
    readonly law?: Law;
    readonly seal?: (datagram: Buffer) => Buffer;
    readonly open?: (datagram: Buffer) => Buffer | null;
  } = {},
): Promise<RtpPeer> => {
  const law = input.law ?? "PCMA";
  const socket: Socket = createSocket("udp4");
  await new Promise<void>((done) => void socket.bind(0, "127.0.0.1", done));
  const ear = makeEar();
  const packets: RtpPeer["packets"] = [];
  let target: number | undefined;
  socket.on("message", (datagram) => {
    const clear = input.open === undefined ? datagram : input.open(datagram);
    const packet = clear === null ? null : readRtp(clear);
    if (packet === null) return;
    packets.push({ ...packet, payload: Buffer.from(packet.payload) });
    ear.take(packet);
  });
  const raw = (datagram: Buffer): void => {
    if (target !== undefined)
      socket.send(input.seal === undefined ? datagram : input.seal(datagram), target, "127.0.0.1");
  };
  const mouth = makeMouth((frame, timestamp, sequence) =>
    raw(
      writeRtp({
        payloadType: payloadTypes[law],
        marker: false,
        sequence,
        timestamp,
        ssrc: 7_777,
        payload: encode(frame, law),
      }),
    ),
  );
  return {
    port: socket.address().port,
    connect: (port) => {
      target = port;
    },
    raw,
    packets,
    heard: ear.heard,
    hears: ear.hears,
    say: mouth.say,
    close: async () => {
      mouth.stop();
      await new Promise<void>((done) => void socket.close(done));
    },
  };
};

/** An agent's browser played by another WebRTC implementation: answers the hub's offer with A-law. */
export const openWebPeer = async (
  offer: string,
): Promise<Peer & { readonly answer: string; readonly connected: Promise<void> }> => {
  const peer = new RTCPeerConnection({
    codecs: {
      audio: [new RTCRtpCodecParameters({ mimeType: "audio/PCMA", clockRate: 8_000, channels: 1, payloadType: 8 })],
      video: [],
    },
    headerExtensions: { audio: [] },
    iceServers: [],
    iceAdditionalHostAddresses: ["127.0.0.1"],
    iceUseIpv6: false,
  });
  const ear = makeEar();
  peer.onTrack.subscribe((track) => {
    track.onReceiveRtp.subscribe((packet) =>
      ear.take({ payload: packet.payload, payloadType: packet.header.payloadType, timestamp: packet.header.timestamp }),
    );
  });
  const connected = new Promise<void>((done, fail) => {
    peer.connectionStateChange.subscribe((state) => {
      if (state === "connected") done();
      if (state === "failed" || state === "closed") fail(new Error(`The agent's connection is ${state}.`));
    });
  });
  connected.catch(() => undefined);
  await peer.setRemoteDescription({ type: "offer", sdp: offer });
  const [transceiver] = peer.getTransceivers();
  if (transceiver === undefined) throw new Error("The hub offers no audio.");
  transceiver.setDirection("sendrecv");
  await transceiver.sender.replaceTrack(new MediaStreamTrack({ kind: "audio" }));
  await peer.setLocalDescription(await peer.createAnswer());
  const mouth = makeMouth((frame, timestamp, sequenceNumber) => {
    if (peer.connectionState !== "connected") return;
    const header = new RtpHeader({ payloadType: 8, sequenceNumber, timestamp, ssrc: transceiver.sender.ssrc });
    void transceiver.sender.sendRtp(new RtpPacket(header, encode(frame, "PCMA"))).catch(() => undefined);
  });
  return {
    answer: peer.localDescription?.sdp ?? "",
    connected,
    heard: ear.heard,
    hears: ear.hears,
    say: mouth.say,
    close: async () => {
      mouth.stop();
      await peer.close();
    },
  };
};

/** One frame of silence. */
export const quiet = Buffer.alloc(160, silence.PCMA);

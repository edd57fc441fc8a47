import type { Seize, Voice } from "../../state/phone.ts";

/** What the agent chose at the start of the shift: devices by id, "" = the system's own. */
export interface Devices {
  readonly microphone: string;
  readonly speaker: string;
}

/** The microphone as calls use it: echo and noise are taken out by the browser. */
export const openMicrophone = (microphone: string): Promise<MediaStream> =>
  navigator.mediaDevices.getUserMedia({
    audio: {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      ...(microphone === "" ? {} : { deviceId: { exact: microphone } }),
    },
  });

/** Loudness of a stream in 0..1, as long as `stop` is not called. */
export const meter = (stream: MediaStream): { readonly level: () => number; readonly stop: () => void } => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    level: () => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      return Math.min(1, Math.sqrt(power) * 4);
    },
    stop: () => void context.close(),
  };
};

/** Candidates of the browser come within this, ms; the hub's own are in its offer, so fewer still connect. */
const gatherMs = 1_000;

const gathered = (peer: RTCPeerConnection): Promise<void> =>
  new Promise((done) => {
    const finish = (): void => {
      clearTimeout(timer);
      done();
    };
    const timer = setTimeout(finish, gatherMs);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") finish();
    });
  });

/** One WebRTC connection for all calls of this desk. */
export const openVoice = (devices: () => Devices): Voice => {
  const peer = new RTCPeerConnection();
  const speaker = new Audio();
  speaker.autoplay = true;
  let stream: MediaStream | undefined;
  let muted = false;
  peer.addEventListener("track", (event) => {
    speaker.srcObject = new MediaStream([event.track]);
    const { speaker: chosen } = devices();
    if (chosen !== "" && "setSinkId" in speaker) void speaker.setSinkId(chosen).catch(() => undefined);
    void speaker.play().catch(() => undefined);
  });
  return {
    answer: async (offer) => {
      stream = await openMicrophone(devices().microphone);
      const [track] = stream.getAudioTracks();
      if (track === undefined) throw new DOMException("no microphone", "NotFoundError");
      track.enabled = !muted;
      await peer.setRemoteDescription({ type: "offer", sdp: offer });
      peer.addTrack(track, stream);
      await peer.setLocalDescription(await peer.createAnswer());
      await gathered(peer);
      return peer.localDescription?.sdp ?? "";
    },
    mute: (on) => {
      muted = on;
      for (const track of stream?.getAudioTracks() ?? []) track.enabled = !on;
    },
    onState: (listener) =>
      peer.addEventListener("connectionstatechange", () => {
        if (peer.connectionState === "connected") listener("connected");
        if (peer.connectionState === "failed" || peer.connectionState === "disconnected") listener("lost");
      }),
    close: () => {
      peer.close();
      speaker.srcObject = null;
      for (const track of stream?.getTracks() ?? []) track.stop();
    },
  };
};

/** One tab has the phone: a Web Lock that another tab may steal. */
export const seizeLock: Seize = ({ force, onLost }) =>
  new Promise((resolve) => {
    const held = (lock: Lock | null): Promise<void> | undefined => {
      if (lock === null) {
        resolve(null);
        return undefined;
      }
      return new Promise<void>((free) => resolve(free));
    };
    const options = force ? { steal: true } : { ifAvailable: true };
    // Rejects only when somebody steals it.
    navigator.locks.request("linka.phone", options, held).catch(onLost);
  });

import type { Frame, Page } from "playwright-core";

/** To be run before the page: remembers its connections, and takes tones from the microphone as they are. */
export const wiretap = (): void => {
  const all: RTCPeerConnection[] = [];
  const Original = RTCPeerConnection;
  Object.assign(globalThis, {
    connections: all,
    RTCPeerConnection: class extends Original {
      constructor(...given: ConstructorParameters<typeof Original>) {
        super(...given);
        all.push(this);
      }
    },
  });
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  // What makes a voice clear takes a steady tone for noise.
  navigator.mediaDevices.getUserMedia = () =>
    ask({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
};

export interface Heard {
  readonly hertz: number;
  readonly aboveNextDb: number;
}

/** What comes out of the page's newest connection: the loudest tone and how far it stands above everything else. */
export const heardBy = (page: Page | Frame): Promise<Heard> =>
  page.evaluate(async () => {
    const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] };
    const track = connections.at(-1)?.getReceivers()[0]?.track;
    if (track === undefined) return { hertz: 0, aboveNextDb: 0 };
    const context = new AudioContext();
    await context.resume();
    const analyser = context.createAnalyser();
    analyser.fftSize = 16_384;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    await new Promise((done) => setTimeout(done, 700));
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    await context.close();
    const loudness = (bin: number): number => bins[bin] ?? -200;
    const step = context.sampleRate / analyser.fftSize;
    let top = 10;
    for (let at = 10; at < bins.length; at++) if (loudness(at) > loudness(top)) top = at;
    let next = -200;
    for (let at = 10; at < bins.length; at++) if (Math.abs(at - top) > 8) next = Math.max(next, loudness(at));
    return { hertz: top * step, aboveNextDb: loudness(top) - next };
  });

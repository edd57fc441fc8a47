/** Three short sounds that cannot be mistaken for a ringing phone: frequencies in Hz, starts in seconds. */
const tones = {
  chime: [
    [880, 0],
    [1175, 0.11],
  ],
  drop: [
    [660, 0],
    [440, 0.09],
  ],
  knock: [
    [196, 0],
    [196, 0.13],
  ],
} as const;
export type Sound = keyof typeof tones;
export const sounds = Object.keys(tones) as readonly Sound[];

let context: AudioContext | null = null;

/** Plays a sound; `volume` from 0 to 1. A browser that has not been clicked in yet stays silent. */
export const play = (sound: Sound, volume: number): void => {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
  for (const [hertz, at] of tones[sound]) {
    const start = context.currentTime + at;
    const tone = context.createOscillator();
    const loudness = context.createGain();
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(0.35 * volume, start + 0.015);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
    tone.connect(loudness).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.35);
  }
};

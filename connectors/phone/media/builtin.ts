import { encode } from "./g711.ts";
import type { Prompt } from "./wav.ts";

const rate = 8_000;

const render = (seconds: number, sound: (at: number) => number): Prompt =>
  encode(
    Int16Array.from({ length: Math.round(seconds * rate) }, (_, index) => Math.round(sound(index / rate) * 32_000)),
    "PCMA",
  );

const sine = (hertz: number, at: number): number => Math.sin(2 * Math.PI * hertz * at);

/** Broken chords, quiet and slow, each note struck and fading: made here, so nobody's licence is needed. */
const chords = [
  [261.63, 329.63, 392, 523.25],
  [220, 261.63, 329.63, 440],
  [174.61, 220, 261.63, 349.23],
  [196, 246.94, 293.66, 392],
];
const noteSeconds = 0.375;
const music = (): Prompt =>
  render(chords.length * 8 * noteSeconds, (at) => {
    const note = Math.floor(at / noteSeconds);
    // The note before still sounds, so the melody has no holes.
    return [note, note - 1].reduce((sum, struck) => {
      const index = (struck + chords.length * 8) % (chords.length * 8);
      const chord = chords[Math.floor(index / 8)]!;
      const since = at - struck * noteSeconds;
      const rise = Math.min(1, since / 0.015);
      const fall = struck === note ? 1 : Math.max(0, 1 - (since - noteSeconds) / noteSeconds);
      return (
        sum + 0.12 * rise * fall * Math.exp(-since * 2.5) * sine(chord[[0, 1, 2, 3, 2, 1, 2, 1][index % 8]!]!, since)
      );
    }, 0);
  });

/** Sounds that come with the hub. Ringing and busy are those of the Czech, Slovak and Polish networks (ITU-T E.180: 425 Hz). */
export const builtin: Readonly<Record<"music" | "beep" | "ringback" | "busy", () => Prompt>> = {
  music,
  beep: () => render(0.4, (at) => 0.5 * sine(1_400, at)),
  ringback: () => render(5, (at) => (at < 1 ? 0.25 * sine(425, at) : 0)),
  busy: () => render(0.66, (at) => (at < 0.33 ? 0.25 * sine(425, at) : 0)),
};

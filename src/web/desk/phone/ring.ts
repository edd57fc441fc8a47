/** A ring that is heard across a room and annoys nobody beside it: two soft tones, twice in four seconds. */
export const startRinging = (): (() => void) => {
  const context = new AudioContext();
  const strike = (): void => {
    for (const [hertz, at] of [
      [523, 0],
      [659, 0.18],
      [523, 0.7],
      [659, 0.88],
    ] as const) {
      const start = context.currentTime + at;
      const tone = context.createOscillator();
      const loudness = context.createGain();
      tone.frequency.value = hertz;
      loudness.gain.setValueAtTime(0, start);
      loudness.gain.linearRampToValueAtTime(0.18, start + 0.02);
      loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.45);
      tone.connect(loudness).connect(context.destination);
      tone.start(start);
      tone.stop(start + 0.5);
    }
  };
  strike();
  const timer = setInterval(strike, 4_000);
  return () => {
    clearInterval(timer);
    void context.close();
  };
};

/** Two quiet notes. Of several tabs one plays: who gets the lock. */
export const playTone = async (): Promise<void> => {
  const play = async (): Promise<void> => {
    const audio = new AudioContext();
    if (audio.state === "suspended") await audio.resume().catch(() => {});
    const gain = audio.createGain();
    gain.connect(audio.destination);
    const start = audio.currentTime;
    for (const [index, frequency] of [659.25, 880].entries()) {
      const note = audio.createOscillator();
      note.type = "sine";
      note.frequency.value = frequency;
      note.connect(gain);
      note.start(start + index * 0.11);
      note.stop(start + index * 0.11 + 0.16);
    }
    gain.gain.setValueAtTime(0.0001, start);
    gain.gain.exponentialRampToValueAtTime(0.08, start + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + 0.3);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await audio.close();
  };
  // Outside a secure context there are no locks: then every tab may sound.
  if (!("locks" in navigator)) return play();
  await navigator.locks.request("linka-sound", { ifAvailable: true }, (lock) => (lock ? play() : undefined));
};

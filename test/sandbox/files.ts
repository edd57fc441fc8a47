/** A second of a quiet tone as WAV: what "send a voice note" sends. */
export const tone = (): Buffer => {
  const rate = 8_000;
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + rate, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(rate, 40);
  const samples = Uint8Array.from(
    { length: rate },
    (_, i) => 128 + Math.round(20 * Math.sin((i * 440 * 2 * Math.PI) / rate)),
  );
  return Buffer.concat([head, samples]);
};

/** Where "send my place" is. */
export const place = { lat: 50.0755, lng: 14.4378, name: "Praha" };

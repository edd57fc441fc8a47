import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { plainSize, seal, SealError, unseal } from "#store/sealed";
import { openSecrets } from "../../src/secrets.ts";

const secrets = openSecrets({ secret: "0123456789abcdef0123456789abcdef" });
const all = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
};
/** In chunks of a size that fits no piece, as a disk gives them. */
const chunks = function* (bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 4_099) yield bytes.subarray(at, at + 4_099);
};
const sealed = (plain: Buffer): Promise<Buffer> => all(seal({ secrets, source: Readable.from(chunks(plain)) }));
const open = (file: Buffer, start: number, end: number, by = secrets): Promise<Buffer> =>
  all(
    unseal({
      secrets: by,
      read: (range) => Readable.from([file.subarray(range.start, range.end + 1)]),
      sealedSize: file.length,
      start,
      end,
    }),
  );

describe("a recording at rest", () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])(
    "%i bytes come back as they were, whole and in any part",
    async (size) => {
      const plain = randomBytes(size);
      const file = await sealed(plain);
      expect(plainSize(file.length)).toBe(size);
      expect(await open(file, 0, size - 1)).toEqual(plain);
      const parts = [
        [0, 0],
        [65_530, 65_540],
        [size >> 1, size - 1],
        [Math.max(0, size - 1), size + 100],
      ].filter(([start]) => start! < size);
      for (const [start, end] of parts) expect(await open(file, start!, end!)).toEqual(plain.subarray(start, end! + 1));
    },
  );

  test("nothing of the sound can be read in the file, and two files of the same sound differ", async () => {
    const plain = Buffer.alloc(100_000, "the customer says ");
    const [one, two] = [await sealed(plain), await sealed(plain)];
    expect(one.includes("customer")).toBe(false);
    expect(one.equals(two)).toBe(false);
  });

  test("a changed, cut or foreign file is refused instead of played", async () => {
    const plain = randomBytes(200_000);
    const file = await sealed(plain);
    const changed = Buffer.from(file);
    changed[100_000]! ^= 1;
    await expect(open(changed, 0, 199_999)).rejects.toThrow(SealError);
    const cut = file.subarray(0, 37 + 65_552 * 2);
    await expect(open(cut, 0, 131_071)).rejects.toThrow(SealError);
    await expect(open(randomBytes(1_000), 0, 10)).rejects.toThrow(SealError);
    const stranger = openSecrets({ secret: "another secret of thirty-two characters" });
    await expect(open(file, 0, 10, stranger)).rejects.toThrow(SealError);
  });
});

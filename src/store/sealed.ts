import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { Secrets } from "../secrets.ts";

/** Why a sealed file cannot be read: another secret, or bytes that were changed or cut off. */
export class SealError extends Error {
  override readonly name = "SealError";
}

/** First bytes of a sealed file, the version among them. */
const magic = Buffer.from("LNKS1", "latin1");
const saltBytes = 32;
const headBytes = magic.length + saltBytes;
/** Plain bytes of a piece: small enough that a player who jumps decrypts little, large enough that tags weigh nothing. */
const pieceBytes = 65_536;
const tagBytes = 16;

// Every file has a key of its own, so counting pieces from zero never repeats a nonce.
const keyOf = (secrets: Secrets, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync("sha256", secrets.key("recordings"), salt, "linka/sealed-file", 32));

/** The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar 2015; as in age): a counter and a mark on the last piece. */
const nonceOf = (piece: number, last: boolean): Buffer => {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(piece, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
};

/**
 * Encrypts a file for rest: AES-256-GCM in pieces, so that any part can be read without the rest and a cut file does not
 * pass for a whole one. Holds one piece in memory.
 */
export const seal = async function* (input: {
  readonly secrets: Secrets;
  readonly source: AsyncIterable<Uint8Array>;
}): AsyncGenerator<Buffer> {
  const salt = randomBytes(saltBytes);
  const key = keyOf(input.secrets, salt);
  yield Buffer.concat([magic, salt]);
  let waiting: Buffer = Buffer.alloc(0);
  let piece = 0;
  const close = (plain: Buffer, last: boolean): Buffer => {
    const cipher = createCipheriv("aes-256-gcm", key, nonceOf(piece++, last), { authTagLength: tagBytes });
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };
  for await (const chunk of input.source) {
    waiting = Buffer.concat([waiting, chunk]);
    // The last piece is marked, so one is held back until more is known to come.
    while (waiting.length > pieceBytes) {
      yield close(waiting.subarray(0, pieceBytes), false);
      waiting = waiting.subarray(pieceBytes);
    }
  }
  yield close(waiting, true);
};

/** Bytes of the file before it was sealed. */
export const plainSize = (sealedSize: number): number => {
  const body = sealedSize - headBytes;
  const pieces = Math.max(1, Math.ceil(body / (pieceBytes + tagBytes)));
  return Math.max(0, body - pieces * tagBytes);
};

const collect = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
};

/** Bytes `start` to `end` of the plain file, both inclusive, piece by piece. Throws SealError. */
export const unseal = async function* (input: {
  readonly secrets: Secrets;
  readonly read: (range: { readonly start: number; readonly end: number }) => AsyncIterable<Uint8Array>;
  readonly sealedSize: number;
  readonly start: number;
  readonly end: number;
}): AsyncGenerator<Buffer> {
  const head = await collect(input.read({ start: 0, end: headBytes - 1 }));
  if (head.length < headBytes || !head.subarray(0, magic.length).equals(magic))
    throw new SealError("This is not a file that Linka sealed.");
  const key = keyOf(input.secrets, head.subarray(magic.length));
  const size = plainSize(input.sealedSize);
  const lastPiece = Math.max(0, Math.ceil(size / pieceBytes) - 1);
  const end = Math.min(input.end, size - 1);
  for (let piece = Math.floor(input.start / pieceBytes); piece * pieceBytes <= end; piece++) {
    const from = headBytes + piece * (pieceBytes + tagBytes);
    const until = Math.min(from + pieceBytes + tagBytes, input.sealedSize) - 1;
    const sealed = await collect(input.read({ start: from, end: until }));
    const opener = createDecipheriv("aes-256-gcm", key, nonceOf(piece, piece === lastPiece), {
      authTagLength: tagBytes,
    });
    opener.setAuthTag(sealed.subarray(-tagBytes));
    let plain: Buffer;
    try {
      plain = Buffer.concat([opener.update(sealed.subarray(0, -tagBytes)), opener.final()]);
    } catch (cause) {
      throw new SealError(
        "The file cannot be opened: it was changed, or LINKA_SECRET is not the one it was sealed with.",
        {
          cause,
        },
      );
    }
    const offset = piece * pieceBytes;
    yield plain.subarray(Math.max(0, input.start - offset), end - offset + 1);
  }
};

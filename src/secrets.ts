import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  scrypt,
  timingSafeEqual,
  type KeyObject,
  type ScryptOptions,
} from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/** What a key is for. A value sealed for one purpose cannot be opened for another. */
type Purpose =
  | "channel-secrets"
  | "identity"
  | "webhook"
  | "files"
  | "recordings"
  | "session"
  | "visitor"
  | "reply-token";

export interface Secrets {
  /** AES-256-GCM. Layout: 1 byte version, 12 bytes nonce, ciphertext, 16 bytes tag. `context` (such as a row's id) must be the same in `open`. */
  seal(purpose: Purpose, plain: string | Uint8Array, context?: string): Uint8Array<ArrayBuffer>;
  /** Throws SecretsError when it was sealed with another secret, purpose or context, or was changed. */
  open(purpose: Purpose, sealed: Uint8Array, context?: string): Buffer;
  openText(purpose: Purpose, sealed: Uint8Array, context?: string): string;
  /** HMAC-SHA-256, 32 bytes: the same value gives the same hash, and nobody without the secret can try values out. */
  keyedHash(purpose: Purpose, value: string | Uint8Array): Buffer;
  /** A key of its own for a library that signs by itself, 32 bytes. */
  key(purpose: Purpose): Buffer;
}

/** A secret cannot be read; the sentence says what to do, never what it was. */
export class SecretsError extends Error {
  override readonly name = "SecretsError";
}

const version = 1;

/** Derives every key of the hub from one secret (HKDF-SHA-256, one key a purpose). */
export function openSecrets(o: { secret: string }): Secrets {
  // Key objects: Node makes one of a Buffer for every call, which costs five times the hash itself.
  const keys = new Map<string, KeyObject>();
  const derive = (use: "seal" | "hash" | "key", purpose: Purpose): KeyObject => {
    const info = `linka/${use}/${purpose}`;
    const known = keys.get(info) ?? createSecretKey(Buffer.from(hkdfSync("sha256", o.secret, "linka", info, 32)));
    keys.set(info, known);
    return known;
  };
  const unseal: Secrets["open"] = (purpose, sealed, context = "") => {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes.length < 29 || bytes[0] !== version) throw new SecretsError("This is not a value that Linka sealed.");
    const decipher = createDecipheriv("aes-256-gcm", derive("seal", purpose), bytes.subarray(1, 13), {
      authTagLength: 16,
    });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(bytes.subarray(-16));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(13, -16)), decipher.final()]);
    } catch (cause) {
      throw new SecretsError("A stored secret cannot be opened: LINKA_SECRET is not the one it was sealed with.", {
        cause,
      });
    }
  };
  return {
    seal(purpose, plain, context = "") {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", derive("seal", purpose), nonce, { authTagLength: 16 });
      cipher.setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return new Uint8Array(Buffer.concat([Buffer.of(version), nonce, body, cipher.getAuthTag()]));
    },
    open: unseal,
    openText: (purpose, sealed, context) => unseal(purpose, sealed, context).toString("utf8"),
    keyedHash: (purpose, value) => createHmac("sha256", derive("hash", purpose)).update(value).digest(),
    key: (purpose) => derive("key", purpose).export(),
  };
}

/** The operator's secret, or the one in `dataDir`/secret (mode 0600), made on first use. Safe for two starts at once. */
export async function loadSecret(o: { secret?: string; dataDir: string }): Promise<string> {
  if (o.secret !== undefined) return o.secret;
  const file = join(o.dataDir, "secret");
  const known = await readSecret(file);
  if (known !== undefined) return known;
  await mkdir(o.dataDir, { recursive: true, mode: 0o700 });
  const half = `${file}.${randomToken(6)}`;
  const handle = await open(half, "wx", 0o600);
  try {
    await handle.writeFile(`${randomToken(32)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // A link, not a rename: the first of two starts wins and the other reads what it wrote.
  await link(half, file).catch((cause: unknown) => {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
  });
  await rm(half);
  const written = await readSecret(file);
  if (written === undefined) throw new SecretsError(`The file ${file} cannot be read back.`);
  return written;
}

async function readSecret(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  });
  if (text === undefined) return undefined;
  if (text.trim().length < 32) throw new SecretsError(`The file ${file} is damaged: restore it from a backup.`);
  return text.trim();
}

/** Random characters for URLs and cookies; `bytes` is the entropy. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString("base64url");
}

/** The row of OWASP's password storage advice that needs the least memory, 16 MiB a hash: many may log in at once. */
const cost = { logN: 14, r: 8, p: 5 };

/** scrypt with its parameters and salt in the text: `scrypt$14$8$5$salt$hash`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derivePassword({ password, salt, ...cost });
  return ["scrypt", cost.logN, cost.r, cost.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/**
 * True when the password is the stored one. Pass null for a user that does not exist or has no password: it takes as
 * long as for one that does, so nobody learns who has an account.
 */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const [name, logN, r, p, salt, hash] = (stored ?? "").split("$");
  if (name !== "scrypt" || salt === undefined || hash === undefined) {
    await derivePassword({ password, salt: Buffer.alloc(16), ...cost });
    return false;
  }
  const expected = Buffer.from(hash, "base64url");
  const found = await derivePassword({
    password,
    salt: Buffer.from(salt, "base64url"),
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
  });
  return expected.length === found.length && timingSafeEqual(expected, found);
}

function derivePassword(o: { password: string; salt: Buffer; logN: number; r: number; p: number }): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** o.logN, r: o.r, p: o.p, maxmem: 256 * 1024 * 1024 };
  // The same letters typed on two keyboards may differ in composition.
  const text = o.password.normalize("NFKC");
  return new Promise((done, fail) => {
    scrypt(text, o.salt, 32, options, (error, key) => (error === null ? done(key) : fail(error)));
  });
}

const pool = new Uint8Array(16 * 512);
let used = pool.length;
let lastMs = 0;
let counter = 0;

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * A UUIDv7 (RFC 9562): 48 bits of milliseconds, a 12-bit counter within the millisecond (method 1), 62 random bits.
 * Ids made by one process sort in the order they were made.
 */
export const uuid = (): string => {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    counter = 0;
  } else {
    counter += 1;
    if (counter > 0xfff) {
      lastMs += 1;
      counter = 0;
    }
  }
  const random = pool.subarray(used, used + 8);
  used += 8;
  const time = lastMs.toString(16).padStart(12, "0");
  const variant = ((random[0] ?? 0) & 0x3f) | 0x80;
  const tail = [variant, ...random.subarray(1)].map((byte) => hex[byte]).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-${tail.slice(0, 4)}-${tail.slice(4)}`;
};

/** The smallest UUIDv7 of a moment: ids made since then sort above it. */
export const uuidAt = (at: Date): string => {
  const time = Math.max(0, at.getTime()).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
};

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text from outside may be compared with an id column at all: PostgreSQL refuses anything else with an error. */
export const isUuid = (text: string): boolean => shape.test(text);

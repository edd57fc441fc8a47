import { createHash } from "node:crypto";

/** Read by us; a mail with more headers is cut here for the fingerprint only. */
const longestHead = 1_000_000;

/** One header of a raw head (one character a byte), unfolded; "" when absent. */
const headerOf = (head: string, name: string): string =>
  (new RegExp(`^${name}:((?:[^\\r\\n]|\\r?\\n[ \\t])*)`, "im").exec(head)?.[1] ?? "").replace(/\s+/g, " ").trim();

export interface Fingerprint {
  add(chunk: Uint8Array): void;
  /** hex, 24 digits with a Message-ID, 40 without. */
  end(messageId: string | undefined): string;
}

/**
 * A name for the content that survives what servers do to a mail they keep (added headers, moved folders, a second
 * copy through another address). Two mails without a Message-ID may be equal but for the way they came: there every byte counts.
 */
export const fingerprint = (): Fingerprint => {
  const whole = createHash("sha256");
  const body = createHash("sha256");
  let head = "";
  let inBody = false;
  return {
    add: (chunk) => {
      whole.update(chunk);
      if (inBody) {
        body.update(chunk);
        return;
      }
      const from = Math.max(0, head.length - 3);
      head += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
      const gap = /\r?\n\r?\n/.exec(head.slice(from));
      if (gap === null && head.length < longestHead) return;
      const end = gap === null ? head.length : from + gap.index + gap[0].length;
      body.update(Buffer.from(head.slice(end), "latin1"));
      head = head.slice(0, end);
      inBody = true;
    },
    end: (messageId) => {
      if (messageId === undefined) return whole.digest("hex").slice(0, 40);
      const named = ["from", "date", "subject"].map((name) => headerOf(head, name)).join("\n");
      return createHash("sha256").update(named).update(body.digest()).digest("hex").slice(0, 24);
    },
  };
};

import type { WireLine } from "./protocol.ts";

/** One line on the screen: stored, or on its way there. */
export interface Line extends Omit<WireLine, "at" | "state"> {
  readonly at: number;
  readonly state: "stored" | "sending" | "failed";
  /** Why it failed, a key of the catalogue. */
  readonly reason?: "rate-limited" | "too-large" | "unsupported" | "failed";
  /** Sent part of a file, 0 to 1. */
  readonly progress?: number;
  /** An agent's line the visitor has not looked at. */
  readonly unseen?: boolean;
  /** Order of appearance: the place of lines whose seq is not known yet. */
  readonly order: number;
}

/** crypto.randomUUID exists in secure contexts only; a trial over plain http is none. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

let appeared = 0;

const place = (a: Line, b: Line): number => {
  const pending = Number(a.state !== "stored") - Number(b.state !== "stored");
  if (pending !== 0) return pending;
  if (a.seq !== undefined && b.seq !== undefined) return a.seq - b.seq;
  if (a.seq === undefined && b.seq === undefined) return a.order - b.order;
  return a.seq === undefined ? 1 : -1;
};

/** Joins lines by key: what the hub says replaces what was assumed. Stored lines come by seq, then as they appeared. */
export const merge = (
  held: readonly Line[],
  incoming: readonly (Omit<Line, "order"> & { order?: number })[],
): Line[] => {
  const byKey = new Map(held.map((line) => [line.key, line]));
  for (const line of incoming) {
    const before = byKey.get(line.key);
    const seq = line.seq ?? before?.seq;
    const files = line.files.map((file, index) => (file.url ? file : (before?.files[index] ?? file)));
    byKey.set(line.key, {
      ...line,
      files,
      ...(seq === undefined ? {} : { seq }),
      ...(line.unseen && before && !before.unseen ? { unseen: false } : {}),
      order: before?.order ?? line.order ?? (appeared += 1),
    });
  }
  return [...byKey.values()].sort(place);
};

export const fromWire = (line: WireLine, seenSeq: number | null): Omit<Line, "order"> => {
  const { at, state: _state, ...rest } = line;
  const unseen = line.from === "agent" && (seenSeq === null || (line.seq ?? Infinity) > seenSeq);
  return { ...rest, at: Date.parse(at), state: "stored", unseen };
};

/** Everything up to this line counts as seen. */
export const seenUpTo = (lines: readonly Line[], key: string): Line[] => {
  const last = lines.findIndex((line) => line.key === key);
  return lines.map((line, index) => (index <= last && line.unseen ? { ...line, unseen: false } : line));
};

export const highestSeq = (lines: readonly WireLine[], otherwise: number): number =>
  Math.max(otherwise, ...lines.map(({ seq }) => seq ?? 0));

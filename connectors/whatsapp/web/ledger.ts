import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const kept = 5_000;
/** An empty stanza takes the key back. */
const line = z.object({ key: z.string(), stanza: z.string(), customer: z.string() });
type Line = z.output<typeof line>;

/** Which message of ours became which message of WhatsApp's, over restarts: WhatsApp itself takes no key from us. */
export interface Ledger {
  find(key: string): Line | undefined;
  keyOf(stanza: string): string | undefined;
  /** Written before it is believed. */
  note(entry: Line): Promise<void>;
  /** WhatsApp refused it: the same key may be sent again. */
  forget(key: string): Promise<void>;
  stanzas(): string[];
}

const parseLine = (text: string): Line[] => {
  try {
    const read = line.safeParse(JSON.parse(text));
    return read.success ? [read.data] : [];
  } catch {
    // The last line of a process that died while writing.
    return [];
  }
};

export const openLedger = async (folder: string): Promise<Ledger> => {
  const path = join(folder, "sent.jsonl");
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").flatMap(parseLine).slice(-kept);
  const byKey = new Map(lines.map((entry) => [entry.key, entry]));
  for (const [key, { stanza }] of byKey) if (stanza === "") byKey.delete(key);
  const byStanza = new Map([...byKey.values()].map((entry) => [entry.stanza, entry.key]));
  // Shortened at every start; a line behind half a line must stand on its own.
  await writeFile(path, [...byKey.values()].map((entry) => `${JSON.stringify(entry)}\n`).join(""), { mode: 0o600 });
  return {
    find: (key) => byKey.get(key),
    keyOf: (stanza) => byStanza.get(stanza),
    note: async (entry) => {
      byKey.set(entry.key, entry);
      byStanza.set(entry.stanza, entry.key);
      await appendFile(path, `${JSON.stringify(entry)}\n`);
    },
    forget: async (key) => {
      const known = byKey.get(key);
      if (known === undefined) return;
      byKey.delete(key);
      await appendFile(path, `${JSON.stringify({ ...known, stanza: "" })}\n`);
    },
    stanzas: () => [...byStanza.keys()],
  };
};

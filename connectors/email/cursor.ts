import { z } from "zod";
import type { Hub } from "#contract";

/**
 * How far a mailbox has been read. Depends on UIDs alone: a person who reads, flags or files mail changes nothing.
 */
const cursor = z.object({
  /** RFC 3501 2.3.1.1: UIDs hold only as long as this number stays. */
  uidValidity: z.string(),
  /** Highest UID that is stored. */
  uid: z.number().int(),
  /** Highest UID that was in the mailbox when this numbering was first seen: the two dates below concern only these. */
  backlog: z.number().int(),
  /** What the server got before this (ms, by its clock) is not read: it was there before us. */
  floor: z.number(),
  /** What the server got before this (ms, by its clock) is history: no notification. */
  live: z.number(),
});
export type Cursor = z.output<typeof cursor>;

/** Folders we read: what customers write, and what colleagues answer from their own mail program. */
export type Folder = "inbox" | "sent";

export const readCursor = async (memory: Hub["memory"], folder: Folder): Promise<Cursor | undefined> => {
  const stored = await memory.get(folder);
  return stored === undefined ? undefined : cursor.parse(JSON.parse(stored));
};

export const writeCursor = (memory: Hub["memory"], folder: Folder, value: Cursor): Promise<void> =>
  memory.set(folder, JSON.stringify(value));

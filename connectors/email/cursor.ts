import { z } from "zod";
import type { Hub } from "#contract";
import type { Ranges } from "./ranges.ts";

const uid = z.number().int();

/**
 * How far a folder has been read. Depends on UIDs and arrival dates alone: a person who reads, flags or files mail
 * changes nothing.
 */
const cursor = z
  .object({
    /** RFC 3501 2.3.1.1: UIDs hold only as long as this number stays. */
    uidValidity: z.string(),
    /** Everything up to this UID was looked at. */
    uid,
    /** What the server got before this (ms, by its clock) is not read: it was there before us. */
    floor: z.number(),
    /** What the server got before this (ms, by its clock) is history: no notification. */
    live: z.number(),
    /** UIDs the hub has; what is missing below `uid` was passed over, gone, or too old. Absent in cursors of old. */
    taken: z.array(z.tuple([uid, uid])).optional(),
    /** Older mail that is read in the background: after `uid` up to `until`, of what came since `floor`. */
    backfill: z.object({ uid, until: uid, floor: z.number() }).optional(),
  })
  .transform(({ taken, ...rest }): typeof rest & { taken: Ranges } => ({ ...rest, taken: taken ?? [[1, rest.uid]] }));
export type Cursor = z.output<typeof cursor>;

/** Folders we read: what customers write, what the server took for spam, and what colleagues answer from their own mail program. */
export type Folder = "inbox" | "junk" | "sent";

export const readCursor = async (memory: Hub["memory"], folder: Folder): Promise<Cursor | undefined> => {
  const stored = await memory.get(folder);
  return stored === undefined ? undefined : cursor.parse(JSON.parse(stored));
};

export const writeCursor = (memory: Hub["memory"], folder: Folder, value: Cursor): Promise<void> =>
  memory.set(folder, JSON.stringify(value));

import type { Hub } from "#contract";
import type { Timing } from "./imap.ts";
import type { Reader } from "./reader.ts";
import type { Settings } from "./settings.ts";

/** What every step of taking letters over needs. */
export interface Mailroom {
  readonly hub: Hub;
  readonly settings: Settings;
  readonly signingKey: string;
  readonly reader: Reader;
  readonly timing: Timing;
  /** How often a letter (by folder, UIDVALIDITY and UID) could not be fetched or stored; survives a reconnect. */
  readonly failures: Map<string, number>;
}

/** The hub could not store a letter: nothing is wrong with the mailbox, the same letter is offered again. */
export class NotStored extends Error {
  override readonly name = "NotStored";
}

/** A letter the server has. */
export interface Waiting {
  readonly uid: number;
  readonly bytes: number;
  readonly arrivedAt: Date;
}

export const says = (error: unknown): string => (error instanceof Error ? error.message : String(error));

import type { ConversationRecord, MessageRecord, StoredChange } from "#core/records";
import type { Scope } from "#core/scope";
import type { Db } from "#store/db";
import type { ConversationStatus, DraftView, ViewCounts, ViewSpec } from "#wire";
export interface ContactRecord {
  id: string;
  tenantId: string;
  name: string;
  anonymous: boolean;
  language: string | null;
  identities: { id: string; kind: string; value: string; verified: string }[];
  conversations: { id: string; number: number; subject: string | null; status: ConversationStatus; lastAt: Date }[];
  merges: { id: string; fromName: string; at: Date }[];
}
export interface ThreadRecord {
  id: string;
  accountId: string;
  accountName: string;
  channel: string;
  subject: string | null;
  address: string;
  windowUntil: Date | null;
  customerReadSeq: number;
  active: boolean;
}
type A = { db: Db; scope: Scope };
const no = (): never => {
  throw new Error("stub");
};
export const getContact = async (_: A & { id: string }): Promise<ContactRecord | null> => no();
export const listView = async (
  _: A & { spec: ViewSpec; after?: string; limit: number },
): Promise<{ rows: ConversationRecord[]; next: string | null; cursor: string }> => no();
export const viewCounts = async (_: A): Promise<ViewCounts> => ({ mine: 0, unassigned: 0, all: 0, snoozed: 0 });
export const openConversation = async (
  _: A & { id: string; limit: number },
): Promise<{
  row: ConversationRecord;
  contact: ContactRecord;
  threads: ThreadRecord[];
  messages: MessageRecord[];
  more: boolean;
  drafts: DraftView[];
} | null> => no();
export const syncFeed = async (
  _: A & { cursor: string; have: { id: string; version: number }[]; limit: number },
): Promise<{ changes: StoredChange[]; cursor: string; more: boolean; reset: boolean }> => no();
export const messagesSince = async (
  _: A & { id: string; version: number; limit: number },
): Promise<{ row: ConversationRecord; messages: MessageRecord[]; more: boolean } | null> => no();
export const messagesBefore = async (
  _: A & { id: string; seq: number; limit: number },
): Promise<{ messages: MessageRecord[]; more: boolean } | null> => no();

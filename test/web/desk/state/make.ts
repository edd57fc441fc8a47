import type { Change, ConversationDetail, ConversationRow, MessageView, Question } from "#wire";
import { makeCase, message } from "../../support/data.ts";
import { Refused, type Ask } from "../../../../src/web/state/refused.ts";

/** One question that waits for its answer. */
export interface Open {
  readonly question: Question;
  readonly takes: Record<string, unknown>;
  answer(value: unknown): void;
  refuse(code: "unavailable" | "stale" | "conflict" | "failed" | "forbidden", data?: unknown): void;
}

/** A hub that answers when the test says so. */
export const slowHub = (): { ask: Ask; open: Open[]; next: (question: Question) => Promise<Open> } => {
  const open: Open[] = [];
  const waiters: { question: Question; give: (one: Open) => void }[] = [];
  const ask = ((question: Question, takes: Record<string, unknown>) =>
    new Promise((resolve, reject) => {
      const one: Open = {
        question,
        takes,
        answer: resolve,
        refuse: (code, data) => reject(new Refused({ code, says: code, data })),
      };
      const at = waiters.findIndex((waiter) => waiter.question === question);
      if (at >= 0) waiters.splice(at, 1)[0]?.give(one);
      else open.push(one);
    })) as Ask;
  return {
    ask,
    open,
    next: (question) => {
      const at = open.findIndex((one) => one.question === question);
      const [one] = at < 0 ? [] : open.splice(at, 1);
      return one === undefined
        ? new Promise((give) => {
            waiters.push({ question, give });
          })
        : Promise.resolve(one);
    },
  };
};

/** Lets promises that are ready run. */
export const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

const epoch = Date.parse("2026-11-23T12:00:00Z");

export const row = (id: string, change: Partial<ConversationRow> = {}): ConversationRow => ({
  ...makeCase(1, epoch).row,
  id,
  version: 1,
  lastSeq: 0,
  assigneeId: "me",
  unread: 0,
  ...change,
});

export const said = (id: string, seq: number, change: Partial<MessageView> = {}): MessageView =>
  message({ conversationId: id, seq, id: `${id}-${seq}`, version: seq, text: `zpráva ${seq}`, ...change });

export const change = (prev: number, version: number, messages: MessageView[], id = "a"): Change => ({
  prev,
  row: row(id, { version, lastSeq: messages.at(-1)?.seq ?? version }),
  messages: messages.map((one) => ({ ...one, version })),
});

export const detail = (id: string, version: number, messages: MessageView[], more = false): ConversationDetail => ({
  row: row(id, { version, lastSeq: messages.at(-1)?.seq ?? 0 }),
  contact: { ...makeCase(1, epoch).contact },
  threads: [],
  messages,
  more,
  drafts: [],
  viewers: [],
});

export const minute = (n: number): string => new Date(epoch + n * 60_000).toISOString();

import type { Change, ConversationRow, MessageView } from "#wire";
import { makeCase, type Case } from "./data.ts";

export class Refusal extends Error {
  readonly code: string;
  readonly data: unknown;
  constructor(code: string, data?: unknown) {
    super(code);
    this.code = code;
    this.data = data;
  }
}

/** Conversations in memory; every step grows a version and is told with its place in the log. */
export const makeMemory = (input: {
  readonly conversations: number;
  readonly tell: (change: Change, cursor: string) => void;
}) => {
  const { conversations, tell } = input;
  const started = Date.now();
  const cases = new Map(
    Array.from({ length: conversations }, (_, i) => makeCase(i, started)).map((one) => [one.row.id, one]),
  );
  const log: Change[] = [];

  const caseOf = (id: string): Case => {
    const found = cases.get(id);
    if (found === undefined) throw new Refusal("not-found");
    return found;
  };

  /** Commits one step: version + 1, told to the room with messages and to everybody else without. */
  const step = (one: Case, change: Partial<ConversationRow>, messages: MessageView[] = []): void => {
    const prev = one.row.version;
    one.row = { ...one.row, ...change, version: prev + 1 };
    const stamped = messages.map((item) => ({ ...item, version: prev + 1 }));
    for (const item of stamped) {
      const at = one.messages.findIndex(({ id }) => id === item.id);
      if (at < 0) one.messages.push(item);
      else one.messages[at] = item;
    }
    one.row.lastSeq = one.messages.at(-1)?.seq ?? 0;
    const told: Change = { prev, row: one.row, messages: stamped };
    log.push(told);
    tell(told, String(log.length));
  };

  const messageById = (id: string): [Case, MessageView] => {
    for (const one of cases.values()) {
      const found = one.messages.find((item) => item.id === id);
      if (found !== undefined) return [one, found];
    }
    throw new Refusal("not-found");
  };
  const deliver = (
    id: string,
    state: MessageView["deliveries"][number]["state"],
    errorCode: string | null = null,
  ): MessageView => {
    const [one, found] = messageById(id);
    const changed = {
      ...found,
      deliveries: found.deliveries.map((item) => ({ ...item, state, errorCode, dueAt: null })),
    };
    step(one, {}, [changed]);
    return one.messages.find((item) => item.id === id) ?? changed;
  };

  return { cases, log, caseOf, step, messageById, deliver };
};

import { hearing } from "../../../../connectors/phone/control/hearing.ts";
import { readMenus } from "../../../../connectors/phone/control/menus.ts";
import {
  type Action,
  type Command,
  type Input,
  type Line,
  newCall,
} from "../../../../connectors/phone/control/state.ts";
import { step } from "../../../../connectors/phone/control/step.ts";

export const line: Line = {
  number: "800123456",
  queue: "orders",
  language: "cs",
  notice: "v1",
  record: true,
  keepDays: 90,
  menu: undefined,
  menus: readMenus([
    "main says Press one",
    "main 1 queue orders",
    "main 2 queue help",
    "main 9 voicemail",
    "main else end",
  ]),
  closed: "voicemail",
  overflow: "voicemail",
  ringMs: 20_000,
  mostWaitMs: 300_000,
  positionMs: 60_000,
  wrapUpMs: 30_000,
  mostVoicemailMs: 120_000,
};

/** A call played by hand: every input one second later than the one before. */
export const play = (
  input: { readonly line?: Partial<Line>; readonly number?: string | undefined; readonly out?: boolean } = {},
) => {
  let at = 1_000;
  let state = newCall({
    id: "c1",
    direction: input.out === true ? "out" : "in",
    line: { ...line, ...input.line },
    number: "number" in input ? input.number : "+420777123456",
    at,
  });
  let last: readonly Action[] = [];
  const all: Action[] = [];
  const give = (next: Input): readonly Action[] => {
    at += 1_000;
    const made = step(state, next, at);
    state = made.state;
    last = made.actions;
    all.push(...made.actions);
    return last;
  };
  const by = (userId: string, command: Command): readonly Action[] =>
    give({ type: "by", userId, name: userId, command });
  return {
    give,
    by,
    state: () => state,
    last: () => last,
    all,
    names: (): readonly string[] => state.events.map(({ name }) => name),
    done: (what: Action["do"]): boolean => all.some((action) => action.do === what),
    hears: (leg: string): readonly string[] | undefined => hearing(state).get(leg),
    /** To the moment in which the caller waits in the queue. */
    queued: (): void => {
      give({ type: "arrived", open: true });
      give({ type: "played", prompt: "notice", done: true });
    },
    /** To the moment in which agent "ann" speaks with the customer. */
    talking: (): void => {
      give({ type: "arrived", open: true });
      give({ type: "played", prompt: "notice", done: true });
      give({ type: "found", userId: "ann", name: "Ann" });
      by("ann", { name: "answer" });
    },
    start: (change: (before: typeof state) => typeof state): void => {
      state = change(state);
    },
  };
};

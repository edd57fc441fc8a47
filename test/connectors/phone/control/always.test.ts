import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hearing } from "../../../../connectors/phone/control/hearing.ts";
import { type Command, type Input, newCall } from "../../../../connectors/phone/control/state.ts";
import { step } from "../../../../connectors/phone/control/step.ts";
import { line } from "./scene.ts";

const agents = ["ann", "bob", "sup"] as const;
const agent = fc.constantFrom(...agents);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.constantFrom(
    ...(["answer", "reject", "hangup", "hold", "resume", "resumeRecording"] as const).map((name): Command => ({
      name,
    })),
  ),
  fc.boolean().map((on): Command => ({ name: "mute", on })),
  fc.constant<Command>({ name: "pauseRecording", reason: "card" }),
  fc.constantFrom("complete", "conference", "cancel").map((next): Command => ({ name: "consult", next })),
  fc.constantFrom("listen", "whisper", "barge", "leave").map((mode): Command => ({ name: "monitor", mode })),
  fc
    .record({
      mode: fc.constantFrom("blind" as const, "attended" as const),
      to: fc.oneof(
        agent.map((id) => ({ type: "agent" as const, id, name: id })),
        fc.constant({ type: "queue" as const, id: "help" }),
        fc.constant({ type: "number" as const, number: "+420602000000" }),
      ),
    })
    .map((given): Command => ({ name: "transfer", ...given })),
);
const input: fc.Arbitrary<Input> = fc.oneof(
  fc
    .constantFrom("notice", "menu:main", "voicemail", "beep", "goodbye", "callback", "position:2")
    .chain((prompt) => fc.boolean().map((done): Input => ({ type: "played", prompt, done }))),
  fc
    .constantFrom("1", "2", "9", "*", "#")
    .map((digit): Input => ({ type: "digit", digit, via: "info", durationMs: 1 })),
  fc
    .constantFrom("ring", "wait", "menu", "voicemail", "pause", "lost" as const)
    .map((name): Input => ({ type: "timer", name })),
  agent.map((userId): Input => ({ type: "found", userId, name: userId })),
  agent.map((userId): Input => ({ type: "agentGone", userId })),
  fc.tuple(agent, command).map(([userId, given]): Input => ({ type: "by", userId, name: userId, command: given })),
  fc.nat({ max: 60_000 }).map((at): Input => ({ type: "legAnswered", leg: `third:${at}` })),
);

type State = ReturnType<typeof newCall>;

/** The promises a state breaks; none is what is wanted. */
const broken = (state: State, before: State): readonly string[] => {
  const hears = hearing(state);
  const all = [...hears];
  const as = (leg: string): string | undefined => state.parties.find((party) => party.leg === leg)?.as;
  const promises: readonly (readonly [string, boolean])[] = [
    ["what happened stays as it was", before.events.every((event, index) => state.events[index] === event)],
    ["one agent at most", state.parties.filter((party) => party.as === "agent").length <= 1],
    ["everybody is there once", new Set(state.parties.map(({ leg }) => leg)).size === state.parties.length],
    ["nobody hears themselves", all.every(([leg, from]) => !from.includes(leg))],
    ["no more than the mixer takes", all.every(([, from]) => from.length <= 4)],
    ["a monitor is heard by nobody", all.every(([, from]) => from.every((leg) => as(leg) !== "monitor"))],
    ["on hold the customer hears nobody", !state.held || hears.get("customer")?.length === 0],
    ["on hold nobody hears the customer", !state.held || all.every(([, from]) => !from.includes("customer"))],
    ["an ended call lets go of everybody", state.phase !== "ended" || state.parties.length === 0],
    ["an ended call has an outcome", state.phase !== "ended" || state.outcome !== undefined],
    ["an ended call is offered to nobody", state.phase !== "ended" || state.offered === undefined],
    ["an ended call is not recorded", state.phase !== "ended" || state.recording === "off"],
  ];
  return promises.flatMap(([promise, kept]) => (kept ? [] : [promise]));
};

/** Told first, or asked to leave a message: only then may anything be kept. */
const told = (state: State): boolean =>
  state.events.some(({ name }) => name === "announcementPlayed" || name === "voicemail");

/** To where an agent speaks: alone, chance rarely comes that far. */
const speaking: readonly Input[] = [
  { type: "played", prompt: "notice", done: true },
  { type: "digit", digit: "1", via: "info", durationMs: 1 },
  { type: "found", userId: "ann", name: "ann" },
  { type: "by", userId: "ann", name: "ann", command: { name: "answer" } },
];

test("whatever happens in whatever order, a call keeps its promises", () => {
  fc.assert(
    fc.property(fc.array(input, { size: "max", maxLength: 80 }), fc.boolean(), fc.boolean(), (inputs, open, begun) => {
      let state = newCall({
        id: "c",
        direction: "in",
        line: { ...line, menu: "main" },
        number: "+420777123456",
        at: 0,
      });
      let at = 0;
      for (const next of [{ type: "arrived", open: open || begun } as Input, ...(begun ? speaking : []), ...inputs]) {
        at += 700;
        const made = step(state, next, at);
        const secret = made.actions.some((action) => action.do === "startRecording") && !told(made.state);
        expect([...broken(made.state, state), ...(secret ? ["recorded before the caller was told"] : [])]).toEqual([]);
        state = made.state;
      }
    }),
    { numRuns: 1_000 },
  );
});

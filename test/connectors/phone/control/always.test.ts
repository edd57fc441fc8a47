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
    .map((name) => ({ type: "timer", name }) as Input),
  agent.map((userId): Input => ({ type: "found", userId, name: userId })),
  agent.map((userId): Input => ({ type: "agentGone", userId })),
  fc.tuple(agent, command).map(([userId, given]): Input => ({ type: "by", userId, name: userId, command: given })),
  fc.nat({ max: 60_000 }).map((at): Input => ({ type: "legAnswered", leg: `third:${at}` })),
);

test("whatever happens in whatever order, a call keeps its promises", () => {
  fc.assert(
    fc.property(
      fc.array(input, { size: "max", maxLength: 80 }),
      fc.boolean(),
      fc.boolean(),
      (inputs, open, speaking) => {
        let state = newCall({
          id: "c",
          direction: "in",
          line: { ...line, menu: "main" },
          number: "+420777123456",
          at: 0,
        });
        let at = 0;
        let told = false;
        // Half of the runs start where an agent speaks already: alone, chance rarely comes that far.
        const begun: readonly Input[] = speaking
          ? [
              { type: "played", prompt: "notice", done: true },
              { type: "digit", digit: "1", via: "info", durationMs: 1 },
              { type: "found", userId: "ann", name: "ann" },
              { type: "by", userId: "ann", name: "ann", command: { name: "answer" } },
            ]
          : [];
        for (const next of [{ type: "arrived", open: open || speaking } as Input, ...begun, ...inputs]) {
          at += 700;
          const before = state;
          const made = step(state, next, at);
          state = made.state;
          told ||= state.events.some(({ name }) => name === "announcementPlayed" || name === "voicemail");
          for (const action of made.actions) {
            // Told first, or asked to leave a message: only then may anything be kept.
            if (action.do === "startRecording") expect(told).toBe(true);
          }
          expect(state.events.slice(0, before.events.length)).toEqual(before.events);
          expect(state.parties.filter(({ as }) => as === "agent").length).toBeLessThanOrEqual(1);
          expect(new Set(state.parties.map(({ leg }) => leg)).size).toBe(state.parties.length);
          const hears = hearing(state);
          if (state.held) {
            expect(hears.get("customer")).toEqual([]);
            for (const from of hears.values()) expect(from).not.toContain("customer");
          }
          for (const [leg, from] of hears) {
            expect(from).not.toContain(leg);
            expect(from.length).toBeLessThanOrEqual(4);
            // A monitor is heard by nobody.
            for (const source of from)
              expect(state.parties.find((party) => party.leg === source)?.as).not.toBe("monitor");
          }
          if (state.phase === "ended") {
            expect(state.parties).toEqual([]);
            expect(state.outcome).toBeDefined();
            expect(state.offered).toBeUndefined();
            expect(state.recording).toBe("off");
          }
        }
      },
    ),
    { numRuns: 400 },
  );
});

import { describe, expect, test } from "vitest";
import { legOf } from "../../../../connectors/phone/control/state.ts";
import { play } from "./scene.ts";

const ann = legOf("ann");
const bob = legOf("bob");

describe("the announcement and the recording", () => {
  test("nothing is recorded before the announcement has been heard to its end, and the proof names its wording", () => {
    const call = play();
    call.give({ type: "arrived", open: true });
    expect(call.done("startRecording")).toBe(false);
    call.give({ type: "played", prompt: "notice", done: true });
    const names = call.names();
    expect(names.indexOf("announcementPlayed")).toBeLessThan(names.indexOf("recordingStarted"));
    expect(call.state().notice).toMatchObject({ version: "v1" });
    expect(call.last().map((action) => action.do)).toContain("startRecording");
  });

  test("an announcement that was cut short starts no recording", () => {
    const call = play();
    call.give({ type: "arrived", open: true });
    call.give({ type: "played", prompt: "notice", done: false });
    expect(call.done("startRecording")).toBe(false);
  });

  test("a line without an announcement is never recorded", () => {
    const call = play({ line: { notice: undefined, record: false } });
    call.give({ type: "arrived", open: true });
    call.give({ type: "found", userId: "ann", name: "Ann" });
    call.by("ann", { name: "answer" });
    call.give({ type: "customerGone", reason: "hung up" });
    expect(call.done("startRecording")).toBe(false);
    expect(call.by("ann", { name: "pauseRecording", reason: "card" })).toEqual([
      { do: "refuse", says: "The call has ended." },
    ]);
  });

  test("a pause for card numbers ends by itself after two minutes, and says that it was forgotten", () => {
    const call = play();
    call.talking();
    call.by("ann", { name: "pauseRecording", reason: "card" });
    expect(call.last()).toContainEqual({ do: "timer", name: "pause", ms: 120_000 });
    expect(call.state().recording).toBe("paused");
    call.give({ type: "timer", name: "pause" });
    expect(call.state().recording).toBe("on");
    expect(call.names()).toContain("pauseForgotten");
  });
});

describe("the menu", () => {
  test("a key leads to its queue", () => {
    const call = play({ line: { menu: "main" } });
    call.queued();
    expect(call.state().phase).toBe("menu");
    call.give({ type: "digit", digit: "2", via: "rfc4733", durationMs: 100 });
    expect(call.state()).toMatchObject({ phase: "queued", queue: "help" });
  });

  test("no key and a wrong key are asked again once, then the menu's own rule decides", () => {
    const call = play({ line: { menu: "main" } });
    call.queued();
    call.give({ type: "played", prompt: "menu:main", done: true });
    call.give({ type: "timer", name: "menu" });
    expect(call.last()).toContainEqual({ do: "play", prompt: "menu:main", loop: false });
    call.give({ type: "digit", digit: "7", via: "info", durationMs: 100 });
    expect(call.state().phase).toBe("closing");
    call.give({ type: "played", prompt: "goodbye", done: true });
    expect(call.state().phase).toBe("ended");
  });

  test("keys are counted, never kept: they may be a card number", () => {
    const call = play();
    call.talking();
    for (const digit of "4111") call.give({ type: "digit", digit, via: "rfc4733", durationMs: 100 });
    expect(JSON.stringify(call.state().events)).not.toMatch(/"digit"/);
    expect(call.names().filter((name) => name === "dtmf")).toHaveLength(4);
  });
});

describe("the queue", () => {
  test("a call is offered to one agent, and to the next when it is not taken", () => {
    const call = play();
    call.queued();
    call.give({ type: "found", userId: "ann", name: "Ann" });
    expect(call.last()).toContainEqual(expect.objectContaining({ do: "ring", userId: "ann" }));
    call.give({ type: "timer", name: "ring" });
    expect(call.last()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ do: "release", userId: "ann", wrapUp: false }),
        { do: "unready", userId: "ann" },
        { do: "seek", queue: "orders", excluded: ["ann"] },
      ]),
    );
    call.give({ type: "found", userId: "bob", name: "Bob" });
    call.by("bob", { name: "answer" });
    expect(call.state()).toMatchObject({ phase: "talking", agent: "bob" });
    expect(call.hears("customer")).toEqual([bob]);
    expect(call.hears(bob)).toEqual(["customer"]);
  });

  test("an offer answered too late is refused in words", () => {
    const call = play();
    call.queued();
    call.give({ type: "found", userId: "ann", name: "Ann" });
    call.give({ type: "timer", name: "ring" });
    call.give({ type: "found", userId: "bob", name: "Bob" });
    expect(call.by("ann", { name: "answer" })).toEqual([{ do: "refuse", says: "You are not on this call." }]);
    expect(call.state().offered?.userId).toBe("bob");
  });

  test("a caller who gives up is a missed call, and the agent's desk stops ringing", () => {
    const call = play();
    call.queued();
    call.give({ type: "found", userId: "ann", name: "Ann" });
    call.give({ type: "customerGone", reason: "hung up" });
    expect(call.state()).toMatchObject({ phase: "ended", outcome: "abandoned" });
    expect(call.last()).toContainEqual(expect.objectContaining({ do: "release", userId: "ann" }));
    expect(call.last()).toContainEqual({ do: "stopRecording" });
  });

  test("whoever waited too long leaves a message, and a key ends it", () => {
    const call = play();
    call.queued();
    call.give({ type: "timer", name: "wait" });
    expect(call.state().phase).toBe("voicemail");
    call.give({ type: "played", prompt: "voicemail", done: true });
    call.give({ type: "played", prompt: "beep", done: true });
    expect(call.state().outcome).toBe("voicemail");
    call.give({ type: "digit", digit: "#", via: "rfc4733", durationMs: 80 });
    expect(call.state()).toMatchObject({ phase: "ended", outcome: "voicemail" });
  });

  test("star asks to be called back; a withheld number cannot", () => {
    const call = play();
    call.queued();
    call.give({ type: "digit", digit: "*", via: "rfc4733", durationMs: 80 });
    expect(call.state()).toMatchObject({ phase: "closing", outcome: "callback" });
    const anonymous = play({ number: undefined });
    anonymous.queued();
    anonymous.give({ type: "digit", digit: "*", via: "rfc4733", durationMs: 80 });
    expect(anonymous.state().phase).toBe("queued");
  });

  test("the position is said once it changed, and the music goes on", () => {
    const call = play();
    call.queued();
    call.give({ type: "position", position: 3 });
    expect(call.last()).toContainEqual({ do: "play", prompt: "position:3", loop: false });
    call.give({ type: "played", prompt: "position:3", done: true });
    expect(call.last()).toContainEqual({ do: "play", prompt: "music", loop: true });
    call.give({ type: "position", position: 3 });
    expect(call.last().some((action) => action.do === "play")).toBe(false);
  });

  test("outside the hours the caller leaves a message and is told so", () => {
    const call = play();
    call.give({ type: "arrived", open: false });
    expect(call.names()).toContain("closed");
    expect(call.state().phase).toBe("voicemail");
  });
});

describe("during the call", () => {
  test("on hold the customer hears music only, and nobody hears the customer", () => {
    const call = play();
    call.talking();
    call.by("ann", { name: "hold" });
    expect([call.hears("customer"), call.hears(ann)]).toEqual([[], []]);
    expect(call.last()).toContainEqual({ do: "play", prompt: "music", loop: true });
    call.by("ann", { name: "resume" });
    expect([call.hears("customer"), call.hears(ann)]).toEqual([[ann], ["customer"]]);
  });

  test("a muted agent is not heard and still hears", () => {
    const call = play();
    call.talking();
    call.by("ann", { name: "mute", on: true });
    expect([call.hears("customer"), call.hears(ann)]).toEqual([[], ["customer"]]);
  });

  test("a blind transfer to a queue keeps the caller in the hub", () => {
    const call = play();
    call.talking();
    call.by("ann", { name: "transfer", mode: "blind", to: { type: "queue", id: "help" } });
    expect(call.state()).toMatchObject({ phase: "queued", queue: "help" });
    expect(call.last()).toContainEqual({ do: "seek", queue: "help", excluded: ["ann"] });
    expect(call.last()).toContainEqual(expect.objectContaining({ do: "release", userId: "ann", wrapUp: true }));
  });

  test("a blind transfer to a number costs no caller: the agent is let go when the number answers, and asked again when it does not", () => {
    const call = play();
    call.talking();
    call.by("ann", { name: "transfer", mode: "blind", to: { type: "number", number: "+420602000000" } });
    const dialled = call.last().find((action) => action.do === "dial");
    const leg = dialled?.do === "dial" ? dialled.leg : "";
    expect(call.hears("customer")).toEqual([]);
    call.give({ type: "legGone", leg, reason: "486 Busy Here" });
    expect(call.names()).toContain("transferFailed");
    expect(call.hears("customer")).toEqual([ann]);
    call.by("ann", { name: "transfer", mode: "blind", to: { type: "number", number: "+420602000000" } });
    const again = call.last().find((action) => action.do === "dial");
    const second = again?.do === "dial" ? again.leg : "";
    call.give({ type: "legAnswered", leg: second });
    expect(call.hears("customer")).toEqual([second]);
    expect(call.state().parties.map((party) => party.as)).toEqual(["third"]);
    call.give({ type: "legGone", leg: second, reason: "hung up" });
    expect(call.state().phase).toBe("ended");
  });

  test("a consulted colleague hears the agent alone; then the call is handed over", () => {
    const call = play();
    call.talking();
    call.by("ann", { name: "transfer", mode: "attended", to: { type: "agent", id: "bob", name: "Bob" } });
    expect(call.by("ann", { name: "consult", next: "complete" })).toEqual([
      { do: "refuse", says: "Nobody has answered yet." },
    ]);
    call.by("bob", { name: "answer" });
    expect([call.hears("customer"), call.hears(ann), call.hears(bob)]).toEqual([[], [bob], [ann]]);
    call.by("ann", { name: "consult", next: "complete" });
    expect(call.state()).toMatchObject({ agent: "bob", held: false });
    expect([call.hears("customer"), call.hears(bob), call.hears(ann)]).toEqual([[bob], ["customer"], undefined]);
  });

  test("a consultation becomes a conference of three, and goes on when one agent leaves", () => {
    const call = play();
    call.talking();
    call.by("ann", { name: "transfer", mode: "attended", to: { type: "agent", id: "bob", name: "Bob" } });
    call.by("bob", { name: "answer" });
    call.by("ann", { name: "consult", next: "conference" });
    expect(call.hears("customer")).toEqual([ann, bob]);
    expect(call.hears(ann)).toEqual(["customer", bob]);
    expect(call.hears(bob)).toEqual(["customer", ann]);
    call.by("ann", { name: "hangup" });
    expect(call.state().phase).toBe("talking");
    expect(call.hears("customer")).toEqual([bob]);
  });

  test("a colleague who does not take the consultation gives the customer back", () => {
    const call = play();
    call.talking();
    call.by("ann", { name: "transfer", mode: "attended", to: { type: "agent", id: "bob", name: "Bob" } });
    call.give({ type: "timer", name: "ring" });
    expect(call.names()).toContain("transferFailed");
    expect(call.hears("customer")).toEqual([ann]);
  });

  test("a supervisor who listens is heard by nobody, whispering is heard by the agent alone, barging by all", () => {
    const call = play();
    call.talking();
    const sup = legOf("sup");
    call.by("sup", { name: "monitor", mode: "listen" });
    expect(call.hears(sup)).toEqual(["customer", ann]);
    expect([call.hears("customer"), call.hears(ann)]).toEqual([[ann], ["customer"]]);
    call.by("sup", { name: "monitor", mode: "whisper" });
    expect([call.hears("customer"), call.hears(ann)]).toEqual([[ann], ["customer", sup]]);
    call.by("sup", { name: "monitor", mode: "barge" });
    expect([call.hears("customer"), call.hears(ann)]).toEqual([
      [ann, sup],
      ["customer", sup],
    ]);
    call.by("sup", { name: "monitor", mode: "leave" });
    expect(call.hears(sup)).toBeUndefined();
  });
});

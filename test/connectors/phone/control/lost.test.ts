import { describe, expect, test } from "vitest";
import { legOf } from "../../../../connectors/phone/control/state.ts";
import { play } from "./scene.ts";

const ann = legOf("ann");

describe("never lost", () => {
  test("an agent whose browser dies leaves the caller with music, and comes back to the same call", () => {
    const call = play();
    call.talking();
    call.give({ type: "agentGone", userId: "ann" });
    expect(call.hears("customer")).toEqual([]);
    expect(call.last()).toContainEqual({ do: "play", prompt: "music", loop: true });
    expect(call.last()).toContainEqual(expect.objectContaining({ do: "timer", name: "lost" }));
    call.by("ann", { name: "answer" });
    expect(call.hears("customer")).toEqual([ann]);
    expect(call.state().events.filter(({ name }) => name === "queued")).toHaveLength(1);
  });

  test("an agent who does not come back within the time gives the caller to the queue, the waited time kept", () => {
    const call = play();
    call.talking();
    const { queuedAt } = call.state();
    call.give({ type: "agentGone", userId: "ann" });
    call.give({ type: "timer", name: "lost" });
    expect(call.state()).toMatchObject({ phase: "queued", queuedAt });
    expect(call.last()).toContainEqual(expect.objectContaining({ do: "seek", queue: "orders" }));
  });

  test("a stopping hub ends calls truthfully: who was waiting is missed, who was speaking was answered", () => {
    const waiting = play();
    waiting.queued();
    waiting.give({ type: "stopping" });
    expect(waiting.state()).toMatchObject({ phase: "ended", outcome: "abandoned" });
    const speaking = play();
    speaking.talking();
    speaking.give({ type: "stopping" });
    expect(speaking.state()).toMatchObject({ phase: "ended", outcome: "answered" });
    expect(speaking.state().events.at(-1)).toMatchObject({ name: "ended", detail: { reason: "the hub stopped" } });
  });

  test("a lost media process ends the call with that reason", () => {
    const call = play();
    call.talking();
    call.give({ type: "mediaDown" });
    expect(call.names()).toContain("mediaLost");
    expect(call.state().phase).toBe("ended");
  });
});

describe("a call we make", () => {
  const dialled = () => {
    const call = play({ out: true });
    call.start((before) => ({
      ...before,
      agent: "ann",
      parties: [{ leg: ann, userId: "ann", name: "Ann", as: "agent", muted: false, on: true }],
    }));
    return call;
  };

  test("while it rings the agent hears the network and is not heard", () => {
    const call = dialled();
    expect([call.hears(ann), call.hears("customer")]).toEqual([["customer"], []]);
  });

  test("the called hears the announcement before anything is recorded, and then the agent", () => {
    const call = dialled();
    call.give({ type: "customerAnswered" });
    expect(call.done("startRecording")).toBe(false);
    expect(call.hears("customer")).toEqual([]);
    call.give({ type: "played", prompt: "notice", done: true });
    expect(call.done("startRecording")).toBe(true);
    expect(call.hears("customer")).toEqual([ann]);
  });

  test("a number that is busy is told so and leaves the agent free", () => {
    const call = dialled();
    call.give({ type: "customerFailed", status: 486, reason: "Busy Here" });
    expect(call.state()).toMatchObject({ phase: "ended", outcome: "unanswered" });
    expect(call.last()).toContainEqual(expect.objectContaining({ do: "release", userId: "ann" }));
  });
});

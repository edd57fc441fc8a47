import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createSession, type Line } from "../../../../src/web/state/session.ts";
import { settle } from "./make.ts";

const fakeLine = () => {
  const listeners = new Map<string, (payload: never) => void>();
  const emitted: { event: string; answer: (answer: never) => void }[] = [];
  const state = { connected: false, active: true, connects: 0 };
  const line: Line = {
    get connected() {
      return state.connected;
    },
    get active() {
      return state.active;
    },
    connect: () => {
      state.connects += 1;
    },
    disconnect: () => {
      state.connected = false;
    },
    on: (event, listener) => void listeners.set(event, listener),
    emit: (event, _takes, answer) => void emitted.push({ event, answer }),
  };
  const fire = (event: string, payload?: unknown) => {
    if (event === "connect") state.connected = true;
    if (event === "disconnect") state.connected = false;
    listeners.get(event)?.(payload as never);
  };
  return { line, fire, emitted, state };
};

describe("the line to the hub", () => {
  it("is online only when what was missed is there", async () => {
    const { line, fire } = fakeLine();
    const caught: boolean[] = [];
    let release: () => void = () => undefined;
    const session = createSession({
      line,
      now: () => 1,
      catchUp: (first) => {
        caught.push(first);
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    });
    fire("connect");
    expect(session.link.get().state).toBe("connecting");
    release();
    await settle();
    expect(session.link.get().state).toBe("online");
    fire("disconnect", "transport close");
    expect(session.link.get().state).toBe("lost");
    fire("connect");
    expect(session.link.get().state).toBe("catching-up");
    release();
    await settle();
    expect(session.link.get().state).toBe("online");
    expect(caught).toEqual([true, false]);
  });

  it("is not called online when it drops again while catching up", async () => {
    const { line, fire } = fakeLine();
    let release: () => void = () => undefined;
    const session = createSession({ line, now: () => 1, catchUp: () => new Promise((resolve) => (release = resolve)) });
    fire("connect");
    fire("disconnect", "transport close");
    release();
    await settle();
    expect(session.link.get().state).toBe("lost");
  });

  it("counts an outage from its beginning, however many tries fail", async () => {
    let now = 100;
    const { line, fire } = fakeLine();
    const session = createSession({ line, now: () => now, catchUp: () => Promise.resolve() });
    fire("connect");
    await settle();
    now = 200;
    fire("disconnect", "transport close");
    for (now = 300; now < 3_000; now += 400) fire("connect_error", new Error("websocket error"));
    expect(session.link.get()).toEqual({ state: "lost", since: 200 });
  });

  it("refuses open questions at once when it drops", async () => {
    const { line, fire } = fakeLine();
    const session = createSession({ line, now: () => 1, catchUp: () => Promise.resolve() });
    fire("connect");
    const asked = session.ask("contact.get", { id: "x" });
    fire("disconnect", "transport close");
    await expect(asked).rejects.toMatchObject({ code: "unavailable" });
    await expect(session.ask("contact.get", { id: "x" })).rejects.toMatchObject({ code: "unavailable" });
  });

  it("comes back by itself when the hub restarts or refuses for a while, but not when the session is over", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { line, fire, state } = fakeLine();
    const session = createSession({ line, now: () => 1, catchUp: () => Promise.resolve() });
    fire("connect");
    await settle();
    fire("bye", { reason: "server-stopping" });
    state.active = false;
    fire("disconnect", "io server disconnect");
    vi.advanceTimersByTime(2_000);
    expect(state.connects).toBe(1);
    fire("connect_error", new Error("busy"));
    vi.advanceTimersByTime(2_000);
    expect(state.connects).toBe(2);
    fire("connect");
    await settle();
    fire("bye", { reason: "revoked" });
    fire("disconnect", "io server disconnect");
    vi.advanceTimersByTime(20_000);
    expect(state.connects).toBe(2);
    expect(session.link.get()).toMatchObject({ state: "ended", reason: "revoked" });
  });

  it("sends to the login when the hub does not know the session", () => {
    const { line, fire } = fakeLine();
    const session = createSession({ line, now: () => 1, catchUp: () => Promise.resolve() });
    fire("connect_error", new Error("unauthorized"));
    expect(session.link.get()).toMatchObject({ state: "ended", reason: "expired" });
  });
});

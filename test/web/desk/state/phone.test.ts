import { describe, expect, it } from "vitest";
import type { PhoneCall } from "#wire";
import { createPhone, type Voice } from "../../../../src/web/state/phone.ts";
import { aCall } from "../../support/fake-phone.ts";

type Listener = (payload: unknown) => void;

/** A telephone without a browser: what it asks, what it hears, and a clock in the test's hands. */
const make = (options: { taken?: boolean; voice?: () => Promise<string>; answers?: () => PhoneCall[] } = {}) => {
  const asked: string[] = [];
  const listeners = new Map<string, Listener>();
  const waits: { ms: number; run: () => void }[] = [];
  const voices: { state: (state: "connected" | "lost") => void; muted: boolean; closed: boolean }[] = [];
  let lost: () => void = () => undefined;
  let released = 0;
  let remembered = false;
  const phone = createPhone({
    ask: (async (question: string) => {
      asked.push(question);
      return question === "phone.start" ? { sdp: "offer", calls: options.answers?.() ?? [] } : { callId: "c" };
    }) as never,
    on: (event, listener) => void listeners.set(event, listener as Listener),
    openVoice: (): Voice => {
      const voice: (typeof voices)[number] = { state: () => undefined, muted: false, closed: false };
      voices.push(voice);
      return {
        answer: options.voice ?? (async () => "answer"),
        mute: (on) => {
          voice.muted = on;
        },
        onState: (listener) => {
          voice.state = listener;
        },
        close: () => {
          voice.closed = true;
        },
      };
    },
    seize: async ({ force, onLost }) => {
      if (options.taken === true && !force) return null;
      lost = onLost;
      return () => void (released += 1);
    },
    memory: {
      get: () => remembered,
      set: (on) => {
        remembered = on;
      },
    },
    wait: (ms, run) => {
      const wait = { ms, run };
      waits.push(wait);
      return () => void waits.splice(waits.indexOf(wait) >>> 0, 1);
    },
  });
  return {
    phone,
    asked,
    waits,
    voices,
    hear: (event: string, payload: unknown) => listeners.get(event)?.(payload),
    steal: () => lost(),
    released: () => released,
    remembered: () => remembered,
  };
};

describe("the telephone of a tab", () => {
  it("is on once the sound was agreed, and is remembered for a refresh", async () => {
    const { phone, asked, remembered } = make();
    await phone.start(false);
    expect([phone.state.get().at, remembered()]).toEqual(["on", true]);
    expect(asked).toEqual(["phone.start", "phone.answer"]);
  });

  it("leaves the phone to the tab that has it, unless told to take it over", async () => {
    const { phone, asked } = make({ taken: true });
    await phone.start(false);
    expect([phone.state.get().at, asked]).toEqual(["elsewhere", []]);
    await phone.start(true);
    expect(phone.state.get().at).toBe("on");
  });

  it.each(["another tab", "another computer"])("goes quiet when %s takes it", async (who) => {
    const { phone, voices, hear, steal, released, remembered } = make();
    await phone.start(false);
    if (who === "another tab") steal();
    else hear("phone.taken", {});
    expect([phone.state.get().at, voices[0]?.closed, released(), remembered()]).toEqual(["elsewhere", true, 1, false]);
  });

  it("connects anew when the sound is not there in five seconds, and when it is lost later", async () => {
    const { phone, asked, waits, voices } = make();
    await phone.start(false);
    expect(waits.map(({ ms }) => ms)).toEqual([5_000]);
    waits.pop()?.run();
    await expect.poll(() => asked.length).toBe(4);
    voices[1]?.state("connected");
    expect([phone.state.get().media, waits.length, voices[0]?.closed]).toEqual(["connected", 0, true]);
    voices[1]?.state("lost");
    expect(phone.state.get().media).toBe("lost");
    waits.pop()?.run();
    await expect.poll(() => asked.length).toBe(6);
  });

  it("says that the microphone is blocked instead of trying for ever", async () => {
    const { phone, asked, waits } = make({ voice: () => Promise.reject(new DOMException("no", "NotAllowedError")) });
    await phone.start(false);
    expect([phone.state.get().at, waits.length]).toEqual(["blocked", 0]);
    expect(asked).toEqual(["phone.start", "phone.stop"]);
  });

  it("takes back the call that ran, and mutes the microphone as the call says", async () => {
    const { phone, voices } = make({ answers: () => [aCall({ state: "active", muted: true })] });
    await phone.start(false);
    expect(phone.calls.get().map(({ state }) => state)).toEqual(["active"]);
    expect(voices[0]?.muted).toBe(true);
  });

  it("shows the call that is spoken before the one that rings, and forgets what ended", async () => {
    const { phone, hear } = make();
    await phone.start(false);
    hear("phone.ringing", aCall({ callId: "a" }));
    hear("phone.state", aCall({ callId: "b", state: "active" }));
    expect(phone.calls.get().map(({ callId }) => callId)).toEqual(["b", "a"]);
    hear("phone.state", aCall({ callId: "b", state: "ended" }));
    hear("phone.ended", { callId: "a", reason: "gone" });
    expect(phone.calls.get()).toEqual([]);
  });

  it("tells why readiness was taken back", async () => {
    const { phone, hear } = make();
    await phone.start(false);
    await phone.setReady(true);
    hear("phone.ready", { ready: false, reason: "unanswered" });
    expect(phone.state.get()).toMatchObject({ ready: false, why: "unanswered" });
  });
});

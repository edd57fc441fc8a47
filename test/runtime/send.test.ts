import { getEventListeners } from "node:events";
import { Readable } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { accountId, type Connection, ConnectorError, remoteId } from "#contract";
import type { Outlet } from "#runtime/ports";
import { sendUnit, toUnits } from "#runtime/send";
import type { Claimed } from "#store/outbox";
import { uuid } from "#core/uuid";

const claimed = (): Claimed => ({
  id: uuid(),
  recipient: "",
  attempts: 1,
  messageId: uuid(),
  conversationId: uuid(),
  threadKey: "thread",
  windowUntil: null,
  byPerson: true,
  subject: null,
  body: "text",
  html: null,
  content: null,
  automatic: false,
  insisted: false,
  recipients: [{ recipient: "", role: "to" }],
  authorName: "Agent",
  avatarUrl: null,
  writtenAt: new Date(),
  identityKind: null,
  identityScope: null,
  answers: null,
  references: [],
  replyToken: null,
  parts: [],
});

const bench = (send: Connection["send"]) => {
  const [account, hub] = [new AbortController(), new AbortController()];
  const outlet: Outlet = {
    accountId: accountId("a"),
    tenantId: "t",
    connection: { start: () => Promise.resolve(), send },
    idempotent: false,
    limits: { replyWindowHours: false },
    lease: { name: "l", owner: "o", fencing: 1n },
    signal: account.signal,
    redact: (text) => text,
    sent: () => undefined,
    gone: () => undefined,
    authFailed: () => undefined,
  };
  const listeners = (): number =>
    [account, hub].reduce((sum, { signal }) => sum + getEventListeners(signal, "abort").length, 0);
  const one = () =>
    Promise.all(
      toUnits([claimed()]).map((unit) =>
        sendUnit({
          outlet,
          claim: "c",
          unit,
          files: { read: () => Readable.from([]) },
          stopped: hub.signal,
          now: () => new Date(),
          random: () => 0,
        }),
      ),
    );
  return { account, hub, listeners, one };
};
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

describe("sending", () => {
  it("leaves nothing behind: no listener, no timer, no signal and no warning after ten thousand sends", async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", note);
    let count = 0;
    const signals: WeakRef<AbortSignal>[] = [];
    const { listeners, one } = bench(async ({ key }, signal) => {
      count += 1;
      signals.push(new WeakRef(signal));
      if (count % 3 === 0) throw new ConnectorError("unreachable", "away");
      return { id: remoteId(key) };
    });
    const before = timers();
    try {
      for (let round = 0; round < 100; round += 1) await Promise.all(Array.from({ length: 100 }, one));
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    } finally {
      process.off("warning", note);
    }
    expect(count).toBe(10_000);
    expect(warnings).toEqual([]);
    expect(listeners()).toBe(0);
    expect(timers() - before).toBeLessThan(50);
    expect(signals.filter((signal) => signal.deref() !== undefined).length).toBeLessThan(500);
  });

  it.each(["account", "hub"] as const)(
    "tells the connector at once when the %s stops, before or during the send",
    async (who) => {
      const began = Promise.withResolvers<void>();
      const held = bench((_message, signal) => {
        began.resolve();
        return new Promise((_resolve, reject) => {
          const stop = (): void => reject(new Error("cut"));
          if (signal.aborted) stop();
          else signal.addEventListener("abort", stop, { once: true });
        });
      });
      const during = held.one();
      await began.promise;
      held[who].abort();
      for (const sent of [await during, await held.one()])
        expect(sent[0]?.outcomes).toMatchObject([{ state: "uncertain", errorCode: "uncertain" }]);
      expect(held.listeners()).toBe(0);
    },
  );
});

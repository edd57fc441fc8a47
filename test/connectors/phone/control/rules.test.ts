import { afterEach, describe, expect, test, vi } from "vitest";
import type { CallDesk } from "#contract";
import { type Agent, openAgents } from "../../../../connectors/phone/control/agents.ts";
import { openDialRules } from "../../../../connectors/phone/control/dialRules.ts";
import { parseMenuLine, readMenus } from "../../../../connectors/phone/control/menus.ts";
import { isHoliday, isOpen } from "../../../../connectors/phone/hours.ts";
import { kindOf, normalise } from "../../../../connectors/phone/numbers.ts";
import { parseNumber, settings } from "../../../../connectors/phone/settings.ts";

afterEach(() => void vi.useRealTimers());

describe("numbers", () => {
  test.each([
    ["777 123 456", "cz", "+420777123456", "ordinary"],
    ["00420 800-123-456", "cz", "+420800123456", "tollfree"],
    ["900 123 456", "cz", "+420900123456", "premium"],
    ["0905 123 456", "sk", "+421905123456", "ordinary"],
    ["+48 22 123 45 67", "pl", "+48221234567", "ordinary"],
    ["112", "cz", "112", "emergency"],
    ["116 111", "cz", "116111", "short"],
    ["1188", "cz", "1188", "short"],
    ["+421905123456", "cz", "+421905123456", "international"],
    ["+88213123456", "cz", "+88213123456", "international-premium"],
    ["+48700123456", "cz", "+48700123456", "international-premium"],
  ] as const)("%s dialled from %s is %s, %s", (text, plan, number, kind) => {
    expect(normalise(text, plan)).toBe(number);
    expect(kindOf(number, plan)).toBe(kind);
  });

  test.each(["", "abc", "12", "+0123456", "sip:alice@example.com", "777123456;phone-context=x"])(
    "%j is no number",
    (text) => expect(normalise(text, "cz")).toBeUndefined(),
  );
});

describe("dialling", () => {
  const open = (more: Partial<Parameters<typeof openDialRules>[0]["rules"]> = {}) => {
    const clock = { now: 0 };
    const rules = openDialRules({
      now: () => clock.now,
      rules: { plan: "cz", destinations: [], mostPerHour: 3, mostPerAgentHour: 2, mostMinutesPerDay: 10, ...more },
    });
    const dial = (to: string, purpose = "service", consentRef?: string) =>
      rules.check({ to, agent: "ann", purpose, consentRef });
    return { rules, dial, clock };
  };

  test("premium, foreign, emergency and fraud destinations are refused until the tenant allows them", () => {
    const { dial } = open();
    expect(dial("777123456")).toEqual({ ok: true, number: "+420777123456" });
    for (const to of ["906123456", "+421905123456", "112", "+88213123456", "nobody"]) expect(dial(to).ok).toBe(false);
    const allowed = open({ destinations: ["+421", "premium"] });
    expect([allowed.dial("+421905123456").ok, allowed.dial("906123456").ok]).toEqual([true, true]);
    // A country that is allowed does not allow its premium numbers.
    expect(allowed.dial("+421900123456").ok).toBe(false);
  });

  test("no consent, no marketing call", () => {
    const { dial } = open();
    expect(dial("777123456", "marketing").ok).toBe(false);
    expect(dial("777123456", "marketing", "consent-17").ok).toBe(true);
  });

  test("calls in an hour and minutes in a day have an end, and come back with time", () => {
    const { dial, rules, clock } = open();
    rules.made("ann");
    rules.made("ann");
    expect(dial("777123456")).toMatchObject({ ok: false, says: "Your limit of calls in an hour is reached." });
    clock.now = 3_600_001;
    expect(dial("777123456").ok).toBe(true);
    rules.talked(10 * 60_000);
    expect(dial("777123456")).toMatchObject({ ok: false, says: "The limit of minutes in a day is reached." });
    clock.now += 86_400_001;
    expect(dial("777123456").ok).toBe(true);
  });
});

describe("hours", () => {
  const open = (iso: string) =>
    isOpen({
      hours: ["Mo-Fr 08:00-18:00"],
      closedDays: ["2026-11-25"],
      holidays: "cz",
      timezone: "Europe/Prague",
      at: Date.parse(iso),
    });

  test("are those of the line's own zone, without weekends, holidays and closed days", () => {
    expect(open("2026-11-24T07:30:00Z")).toBe(true);
    expect(open("2026-11-24T06:30:00Z")).toBe(false);
    expect(open("2026-11-28T10:00:00Z")).toBe(false);
    expect(open("2026-11-17T10:00:00Z")).toBe(false);
    expect(open("2026-11-25T10:00:00Z")).toBe(false);
  });

  test("Easter moves, and Slovakia works on 8 May and 15 September in 2026 only", () => {
    expect(["2026-04-03", "2026-04-06", "2027-03-26"].map((day) => isHoliday("cz", day))).toEqual([true, true, true]);
    expect(["2026-05-08", "2026-09-15", "2027-05-08", "2027-09-15"].map((day) => isHoliday("sk", day))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(["2026-06-04", "2026-12-24"].map((day) => isHoliday("pl", day))).toEqual([true, true]);
  });
});

describe("settings", () => {
  test("menus and numbers are written a line each", () => {
    const menus = readMenus(["main says Press one", "main 1 queue orders", "main else voicemail", "other 1 end"]);
    expect(menus.get("main")).toEqual({
      id: "main",
      text: "Press one",
      choices: new Map([["1", { go: "queue", queue: "orders" }]]),
      otherwise: { go: "voicemail" },
    });
    expect(menus.has("other")).toBe(false);
    expect(parseMenuLine("main 1 fly away")).toBeUndefined();
    expect(parseNumber("+420800123456 queue=orders language=sk type=tollfree record=no")).toEqual({
      number: "+420800123456",
      queue: "orders",
      language: "sk",
      type: "tollfree",
      menu: undefined,
      record: false,
    });
    expect(parseNumber("+420800123456 language=xx")).toBeUndefined();
  });

  test("a trunk to try with needs no settings at all", () => {
    expect(settings.parse({})).toMatchObject({ listenHost: "127.0.0.1", listenPort: 5060, record: true });
  });
});

describe("who gets the call", () => {
  const desk = (userId: string, queues: CallDesk["queues"] = "all"): CallDesk => ({
    userId,
    name: userId,
    queues,
    supervises: false,
    restricted: false,
    tell: () => undefined,
  });
  const open = () => {
    const clock = { now: 0 };
    const agents = openAgents({ now: () => clock.now });
    const sit = (userId: string, queues?: CallDesk["queues"]): Agent => {
      clock.now += 1_000;
      const agent = agents.enter(desk(userId, queues), "line");
      Object.assign(agent, { connected: true, wants: true, idleSince: clock.now });
      return agent;
    };
    const got: string[] = [];
    const seek = (callId: string, queue = "", excluded: readonly string[] = []): void => {
      clock.now += 1_000;
      agents.seek({
        callId,
        accountId: "line",
        queue,
        since: clock.now,
        excluded,
        found: ({ userId }) => void got.push(`${callId}:${userId}`),
      });
    };
    return { agents, clock, sit, seek, got };
  };

  test("the agent idle longest of those ready in the queue, one call each", () => {
    const { sit, seek, got, agents } = open();
    sit("ann");
    sit("bob");
    sit("cyril", ["help"]);
    seek("1");
    seek("2");
    seek("3");
    seek("4", "help");
    expect(got).toEqual(["1:ann", "2:bob", "4:cyril"]);
    expect(agents.position("3")).toBe(1);
    const ann = agents.get("ann");
    if (ann !== undefined) agents.free(ann, "1");
    expect(got.at(-1)).toBe("3:ann");
    agents.stop();
  });

  test("who let it ring is passed over for a while, then asked again when nobody else is there", () => {
    vi.useFakeTimers();
    const { sit, seek, got, agents, clock } = open();
    sit("ann");
    seek("1", "", ["ann"]);
    expect(got).toEqual([]);
    clock.now += 20_000;
    vi.advanceTimersByTime(2_000);
    expect(got).toEqual(["1:ann"]);
    agents.stop();
  });

  test("who waits longest is served first", () => {
    const { sit, seek, got, agents } = open();
    seek("1");
    seek("2");
    sit("ann");
    agents.dispatch();
    expect(got).toEqual(["1:ann"]);
    agents.stop();
  });
});

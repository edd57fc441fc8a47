import { describe, expect, it } from "vitest";
import { createAlerts } from "../../../../src/web/state/alerts.ts";
import { minute, row } from "./make.ts";

const begun = (looking: (id: string) => boolean = () => false) => {
  const alerts = createAlerts({ meId: "me", now: () => Date.parse(minute(0)), looking });
  const told: string[] = [];
  alerts.onNew((alert) => told.push(alert.conversationId));
  const unseen = () =>
    alerts.list
      .get()
      .filter((alert) => !alert.seen)
      .map((alert) => alert.conversationId);
  return { alerts, told, unseen };
};
const word = (id: string, at: number, change: Parameters<typeof row>[1] = {}) =>
  row(id, { lastDirection: "in", unread: 1, lastAt: minute(at), ...change });

describe("what an agent is told of", () => {
  it("is a customer's word in one's own conversation and in one that nobody has, once", () => {
    const { alerts, told, unseen } = begun();
    alerts.hear([word("mine", 1), word("free", 2, { assigneeId: null }), word("other", 3, { assigneeId: "anna" })]);
    alerts.hear([word("mine", 1, { version: 2, tags: ["vip"] })]);
    expect(told).toEqual(["mine", "free"]);
    expect(unseen()).toEqual(["free", "mine"]);
    alerts.hear([word("mine", 4)]);
    expect(told).toEqual(["mine", "free", "mine"]);
    expect(alerts.list.get()).toHaveLength(2);
  });

  it("is not what was said before the agent came, what a colleague said, or what is on the screen", () => {
    const { alerts, told } = begun((id) => id === "open");
    alerts.hear([word("old", -5), word("open", 1), word("answer", 2, { lastDirection: "out" })]);
    alerts.hear([word("closed", 3, { status: "closed" })]);
    expect(told).toEqual([]);
  });

  it("counts as seen once it was read, answered, taken by a colleague, or looked at in the list", () => {
    const { alerts, unseen } = begun();
    alerts.hear([word("a", 1), word("b", 1), word("c", 1), word("d", 1)]);
    alerts.hear([word("a", 1, { unread: 0 })]);
    alerts.hear([word("b", 1, { assigneeId: "anna" })]);
    alerts.see("c");
    expect(unseen()).toEqual(["d"]);
    alerts.seeAll();
    expect(unseen()).toEqual([]);
    expect(alerts.list.get()).toHaveLength(4);
  });

  it("of a client company whose access was taken away is forgotten", () => {
    const { alerts } = begun();
    const alert = word("a", 1);
    alerts.hear([alert]);
    alerts.dropTenants([alert.tenantId]);
    expect(alerts.list.get()).toEqual([]);
  });
});

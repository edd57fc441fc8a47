import { describe, expect, it } from "vitest";
import { createOutbox, type Letter } from "../../../../src/web/state/outbox.ts";
import { said, settle, slowHub } from "./make.ts";

const letter = (text: string, change: Partial<Letter> = {}): Letter => ({
  conversationId: "a",
  mode: "reply",
  threadId: "t",
  channel: "chat",
  text,
  subject: null,
  uploads: [],
  expectedSeq: 4,
  thenStatus: null,
  ...change,
});

const make = (retryMs?: number) => {
  const hub = slowHub();
  let keys = 0;
  const sent: string[] = [];
  const outbox = createOutbox({
    ask: hub.ask,
    now: () => 0,
    key: () => `key-${(keys += 1)}`,
    onSent: ({ message }) => sent.push(message.text),
    ...(retryMs === undefined ? {} : { retryMs }),
  });
  return { hub, outbox, sent };
};

describe("what an agent has written and the hub has not confirmed", () => {
  it("is shown at once and goes when the hub has it", async () => {
    const { hub, outbox, sent } = make();
    outbox.add(letter("Ahoj"));
    expect(outbox.of("a")).toMatchObject([{ text: "Ahoj", state: "sending" }]);
    (await hub.next("message.send")).answer({ message: said("a", 5, { text: "Ahoj" }) });
    await settle();
    expect(outbox.of("a")).toEqual([]);
    expect(sent).toEqual(["Ahoj"]);
  });

  it("goes out in order, one after the other", async () => {
    const { hub, outbox, sent } = make();
    outbox.add(letter("první"));
    outbox.add(letter("druhá"));
    const first = await hub.next("message.send");
    expect(hub.open).toHaveLength(0);
    first.answer({ message: said("a", 5, { text: "první" }) });
    (await hub.next("message.send")).answer({ message: said("a", 6, { text: "druhá" }) });
    await settle();
    expect(sent).toEqual(["první", "druhá"]);
  });

  it("waits without a connection and goes under the same key afterwards", async () => {
    const { hub, outbox } = make();
    outbox.add(letter("Ahoj"));
    const lost = await hub.next("message.send");
    lost.refuse("unavailable");
    await settle();
    expect(outbox.of("a")).toMatchObject([{ state: "waiting" }]);
    expect(outbox.waiting()).toBe(1);
    outbox.resume();
    const again = await hub.next("message.send");
    expect(again.takes["clientKey"]).toBe(lost.takes["clientKey"]);
    again.answer({ message: said("a", 5) });
    await settle();
    expect(outbox.of("a")).toEqual([]);
  });

  it("is sent again by itself when the hub could not store it and the line stayed up", async () => {
    const { hub, outbox } = make(10);
    outbox.add(letter("Ahoj"));
    const refused = await hub.next("message.send");
    refused.refuse("unavailable");
    const again = await hub.next("message.send");
    expect(again.takes["clientKey"]).toBe(refused.takes["clientKey"]);
    again.answer({ message: said("a", 5) });
    await settle();
    expect(outbox.of("a")).toEqual([]);
  });

  it("stays visible when refused and is sent again only by a person, with its files", async () => {
    const { hub, outbox } = make();
    const uploads = [{ id: "u1", name: "doklad.pdf", mime: "application/pdf", size: 1 }];
    const clientKey = outbox.add(letter("Ahoj", { uploads }));
    (await hub.next("message.send")).refuse("failed");
    await settle();
    outbox.resume();
    expect(hub.open).toEqual([]);
    expect(outbox.of("a")).toMatchObject([{ state: "failed", refusal: "failed" }]);
    outbox.retry({ clientKey });
    expect((await hub.next("message.send")).takes).toMatchObject({ clientKey, uploadIds: ["u1"] });
  });

  it("asks the agent when somebody else wrote meanwhile, and sends anyway only when told", async () => {
    const { hub, outbox } = make();
    const clientKey = outbox.add(letter("Ahoj"));
    const asked = await hub.next("message.send");
    expect(asked.takes["expectedSeq"]).toBe(4);
    asked.refuse("stale", { messages: [said("a", 5, { text: "Já už odpověděl." })] });
    await settle();
    expect(outbox.of("a")).toMatchObject([{ state: "stale", news: [{ text: "Já už odpověděl." }] }]);
    outbox.resume();
    expect(hub.open).toEqual([]);
    outbox.retry({ clientKey, anyway: true });
    const again = await hub.next("message.send");
    expect(again.takes).not.toHaveProperty("expectedSeq");
    expect(again.takes["clientKey"]).toBe(clientKey);
  });

  it("can be taken back as long as it has not gone out, and then lets the next one go", async () => {
    const { hub, outbox } = make();
    const clientKey = outbox.add(letter("špatně"));
    outbox.add(letter("dobře"));
    (await hub.next("message.send")).refuse("failed");
    await settle();
    expect(outbox.withdraw(clientKey)?.text).toBe("špatně");
    expect((await hub.next("message.send")).takes["text"]).toBe("dobře");
  });

  it("cannot be taken back while it is on its way", () => {
    const { outbox } = make();
    const clientKey = outbox.add(letter("Ahoj"));
    expect(outbox.withdraw(clientKey)).toBeNull();
  });

  it("is not shown twice when the feed is faster than the answer", async () => {
    const { hub, outbox, sent } = make();
    const clientKey = outbox.add(letter("Ahoj"));
    const asked = await hub.next("message.send");
    outbox.confirm([said("a", 5, { clientKey })]);
    expect(outbox.of("a")).toEqual([]);
    asked.answer({ message: said("a", 5, { text: "Ahoj", clientKey }) });
    await settle();
    expect(sent).toEqual(["Ahoj"]);
    expect(outbox.of("a")).toEqual([]);
  });

  it("of another conversation does not wait", async () => {
    const { hub, outbox } = make();
    outbox.add(letter("první"));
    outbox.add(letter("jinam", { conversationId: "b" }));
    expect((await hub.next("message.send")).takes["conversationId"]).toBe("a");
    expect((await hub.next("message.send")).takes["conversationId"]).toBe("b");
  });
});

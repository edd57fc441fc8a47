import { describe, expect, it } from "vitest";
import { createConversations } from "../../../../src/web/state/conversations.ts";
import { change, detail, row, said, settle, slowHub } from "./make.ts";

const opened = async (version: number, seqs: number[], more = false) => {
  const hub = slowHub();
  const store = createConversations({ ask: hub.ask, settleMs: 1 });
  const work = store.open("a");
  (await hub.next("conversation.open")).answer(
    detail(
      "a",
      version,
      seqs.map((seq) => said("a", seq)),
      more,
    ),
  );
  await work;
  const seqsOf = () => store.get("a")?.messages.map((one) => one.seq);
  return { hub, store, seqsOf };
};

describe("a conversation held in the browser", () => {
  it("shows news that follows what it holds", async () => {
    const { store, seqsOf, hub } = await opened(3, [1, 2, 3]);
    store.apply(change(3, 4, [said("a", 4)]));
    expect(seqsOf()).toEqual([1, 2, 3, 4]);
    expect(store.get("a")?.version).toBe(4);
    expect(hub.open).toEqual([]);
  });

  it("asks for exactly what is missing after a gap, and shows what came meanwhile", async () => {
    const { store, seqsOf, hub } = await opened(3, [1, 2, 3]);
    store.apply(change(6, 7, [said("a", 7)]));
    const since = await hub.next("conversation.since");
    expect(since.takes).toEqual({ id: "a", version: 3 });
    since.answer({ row: row("a", { version: 7 }), messages: [4, 5, 6, 7].map((seq) => said("a", seq)), more: false });
    await settle();
    expect(seqsOf()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(store.get("a")?.version).toBe(7);
  });

  it("reads a long gap page by page", async () => {
    const { store, seqsOf, hub } = await opened(1, [1]);
    store.apply(change(5, 6, [said("a", 6)]));
    (await hub.next("conversation.since")).answer({
      row: row("a", { version: 6 }),
      messages: [said("a", 2), said("a", 3)],
      more: true,
    });
    const second = await hub.next("conversation.since");
    expect(second.takes).toEqual({ id: "a", version: 3 });
    second.answer({ row: row("a", { version: 6 }), messages: [4, 5, 6].map((seq) => said("a", seq)), more: false });
    await settle();
    expect(seqsOf()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("never shows a message twice and never an older state over a newer one", async () => {
    const { store, seqsOf } = await opened(2, [1, 2]);
    store.apply({ ...change(2, 4, []), messages: [said("a", 2, { text: "opraveno", version: 4 })] });
    store.apply({ ...change(2, 3, []), messages: [said("a", 2, { text: "staré", version: 3 })] });
    expect(seqsOf()).toEqual([1, 2]);
    expect(store.get("a")?.messages[1]?.text).toBe("opraveno");
  });

  it("orders by seq, whatever the order of arrival", async () => {
    const { store, seqsOf } = await opened(1, [1]);
    store.apply({ ...change(1, 3, []), messages: [said("a", 3, { version: 3 }), said("a", 2, { version: 2 })] });
    expect(seqsOf()).toEqual([1, 2, 3]);
  });

  it("keeps news that came between joining the room and its first page", async () => {
    const hub = slowHub();
    const store = createConversations({ ask: hub.ask });
    const work = store.open("a");
    const open = await hub.next("conversation.open");
    store.apply(change(2, 3, [said("a", 3)]));
    open.answer(detail("a", 2, [said("a", 1), said("a", 2)]));
    await work;
    expect(store.get("a")?.messages.map((one) => one.seq)).toEqual([1, 2, 3]);
    expect(store.get("a")?.version).toBe(3);
  });

  it("does not take list news without messages for the whole news while it is out of the room", async () => {
    const { store, hub } = await opened(3, [1, 2, 3]);
    store.parted();
    store.apply({ prev: 3, row: row("a", { version: 4, lastSeq: 4 }), messages: [] });
    expect(store.get("a")?.version).toBe(3);
    expect((await hub.next("conversation.since")).takes).toEqual({ id: "a", version: 3 });
  });

  it("keeps what was scrolled up to when the line comes back", async () => {
    const { store, hub, seqsOf } = await opened(60, [58, 59, 60], true);
    const older = store.older("a");
    (await hub.next("conversation.before")).answer({ messages: [said("a", 56), said("a", 57)], more: true });
    await older;
    store.parted();
    store.apply({ prev: 60, row: row("a", { version: 61, lastSeq: 61 }), messages: [said("a", 61, { version: 61 })] });
    const work = store.rejoin({ reset: false });
    (await hub.next("conversation.open")).answer(detail("a", 61, [said("a", 60), said("a", 61)], true));
    await work;
    expect(seqsOf()).toEqual([56, 57, 58, 59, 60, 61]);
  });

  it("lets an old cache go when the fresh page does not join it", async () => {
    const { store, hub, seqsOf } = await opened(3, [1, 2, 3]);
    const work = store.rejoin({ reset: true });
    (await hub.next("conversation.open")).answer(detail("a", 90, [said("a", 89), said("a", 90)], true));
    await work;
    expect(seqsOf()).toEqual([89, 90]);
    expect(store.get("a")?.more).toBe(true);
  });

  it("forgets the least recently used above its capacity, but never the open one", async () => {
    const hub = slowHub();
    const store = createConversations({ ask: hub.ask, capacity: 2 });
    for (const id of ["a", "b", "c"]) {
      const work = store.open(id);
      (await hub.next("conversation.open")).answer(detail(id, 1, [said(id, 1)]));
      await work;
      if (id !== "a") store.leave(id);
    }
    expect(store.get("a")?.state).toBe("ready");
    expect(store.get("b")).toBeUndefined();
    expect(store.have()).toHaveLength(2);
  });

  it("is emptied when the agent loses the client company", async () => {
    const { store } = await opened(1, [1]);
    store.dropTenants([store.get("a")?.row?.tenantId ?? ""]);
    expect(store.get("a")).toMatchObject({ state: "refused", refusal: "forbidden", messages: [] });
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uuid } from "#core/uuid";
import { addConversation, addTenant, addUser, deskSocket, type Hub, logIn, startHub } from "./hub.ts";

let hub: Hub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.stop());

describe("a restricted agent", () => {
  test("is told in a refusal what is new, masked like everything else: people without a number or an address too", async () => {
    const tenant = await addTenant(hub, "refusals");
    const canaries = ["602777333", "canary@refusal.example", "Radomila", "radomila.s", "radka_handle"];
    const words = `${canaries[0]}, ${canaries[1]}`;
    const { id, messageId } = await addConversation(hub, {
      tenantId: tenant,
      contactName: "Radomila Skrytá",
      body: words,
    });
    await hub.prisma.message.update({
      where: { id: messageId },
      data: { detail: { from: [{ name: "Radomila Skrytá", address: canaries[1] }], count: 1 } },
    });
    const [accountId, threadId] = [uuid(), uuid()];
    await hub.prisma.channelAccount.create({
      data: { id: accountId, tenantId: tenant, kind: "loopback", name: "Loop" },
    });
    await hub.prisma.thread.create({ data: { id: threadId, tenantId: tenant, accountId, externalKey: "t" } });
    await hub.prisma.delivery.create({
      data: {
        id: uuid(),
        tenantId: tenant,
        messageId,
        conversationId: id,
        threadId,
        accountId,
        recipient: "radomila.s",
        seq: 1,
        state: "sent",
      },
    });
    await hub.prisma.reaction.create({
      data: { messageId, actor: "radka_handle", tenantId: tenant, emoji: "👍", at: new Date() },
    });
    const refusals = async (name: string, profile: "normal" | "restricted" | "crisis"): Promise<string> => {
      const user = await addUser(hub, name, [{ tenantId: tenant, profile }]);
      const client = await deskSocket(hub, await logIn(hub, user));
      const reply = { conversationId: id, mode: "reply" as const, uploadIds: [] };
      const stale = await client.ask("message.send", { ...reply, clientKey: uuid(), text: "late", expectedSeq: 0 });
      expect(stale).toMatchObject({ ok: false, refusal: { code: "stale", data: { messages: [{ id: messageId }] } } });
      const draft = { conversationId: id, mode: "note" as const, body: words, rev: 0 };
      await client.ask("draft.save", draft);
      const clash = await client.ask("draft.save", { ...draft, rev: 7 });
      expect(clash).toMatchObject({ ok: false, refusal: { code: "conflict", data: { draft: { rev: 1 } } } });
      expect(JSON.stringify(clash)).not.toContain(tenant);
      client.socket.close();
      return JSON.stringify([stale, clash]);
    };
    const open = await refusals("Open Agent", "normal");
    for (const canary of canaries) expect(open).toContain(canary);
    for (const profile of ["restricted", "crisis"] as const) {
      const masked = await refusals(`Masked ${profile}`, profile);
      expect(masked).toContain("Skrytá");
      for (const canary of canaries) expect(masked).not.toContain(canary);
    }
  });

  test("can neither merge people nor take a merge of theirs back", async () => {
    const tenant = await addTenant(hub, "merges");
    const [into, from] = [
      await addConversation(hub, { tenantId: tenant }),
      await addConversation(hub, { tenantId: tenant }),
    ];
    const open = await logIn(hub, await addUser(hub, "Merges Openly", [{ tenantId: tenant }]));
    const masked = await logIn(hub, await addUser(hub, "Merges Masked", [{ tenantId: tenant, profile: "restricted" }]));
    const merge = [`/api/contacts/${into.contactId}/merge`, { fromId: from.contactId, reason: "same person" }] as const;
    expect((await masked.call("POST", ...merge)).status).toBe(403);
    const { mergeId } = (await (await open.call("POST", ...merge)).json()) as { mergeId: string };
    expect((await masked.call("POST", `/api/merges/${mergeId}/undo`)).status).toBe(403);
    const rows = await hub.prisma.contactMerge.findMany({ where: { id: mergeId } });
    expect(rows).toMatchObject([{ undoneAt: null }]);
    expect((await open.call("POST", `/api/merges/${mergeId}/undo`)).status).toBe(200);
  });
});

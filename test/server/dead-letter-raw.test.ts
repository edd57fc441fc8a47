import { afterAll, beforeAll, expect, test } from "vitest";
import { uuid } from "#core/uuid";
import { addTenant, addUser, type Browser, type Hub, logIn, startHub } from "./hub.ts";
import { toy } from "./toy.ts";

let hub: Hub;
let admin: Browser;
let stranger: Browser;
const event = uuid();
const letter = Buffer.from("From: a@b.cz\r\nSubject: poison\r\n\r\nnobody could read this\r\n");
beforeAll(async () => {
  hub = await startHub({ connectors: [toy] });
  const tenantId = await addTenant(hub, "own");
  admin = await logIn(hub, await addUser(hub, "Admin", [{ tenantId, role: "admin" }]));
  const foreign = await addTenant(hub, "foreign");
  stranger = await logIn(hub, await addUser(hub, "Stranger", [{ tenantId: foreign, role: "admin" }]));
  const account = uuid();
  const config = { host: account };
  await hub.prisma.channelAccount.create({
    data: { id: account, tenantId, kind: "toy", name: "Box", address: account, config, enabled: false },
  });
  await hub.prisma.inboundEvent.create({
    data: {
      id: event,
      tenantId,
      accountId: account,
      dedupeKey: "u:1",
      type: "unparsed",
      payload: {},
      raw: letter,
      state: "parked",
      error: "unreadable",
    },
  });
});
afterAll(() => hub.stop());

test("a letter nobody could read is downloaded as it came, by its company's administrator only, and each download is noted", async () => {
  const path = `/api/admin/dead-letters/${event}/raw`;
  expect((await stranger.call("GET", path)).status).toBe(404);
  const answer = await admin.call("GET", path);
  expect(Buffer.from(await answer.arrayBuffer()).equals(letter)).toBe(true);
  expect(answer.headers.get("content-disposition")).toMatch(/^attachment/);
  expect(await hub.prisma.auditEntry.count({ where: { action: "dead-letter.raw", target: event } })).toBe(1);
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uuid } from "#core/uuid";
import { verifyAudit } from "#store/audit";
import { expireRecordings } from "#store/recordings";
import { addConversation, addQueue, addTenant, addUser, type Browser, type Hub, logIn, startHub } from "./hub.ts";
import { addCall, keepWav } from "./recording.ts";

let hub: Hub;
let tenantId: string;
let agent: { readonly id: string; readonly page: Browser };
const wav = Buffer.alloc(58 + 16_000 * 10, 0xd5);
const recording = uuid();

const callIn = async (tenant: string, queueId: string | null): Promise<string> => {
  const { id: conversationId } = await addConversation(hub, { tenantId: tenant, queueId });
  const accountId = uuid();
  await hub.prisma.channelAccount.create({ data: { id: accountId, tenantId: tenant, kind: "toy", name: "Line" } });
  return addCall(hub, { tenantId: tenant, accountId, conversationId });
};
const keep = (tenant: string, callId: string, recordingId: string): Promise<boolean> =>
  keepWav(hub, { tenantId: tenant, callId, recordingId, wav });

beforeAll(async () => {
  hub = await startHub();
  // A customer's voice in the third of ten seconds.
  for (let at = 0; at < 16_000; at += 2) wav[58 + 32_000 + at] = 0xaa;
  tenantId = await addTenant(hub, "bank");
  const queueId = await addQueue(hub, tenantId, "sales");
  const user = await addUser(hub, "Anna Agent", [{ tenantId, queueIds: [queueId] }]);
  agent = { id: user.id, page: await logIn(hub, user) };
  await keep(tenantId, await callIn(tenantId, queueId), recording);
});
afterAll(() => hub.stop());

const listened = async (): Promise<string[]> =>
  (
    await hub.prisma.auditEntry.findMany({ where: { target: recording, actorId: agent.id }, orderBy: { no: "asc" } })
  ).map(({ action }) => action);

describe("a recording", () => {
  test("plays back as it was recorded, in parts too, and every access is in the audit", async () => {
    const before = (await listened()).length;
    const whole = await agent.page.call("GET", `/api/recordings/${recording}/audio`);
    expect([whole.status, whole.headers.get("content-type"), whole.headers.get("cache-control")]).toEqual([
      200,
      "audio/wav",
      "private, no-store",
    ]);
    expect(Buffer.from(await whole.arrayBuffer()).equals(wav)).toBe(true);
    const part = await agent.page.call("GET", `/api/recordings/${recording}/audio`, undefined, {
      range: "bytes=65000-70000",
    });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 65000-70000/${wav.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(wav.subarray(65_000, 70_001))).toBe(true);
    const beyond = await agent.page.call("GET", `/api/recordings/${recording}/audio`, undefined, {
      range: "bytes=999999999-",
    });
    expect(beyond.status).toBe(416);
    expect((await listened()).slice(before)).toEqual(Array.from({ length: 3 }, () => "recording.listened"));
    expect(await verifyAudit({ db: hub.db, tenantId })).toBeNull();
  });

  test("shows its length, where who spoke, and where it was paused", async () => {
    const answer = await agent.page.call("GET", `/api/recordings/${recording}`);
    const shape = (await answer.json()) as { ms: number; left: number[]; right: number[]; pauses: unknown[] };
    expect(shape).toMatchObject({ ms: 10_000, pauses: [{ fromMs: 1_000, toMs: 2_000, reason: "card" }] });
    const loud = shape.left.flatMap((value, at) => (value > 200 ? [at / shape.left.length] : []));
    expect([Math.min(...loud), Math.max(...loud)]).toEqual([expect.closeTo(0.2, 2), expect.closeTo(0.3, 2)]);
    expect(shape.right.every((value) => value === 0)).toBe(true);
  });

  test("is not on the disk in clear", async () => {
    const { blobKey } = await hub.prisma.recording.findUniqueOrThrow({ where: { id: recording } });
    const parts: Buffer[] = [];
    for await (const chunk of hub.files.read(blobKey)) parts.push(chunk as Buffer);
    expect(Buffer.concat(parts).includes("WAVE")).toBe(false);
    expect(Buffer.concat(parts).includes(Buffer.alloc(64, 0xd5))).toBe(false);
  });

  test.each([
    ["a restricted colleague", { profile: "restricted" as const }, 403],
    ["a consultant of a crisis line", { profile: "crisis" as const }, 403],
    ["the client company's viewer", { role: "client_viewer" as const }, 403],
    ["a colleague of another queue", { queueIds: [uuid()] }, 404],
  ])("cannot be heard by %s", async (who, membership, status) => {
    const user = await addUser(hub, who, [{ tenantId, ...membership }]);
    const page = await logIn(hub, user);
    const answers = await Promise.all([
      page.call("GET", `/api/recordings/${recording}/audio`),
      page.call("GET", `/api/recordings/${recording}`),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([status, status]);
    expect(await hub.prisma.auditEntry.count({ where: { actorId: user.id, target: recording } })).toBe(0);
  });

  test("of another company does not exist", async () => {
    const other = await addTenant(hub, "shop");
    const page = await logIn(hub, await addUser(hub, "Shop Admin", [{ tenantId: other, role: "admin" }]));
    expect((await page.call("GET", `/api/recordings/${recording}/audio`)).status).toBe(404);
  });

  test("of an anonymous line cannot be kept", async () => {
    const crisis = await addTenant(hub, "crisis");
    await hub.prisma.tenant.update({ where: { id: crisis }, data: { policy: { mode: "anonymous" } } });
    const callId = await callIn(crisis, null);
    const kept = await hub.prisma.recording.count();
    expect(await keep(crisis, callId, uuid())).toBe(false);
    expect(await hub.prisma.recording.count()).toBe(kept);
  });

  test("whose bytes changed on the way is not kept", async () => {
    const callId = await callIn(tenantId, null);
    const recordingId = uuid();
    await expect(keepWav(hub, { tenantId, callId, recordingId, wav, sha256: "00".repeat(32) })).rejects.toThrow(
      "changed",
    );
    expect(await hub.prisma.recording.count({ where: { callId } })).toBe(0);
  });

  test("whose time is over is deleted with its file and its place on the call's card, unless the law holds it", async () => {
    const callId = await callIn(tenantId, null);
    const [over, held] = [uuid(), uuid()];
    for (const recordingId of [over, held]) await keep(tenantId, callId, recordingId);
    const { threadId } = await hub.prisma.call.findUniqueOrThrow({ where: { id: callId } });
    const link = await hub.prisma.conversationThread.findFirstOrThrow({ where: { threadId } });
    const recordings = [over, held].map((id) => ({ id, kind: "call", ms: 1_000 }));
    await hub.prisma.message.updateMany({
      where: { conversationId: link.conversationId },
      data: { kind: "call", threadId, detail: { recordings } },
    });
    await hub.prisma.recording.update({ where: { id: held }, data: { legalHold: true } });
    const { blobKey } = await hub.prisma.recording.findUniqueOrThrow({ where: { id: over } });
    const later = new Date(hub.now().getTime() + 2 * 86_400_000);
    expect(await expireRecordings({ db: hub.db, files: hub.files, now: hub.now() })).toBe(false);
    expect(await hub.prisma.recording.count({ where: { callId } })).toBe(2);
    await hub.db.query({
      text: "update recording set keep_until = now() + interval '1 year' where call_id <> $1",
      values: [callId],
    });
    expect(await expireRecordings({ db: hub.db, files: hub.files, now: later, most: 1 })).toBe(true);
    expect(await expireRecordings({ db: hub.db, files: hub.files, now: later, most: 1 })).toBe(false);
    expect(await hub.files.stat(blobKey)).toBeNull();
    expect((await hub.prisma.recording.findMany({ where: { callId } })).map(({ id }) => id)).toEqual([held]);
    const card = await hub.prisma.message.findFirstOrThrow({ where: { conversationId: link.conversationId } });
    expect(card.detail).toMatchObject({ recordings: [{ id: held }] });
  });

  test("filed twice is one", async () => {
    const { callId } = await hub.prisma.recording.findUniqueOrThrow({ where: { id: recording } });
    await keep(tenantId, callId, recording);
    expect(await hub.prisma.recording.count({ where: { callId } })).toBe(1);
  });
});

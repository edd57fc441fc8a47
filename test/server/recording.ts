import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { uuid } from "#core/uuid";
import { keepRecording } from "#store/recordings";
import type { Hub } from "./hub.ts";

/** A call that ended, on a thread of this conversation. */
export const addCall = async (
  hub: Hub,
  input: { readonly tenantId: string; readonly accountId: string; readonly conversationId: string },
): Promise<string> => {
  const { tenantId, accountId, conversationId } = input;
  const [threadId, id] = [uuid(), uuid()];
  await hub.prisma.thread.create({ data: { id: threadId, tenantId, accountId, externalKey: threadId } });
  await hub.prisma.conversationThread.create({ data: { conversationId, threadId, tenantId } });
  await hub.prisma.call.create({ data: { id, tenantId, threadId, direction: "in", state: "ended" } });
  return id;
};

/** Files a WAV the way a finished call does. */
export const keepWav = async (
  hub: Hub,
  input: {
    readonly tenantId: string;
    readonly callId: string;
    readonly recordingId: string;
    readonly wav: Buffer;
    readonly sha256?: string;
  },
): Promise<boolean> =>
  keepRecording({
    db: hub.db,
    files: hub.files,
    secrets: hub.secrets,
    tenantId: input.tenantId,
    recordingId: input.recordingId,
    callId: input.callId,
    open: async () => Readable.from([input.wav]),
    sha256: input.sha256 ?? createHash("sha256").update(input.wav).digest("hex"),
    pauses: [{ fromMs: 1_000, toMs: 2_000, reason: "card" }],
    noticePlayedAt: hub.now(),
    noticeVersion: "2026-11",
    keepUntil: new Date(hub.now().getTime() + 86_400_000),
  });

/** A call with a second of silence as its recording. */
export const addRecording = async (hub: Hub, where: Parameters<typeof addCall>[1]): Promise<string> => {
  const recordingId = uuid();
  const callId = await addCall(hub, where);
  await keepWav(hub, { tenantId: where.tenantId, callId, recordingId, wav: Buffer.alloc(58 + 16_000, 0xd5) });
  return recordingId;
};

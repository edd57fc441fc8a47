import type { CallRecording, CallReport, CallStore } from "#contract";
import type { AccountRef } from "#core/inbound";
import type { Publisher } from "#core/records";
import type { Secrets } from "../secrets.ts";
import { putCall, showRecording } from "#store/calls";
import type { Db } from "#store/db";
import type { Files } from "#store/files";
import { isAnonymous, keepRecording } from "#store/recordings";

const day = 86_400_000;

/** What the hub does for an account that carries calls. */
export const callStore = (input: {
  readonly db: Db;
  readonly files: Pick<Files, "put">;
  readonly secrets: Secrets;
  readonly publisher: Publisher;
  readonly account: () => AccountRef;
  readonly now: () => Date;
}): CallStore => {
  const { db, files, secrets, publisher, account, now } = input;
  return {
    put: async (report: CallReport) => {
      const { id: accountId, tenantId } = account();
      const stored = await db.tx((q) => putCall({ q, tenantId, accountId, report, now: now() }));
      if (stored === null) throw new Error("the call was not received yet");
      if (stored.change !== null) publisher.changes([stored.change]);
      return { conversationId: stored.conversationId };
    },
    anonymous: () => isAnonymous({ db, tenantId: account().tenantId }),
    recording: async (recording: CallRecording) => {
      const { tenantId } = account();
      const { callId, pauses, notice, sha256 } = recording;
      const kept = await keepRecording({
        db,
        files,
        secrets,
        tenantId,
        recordingId: recording.id,
        callId,
        open: () => recording.open(),
        sha256,
        pauses,
        noticePlayedAt: notice?.playedAt ?? null,
        noticeVersion: notice?.version ?? null,
        keepUntil: new Date(now().getTime() + recording.keepDays * day),
      });
      if (!kept) return;
      const { id, kind, ms } = recording;
      const change = await db.tx((q) => showRecording({ q, tenantId, callId, recording: { id, kind, ms } }));
      if (change !== null) publisher.changes([change]);
    },
  };
};

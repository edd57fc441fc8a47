import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { Hub } from "#contract";
import type { Entry } from "./ledger.ts";
import type { leftBehind } from "./media/index.ts";
import { threadOf } from "./thread.ts";

/** Stores the recordings that a killed hub left on its disk under the calls they belong to. */
export const recover = async (input: {
  readonly left: readonly Entry[];
  readonly kept: Awaited<ReturnType<typeof leftBehind>>;
  readonly hub: Hub;
}): Promise<void> => {
  const { left, kept, hub } = input;
  for (const file of kept) {
    const call = left.find(({ recordings }) => recordings.includes(file.recording));
    if (call === undefined || file.ms === 0) continue;
    try {
      await hub.calls?.recording({
        thread: threadOf(call.id),
        callId: call.id,
        id: file.recording,
        kind: "call",
        ms: file.ms,
        sha256: file.sha256,
        ...(call.notice !== undefined && {
          notice: { playedAt: new Date(call.notice.at), version: call.notice.version },
        }),
        pauses: file.pauses,
        keepDays: call.keepDays,
        open: async () => createReadStream(file.file),
      });
      await rm(file.file, { force: true });
    } catch (thrown) {
      hub.log.warn("a recording left behind could not be stored; its file is kept", { reason: String(thrown) });
    }
  }
};

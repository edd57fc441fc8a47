import { expireRecordings } from "#store/recordings";
import type { Db } from "#store/db";
import type { Files } from "#store/files";

/** How often it is looked whether something may be kept no longer, ms. */
const everyMs = 10 * 60_000;
/** Steps in one go, so that what else happens by time is never late by much. */
const steps = 5;

/** Deletes what may be kept no longer. To be called often: it looks only every ten minutes. */
export const retention = (input: {
  readonly db: Db;
  readonly files: Pick<Files, "remove">;
  readonly now: () => Date;
}): (() => Promise<void>) => {
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = input.now();
    if (now.getTime() - lookedAt < everyMs) return;
    for (let step = 0; step < steps; step += 1)
      if (!(await expireRecordings({ ...input, now }))) {
        lookedAt = now.getTime();
        return;
      }
  };
};

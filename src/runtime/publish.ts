import type { Log } from "#core/log";
import type { Publisher, StoredChange } from "#core/records";

/** Publishing that never fails its caller: what is committed stays, and screens find it by their cursor. */
export const publishing =
  (input: { readonly publisher: Publisher; readonly log: Log }) =>
  (changes: readonly StoredChange[]): void => {
    if (changes.length === 0) return;
    try {
      input.publisher.changes(changes);
    } catch (thrown) {
      input.log.error({ reason: String(thrown) }, "publishing a stored change failed");
    }
  };

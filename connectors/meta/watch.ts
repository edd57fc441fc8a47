import { setTimeout as wait } from "node:timers/promises";
import { ConnectorError, type Hub, type Status } from "#contract";
import type { accountAt } from "./account.ts";

const askWithinMs = 10_000;
const hour = 3_600_000;

/** Looks at the account now and then, and tells the hub what changed. Stays until the signal aborts. */
export const watch = async (input: {
  readonly at: ReturnType<typeof accountAt>;
  readonly hub: Hub;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}): Promise<void> => {
  const { at, hub, everyMs, signal } = input;
  let said = "";
  let warning: string | undefined;
  let warnedAt = Number.NEGATIVE_INFINITY;
  let subscribed = false;
  const tell = (status: Status): void => {
    const words = JSON.stringify(status);
    if (words !== said && !signal.aborted) hub.status(status);
    said = words;
  };

  const look = async (): Promise<Status> => {
    const within = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(askWithinMs)]);
    try {
      await at.reach(within());
      hub.alive();
    } catch (thrown) {
      const { code, message } = ConnectorError.from(thrown);
      return code === "auth"
        ? { state: "needs-login", reason: message }
        : { state: "offline", reason: message, retryInMs: everyMs };
    }
    if (!subscribed) {
      // Whoever lacks the right sees it among the checks; messages of a page set up by hand arrive all the same.
      subscribed = await at.subscribe(within()).then(
        () => true,
        (thrown: unknown) => ConnectorError.from(thrown).code === "auth",
      );
    }
    if (hub.now().getTime() - warnedAt > hour) {
      warnedAt = hub.now().getTime();
      warning = await at.warning(within()).catch(() => undefined);
    }
    return { state: "online", ...(warning !== undefined && { warning }) };
  };

  hub.status({ state: "connecting" });
  while (!signal.aborted) {
    tell(await look());
    await wait(everyMs, undefined, { signal }).catch(() => {});
  }
};

import type { SipResponse } from "./message.ts";
import { after, type Alarm, backoff, giveUpMs, T2, T4 } from "./timers.ts";

export interface ClientTransaction {
  /** A response that matched. */
  receive(response: SipResponse): void;
  /** The transport failed: as if 503 had come (RFC 3261 section 8.1.3.1). */
  broken(): void;
  /** Forgets everything at once. */
  stop(): void;
}

interface Common {
  readonly reliable: boolean;
  /** Sends the request (again). */
  readonly send: () => void;
  readonly onResponse: (response: SipResponse) => void;
  /** No final answer will come. */
  readonly onLost: (why: "timeout" | "transport") => void;
  /** The transaction is over and can be forgotten. */
  readonly onDone: () => void;
}

/**
 * An INVITE's client transaction (RFC 3261 section 17.1.1 with RFC 6026): retransmits until anything comes, ACKs
 * refusals itself, and hands on every 2xx, also repeated ones and those of other branches of a fork.
 */
export const inviteClient = (
  input: Common & { readonly sendAck: (response: SipResponse) => void },
): ClientTransaction => {
  let state: "calling" | "proceeding" | "accepted" | "completed" | "done" = "calling";
  let end: Alarm | undefined;
  const stop = (): void => {
    state = "done";
    repeat?.stop();
    end?.stop();
  };
  const finish = (): void => {
    if (state === "done") return;
    stop();
    input.onDone();
  };
  const lose = (why: "timeout" | "transport"): void => {
    if (state === "done") return;
    finish();
    input.onLost(why);
  };
  const repeat = input.reliable ? undefined : backoff(input.send);
  end = after(giveUpMs, () => lose("timeout"));
  input.send();
  return {
    receive: (response) => {
      if (state === "done") return;
      if (response.status < 200) {
        if (state !== "calling" && state !== "proceeding") return;
        if (state === "calling") {
          state = "proceeding";
          repeat?.stop();
          end?.stop();
        }
        input.onResponse(response);
        return;
      }
      repeat?.stop();
      if (response.status < 300) {
        if (state === "completed") return;
        if (state !== "accepted") {
          state = "accepted";
          end?.stop();
          end = after(giveUpMs, finish);
        }
        input.onResponse(response);
        return;
      }
      if (state === "accepted") return;
      input.sendAck(response);
      if (state === "completed") return;
      state = "completed";
      end?.stop();
      end = after(input.reliable ? 0 : giveUpMs, finish);
      input.onResponse(response);
    },
    broken: () => {
      if (state === "calling" || state === "proceeding") lose("transport");
    },
    stop,
  };
};

/** Any other request's client transaction (RFC 3261 section 17.1.2). */
export const otherClient = (input: Common): ClientTransaction => {
  let state: "trying" | "proceeding" | "completed" | "done" = "trying";
  let end: Alarm | undefined;
  const repeat = input.reliable ? undefined : backoff(input.send, T2);
  const stop = (): void => {
    state = "done";
    repeat?.stop();
    end?.stop();
  };
  const finish = (): void => {
    if (state === "done") return;
    stop();
    input.onDone();
  };
  const lose = (why: "timeout" | "transport"): void => {
    if (state === "done" || state === "completed") return;
    finish();
    input.onLost(why);
  };
  end = after(giveUpMs, () => lose("timeout"));
  input.send();
  return {
    receive: (response) => {
      if (state === "done" || state === "completed") return;
      if (response.status < 200) {
        state = "proceeding";
        input.onResponse(response);
        return;
      }
      state = "completed";
      repeat?.stop();
      end?.stop();
      end = after(input.reliable ? 0 : T4, finish);
      input.onResponse(response);
    },
    broken: () => lose("transport"),
    stop,
  };
};

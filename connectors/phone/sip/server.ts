import { after, type Alarm, backoff, giveUpMs, T2, T4 } from "./timers.ts";

export interface ServerTransaction {
  /** Sends an answer; false = a final one has been sent already and this one was not. */
  respond(status: number, bytes: Buffer): boolean;
  /** The request came again. */
  repeated(): void;
  /** The ACK of a refusal came (INVITE only). */
  acknowledged(): void;
  /** A final answer was given. */
  settled(): boolean;
  stop(): void;
}

interface Common {
  readonly reliable: boolean;
  readonly send: (bytes: Buffer) => void;
  readonly onDone: () => void;
}

/**
 * An INVITE's server transaction (RFC 3261 section 17.2.1 with RFC 6026). Refusals are repeated until acknowledged;
 * a 2xx is repeated by the call, which alone knows its ACK.
 */
export const inviteServer = (input: Common): ServerTransaction => {
  let state: "proceeding" | "accepted" | "completed" | "confirmed" | "done" = "proceeding";
  let last: Buffer | undefined;
  let repeat: Alarm | undefined;
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
  return {
    respond: (status, bytes) => {
      if (state !== "proceeding") return false;
      last = bytes;
      input.send(bytes);
      if (status < 200) return true;
      end = after(giveUpMs, finish);
      if (status < 300) {
        state = "accepted";
        return true;
      }
      state = "completed";
      if (!input.reliable) repeat = backoff(() => input.send(bytes), T2);
      return true;
    },
    repeated: () => {
      if (last !== undefined && (state === "proceeding" || state === "completed")) input.send(last);
    },
    acknowledged: () => {
      if (state !== "completed") return;
      state = "confirmed";
      repeat?.stop();
      end?.stop();
      end = after(input.reliable ? 0 : T4, finish);
    },
    settled: () => state !== "proceeding",
    stop,
  };
};

/** Any other request's server transaction (RFC 3261 section 17.2.2). */
export const otherServer = (input: Common): ServerTransaction => {
  let state: "trying" | "completed" | "done" = "trying";
  let last: Buffer | undefined;
  let end: Alarm | undefined;
  const stop = (): void => {
    state = "done";
    end?.stop();
  };
  return {
    respond: (status, bytes) => {
      if (state !== "trying") return false;
      last = bytes;
      input.send(bytes);
      if (status < 200) return true;
      state = "completed";
      end = after(input.reliable ? 0 : giveUpMs, () => {
        stop();
        input.onDone();
      });
      return true;
    },
    repeated: () => {
      if (last !== undefined && state !== "done") input.send(last);
    },
    acknowledged: () => undefined,
    settled: () => state !== "trying",
    stop,
  };
};

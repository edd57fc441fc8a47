import { randomUUID } from "node:crypto";
import {
  type Address,
  ConnectorError,
  type Hub,
  type Outbound,
  type Sent,
  type Status,
  type ThreadKey,
  threadKey,
} from "#contract";
import type { Timing } from "./imap.ts";
import type { Tokens } from "./oauth.ts";
import { send, type Server } from "./send.ts";
import { sentLog } from "./sent-log.ts";
import { sentCopies } from "./sent-copy.ts";
import type { Settings } from "./settings.ts";

/** The way out of one mailbox. */
export interface Outgoing {
  send(message: Outbound, signal: AbortSignal): Promise<Sent>;
  /** The hub for the way in: what it says of the state is combined with what is known of sending. */
  readonly hub: Hub;
  /** Files copies of sent mail until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export const makeOutgoing = (input: {
  settings: Settings;
  hub: Hub;
  timing: Timing;
  tokens: Tokens | undefined;
  signingKey: () => Promise<string>;
}): Outgoing => {
  const { settings, hub, timing, tokens } = input;
  const server: Server = { settings, timing, tokens };
  const log = sentLog(hub.memory);
  const copies = sentCopies({ hub, settings, timing, tokens });
  let receiving: Status = { state: "connecting" };
  let fault = "";
  const tell = (): void =>
    hub.status(
      fault !== "" && receiving.state === "online"
        ? { state: "offline", reason: `Mail arrives, but sending does not work: ${settings.smtpHost}: ${fault}` }
        : receiving,
    );
  return {
    hub: {
      ...hub,
      receive: (event) => hub.receive(event),
      status: (status) => {
        receiving = status;
        tell();
      },
    },
    send: async (message, signal) => {
      const { key } = message;
      try {
        const { frozen } = hub;
        const sent = await send({ message, server, signingKey: await input.signingKey(), frozen, log, signal });
        if (fault !== "") {
          fault = "";
          tell();
        }
        // What the hub answers by itself is no correspondence of the mailbox' owner.
        if (message.automatic !== true) await copies.add({ key, messageId: sent.id });
        return sent;
      } catch (thrown) {
        const error = ConnectorError.from(thrown);
        if (error.code === "unreachable" && error.wholeAccount && fault !== error.message && !signal.aborted) {
          fault = error.message;
          tell();
        }
        throw error;
      }
    },
    run: (signal) => copies.run(signal),
  };
};

/** A letter starts a thread of its own; answers find it by their references. Throws for what is no mail address. */
export const begin = (to: Address): ThreadKey => {
  if (to.kind !== "email" || !/^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(to.value) || to.value.length > 254)
    throw new ConnectorError("rejected", "This is not an e-mail address.");
  return threadKey(`new:${randomUUID()}`);
};

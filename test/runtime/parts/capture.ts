import { z } from "zod";
import {
  type Connection,
  type Connector,
  ConnectorError,
  defineConnector,
  type FailureCode,
  type Outbound,
  remoteId,
  type Template,
  threadKey,
} from "#contract";

/** What happened to a message after it was sent, as the channel was told. */
interface Told {
  readonly op: "edit" | "remove" | "react";
  readonly thread: string;
  readonly id: string;
  readonly value: string;
}

export interface Captured {
  readonly connector: Connector;
  readonly sent: Outbound[];
  readonly told: Told[];
  /** The next sends refuse these recipients for a while. */
  readonly refuseOnce: Set<string>;
  /** The next edit, removal or reaction fails with this. */
  fail: FailureCode | null;
  templates: Template[];
}

/** A channel that keeps what it is given, in memory: letters when `mail`, else messages with a reply window. */
export const capture = (o: {
  readonly kind: string;
  readonly mail?: true;
  readonly windowHours?: number;
}): Captured => {
  const sent: Outbound[] = [];
  const told: Told[] = [];
  const refuseOnce = new Set<string>();
  let letters = 0;
  const tell = (op: Told["op"], thread: string, id: string, value: string): Promise<void> => {
    const code = captured.fail;
    captured.fail = null;
    if (code !== null) return Promise.reject(new ConnectorError(code, `scripted ${code}`));
    told.push({ op, thread, id, value });
    return Promise.resolve();
  };
  const captured: Captured = {
    sent,
    told,
    refuseOnce,
    fail: null,
    templates: [],
    connector: defineConnector({
      kind: o.kind,
      title: o.kind,
      config: z.object({ url: z.string().default("") }),
      secrets: [],
      address: () => "",
      limits: {
        text: 1_000,
        attachments: { bytes: 10_000, perMessage: 5, mimeTypes: "any" },
        replyWindowHours: o.windowHours ?? false,
        subject: o.mail === true,
        ...(o.mail === true ? {} : { content: ["template", "buttons", "location"] as const }),
      },
      open: (_, hub): Connection => ({
        start: (signal) => {
          hub.status({ state: "online" });
          return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        },
        send: (message) => {
          sent.push(message);
          const asked =
            message.stillTo ?? [...message.to, ...(message.cc ?? []), ...(message.bcc ?? [])].map((a) => a.value);
          const refused = asked.filter((address) => refuseOnce.delete(address));
          return Promise.resolve({
            id: remoteId(`sent-${message.key}`),
            refused: refused.map((recipient) => ({ recipient, permanent: false, says: "later" })),
          });
        },
        begin: (to) => {
          if (to.kind !== (o.mail === true ? "email" : "wa_phone"))
            throw new ConnectorError("rejected", "another kind of address");
          letters += 1;
          return threadKey(o.mail === true ? `begun-${letters}` : `to-${to.value}`);
        },
        templates: () => Promise.resolve(captured.templates),
        edit: (thread, id, text) => tell("edit", thread, id, text),
        remove: (thread, id) => tell("remove", thread, id, ""),
        react: (thread, id, emoji) => tell("react", thread, id, emoji),
      }),
    }),
  };
  return captured;
};

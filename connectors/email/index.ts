import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
  type Connection,
  type Connector,
  ConnectorError,
  defineConnector,
  type Hub,
  type InboundMessage,
} from "#contract";
import type { Mailroom } from "./drain.ts";
import { explainImap, imapClient, type Timing, usualTiming } from "./imap.ts";
import { toInbound } from "./inbound.ts";
import { makeReader, type Reader } from "./reader.ts";
import { receive } from "./receive.ts";
import { probeSmtp, send, sentLog } from "./send.ts";
import { type Settings, settings } from "./settings.ts";
import { inTime } from "./wait.ts";

const megabyte = 1_048_576;

/** Signs our Message-IDs. Made once per mailbox; two nodes that start together agree on one. */
const signingKeyOf = (memory: Hub["memory"]): (() => Promise<string>) => {
  const name = "signing-key";
  let known: string | undefined;
  return async () => {
    known ??= await memory.setOnce(name, randomBytes(32).toString("hex"));
    return known;
  };
};

/** Reads a kept letter again; attachments stay in memory, as the raw bytes do. */
const reread = async (input: {
  raw: Uint8Array;
  config: Settings;
  signingKey: string;
  now: Date;
}): Promise<InboundMessage> => {
  const contents: Uint8Array[] = [];
  // Loaded when a letter is read again: the usual way reads in a worker of its own.
  const { parseMail } = await import("./parse.ts");
  const letter = await parseMail({
    source: Readable.from([input.raw]),
    fallback: input.config.fallbackCharset,
    sink: async (index, content) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) if (chunk instanceof Uint8Array) chunks.push(chunk);
      const whole = Buffer.concat(chunks);
      contents[index] = whole;
      return whole.length;
    },
  });
  return toInbound({
    letter,
    settings: input.config,
    signingKey: input.signingKey,
    raw: { bytes: input.raw },
    part: async (index) => Readable.from([contents[index] ?? new Uint8Array()]),
    arrivedAt: input.now,
    historic: false,
    ours: false,
  });
};

const probe = async (config: Settings, timing: Timing, signal: AbortSignal): Promise<{ says: string }> => {
  const client = await imapClient({ config, timing });
  const close = (): void => client.close();
  signal.addEventListener("abort", close, { once: true });
  let letters = 0;
  try {
    await inTime({ step: "Signing in", ms: timing.connect, run: client.connect() });
    letters = (
      await inTime({ step: "Opening INBOX", ms: timing.step, run: client.mailboxOpen("INBOX", { readOnly: true }) })
    ).exists;
  } catch (error) {
    const { refused, says } = explainImap(error, config.imapHost);
    throw new ConnectorError(refused ? "auth" : "unreachable", `Reading mail: ${says}`, { cause: error });
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
  try {
    await probeSmtp(config, timing);
  } catch (error) {
    const failed = ConnectorError.from(error);
    throw new ConnectorError(
      failed.code,
      `Reading mail works, sending does not: ${config.smtpHost}: ${failed.message}`,
      { cause: error },
    );
  }
  return { says: `Signed in to ${config.imapHost} (${letters} letters in INBOX) and to ${config.smtpHost}.` };
};

const open = (input: { config: Settings; hub: Hub; reader: Reader; timing: Timing }): Connection => {
  const { config, hub, reader, timing } = input;
  const signingKey = signingKeyOf(hub.memory);
  const log = sentLog(hub.memory);
  return {
    start: async (signal) => {
      const room: Mailroom = {
        hub,
        settings: config,
        signingKey: await signingKey(),
        reader,
        timing,
        failures: new Map(),
      };
      await receive(room, signal);
    },
    send: async (message, signal) =>
      await send({ message, settings: config, signingKey: await signingKey(), log, timing, signal }),
    reparse: async (raw) => [await reread({ raw, config, signingKey: await signingKey(), now: hub.now() })],
    probe: (signal) => probe(config, timing, signal),
  };
};

/** The e-mail channel. Timing is for tests: a frozen server is not waited for as long there. */
export const makeEmail = (timing: Timing = usualTiming): Connector => {
  const reader = makeReader({ deadlineMs: timing.read });
  return defineConnector({
    kind: "email",
    title: "E-mail",
    config: settings,
    secrets: ["imapPassword", "smtpPassword"],
    secretsGoTo: [
      "imapHost",
      "imapPort",
      "imapSecurity",
      "smtpHost",
      "smtpPort",
      "smtpSecurity",
      "smtpLogin",
      "caCertificate",
    ],
    address: (config) => config.address.toLowerCase(),
    limits: {
      text: 500_000,
      attachments: { bytes: 20 * megabyte, perMessage: 20, mimeTypes: "any" },
      replyWindowHours: false,
      subject: true,
    },
    open: ({ config }, hub) => open({ config, hub, reader, timing }),
  });
};

export const email = makeEmail();

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
import { type Gate, makeGate } from "./gate.ts";
import { explainImap, imapClient, type Timing, usualTiming } from "./imap.ts";
import { toInbound } from "./inbound.ts";
import type { Mailroom } from "./mailroom.ts";
import { makeTokens, signIn, type Tokens } from "./oauth.ts";
import { mailDoor } from "./port.ts";
import { makeReader, type Reader } from "./reader.ts";
import { receive } from "./receive.ts";
import { begin, makeOutgoing } from "./outgoing.ts";
import { plusAddressArrives } from "./plus-probe.ts";
import { probeSmtp, type Server } from "./send.ts";
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
    folder: "inbox",
  });
};

const plusExample = (address: string): string => address.replace("@", "+probe...@");

const probe = async (
  config: Settings,
  timing: Timing,
  tokens: Tokens | undefined,
  signal: AbortSignal,
): Promise<{ says: string }> => {
  const server: Server = { settings: config, timing, tokens };
  const client = await imapClient({ config, timing, tokens });
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
    await probeSmtp(server);
    if (config.plusAddressing && config.intake !== "port" && !(await plusAddressArrives(server, signal)))
      throw new ConnectorError("rejected", `a letter to ${plusExample(config.address)} did not arrive within 9 s.`);
  } catch (error) {
    const failed = ConnectorError.from(error);
    throw new ConnectorError(
      failed.code,
      `Reading mail works, sending does not: ${config.smtpHost}: ${failed.message}`,
      { cause: error },
    );
  }
  const plus = config.plusAddressing && config.intake !== "port" ? " Plus-addresses arrive." : "";
  return { says: `Signed in to ${config.imapHost} (${letters} letters in INBOX) and to ${config.smtpHost}.${plus}` };
};

/** Mailboxes of one server that sign in at the same time, and those that are connected at all. */
const most = { signIns: 5, seats: 1_000 };

interface House {
  readonly reader: Reader;
  readonly timing: Timing;
  readonly signIns: Gate;
  readonly seats: Gate;
}

const open = ({ config, hub, house }: { config: Settings; hub: Hub; house: House }): Connection => {
  const { reader, timing } = house;
  const signingKey = signingKeyOf(hub.memory);
  const tokens = makeTokens({ config, vault: hub.vault, now: () => hub.now() });
  const outgoing = makeOutgoing({ settings: config, hub, timing, tokens, signingKey });
  const room = async (): Promise<Mailroom> => ({
    hub: outgoing.hub,
    settings: config,
    signingKey: await signingKey(),
    reader,
    timing,
    failures: new Map(),
  });
  return {
    start: async (signal) => {
      if (config.intake !== "port") {
        const ended = new AbortController();
        const filing = outgoing.run(AbortSignal.any([signal, ended.signal]));
        await receive(await room(), { ...house, tokens }, signal).finally(() => ended.abort());
        return await filing;
      }
      outgoing.hub.status({ state: "online" });
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
    send: (message, signal) => outgoing.send(message, signal),
    begin,
    reparse: async (raw) => [await reread({ raw, config, signingKey: await signingKey(), now: hub.now() })],
    probe: (signal) => probe(config, timing, tokens, signal),
    ...(config.intake === "imap" ? {} : { mail: mailDoor({ config, room }) }),
  };
};

/** The e-mail channel. Timing is for tests: a frozen server is not waited for as long there. */
export const makeEmail = (timing: Timing = usualTiming): Connector => {
  const house: House = {
    reader: makeReader({ deadlineMs: timing.read }),
    timing,
    signIns: makeGate({ places: most.signIns }),
    seats: makeGate({ places: most.seats }),
  };
  return defineConnector({
    kind: "email",
    title: "E-mail",
    config: settings,
    secrets: ["imapPassword", "smtpPassword", "dkimKey", "oauthClientSecret", "oauthRefreshToken"],
    signIn,
    secretsGoTo: [
      "imapHost",
      "imapPort",
      "imapSecurity",
      "smtpHost",
      "smtpPort",
      "smtpSecurity",
      "smtpLogin",
      "oauthTokenUrl",
      "oauthTenant",
      "caCertificate",
    ],
    address: (config) => config.address.toLowerCase(),
    resumesSend: true,
    limits: {
      text: 500_000,
      attachments: { bytes: 20 * megabyte, perMessage: 20, mimeTypes: "any" },
      replyWindowHours: false,
      subject: true,
    },
    open: ({ config }, hub) => open({ config, hub, house }),
  });
};

export const email = makeEmail();

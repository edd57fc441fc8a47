import { randomBytes } from "node:crypto";
import type { AgreedAudio, Law } from "../ports.ts";

/** Session descriptions for one G.711 stream (RFC 4566, RFC 3264, RFC 3551, RFC 4733, RFC 4568). */

type Direction = AgreedAudio["direction"];

/** What the other side's description says about its audio. */
export interface RemoteAudio {
  readonly host: string;
  /** 0 = refused. */
  readonly port: number;
  /** In their order of preference. */
  readonly laws: readonly { readonly law: Law; readonly type: number }[];
  readonly events: number | undefined;
  /** As they say it, from their side. */
  readonly direction: Direction;
  readonly secure: boolean;
  readonly crypto: { readonly tag: string; readonly key: string } | undefined;
  /** Every m= line in its order, so that an answer can refuse the others (RFC 3264 section 6). */
  readonly media: readonly { readonly line: string; readonly chosen: boolean }[];
  readonly addressFamily: 4 | 6;
}

const suite = "AES_CM_128_HMAC_SHA1_80";
const staticLaws: Readonly<Record<number, Law>> = { 0: "PCMU", 8: "PCMA" };
const directions = ["sendrecv", "sendonly", "recvonly", "inactive"] as const;
const turned: Readonly<Record<Direction, Direction>> = {
  sendrecv: "sendrecv",
  sendonly: "recvonly",
  recvonly: "sendonly",
  inactive: "inactive",
};
const keyShape = /^[A-Za-z0-9+/]{40}$/;

interface Section {
  readonly line: string;
  readonly lines: string[];
}

const sectionsOf = (sdp: string): { session: readonly string[]; media: readonly Section[] } => {
  const session: string[] = [];
  const media: Section[] = [];
  for (const raw of sdp.slice(0, 20_000).split(/\r?\n/)) {
    const line = raw.trimEnd();
    if (line.startsWith("m=")) media.push({ line, lines: [] });
    else if (line !== "") (media.at(-1)?.lines ?? session).push(line);
  }
  return { session, media };
};

const connectionOf = (lines: readonly string[]): { host: string; family: 4 | 6 } | undefined => {
  const match = lines
    .map((line) => /^c=IN IP([46]) ([0-9A-Za-z.:_-]{1,255})/.exec(line))
    .find((found) => found !== null);
  return match === undefined || match === null ? undefined : { host: match[2] ?? "", family: match[1] === "6" ? 6 : 4 };
};

/** Reads the first audio stream of a description; undefined = there is none we could ever speak. */
export const readAudio = (sdp: string): RemoteAudio | undefined => {
  const { session, media } = sectionsOf(sdp);
  const audible = ({ line }: Section): boolean => /^m=audio \d{1,5}(?:\/\d+)? RTP\/S?AVPF? [\d ]+$/.test(line);
  const index = media.findIndex(audible);
  const chosen = media[index];
  if (chosen === undefined) return undefined;
  const [, port = "0", profile = "", ...types] = chosen.line.slice(2).split(" ");
  const mapped = new Map<number, string>();
  for (const line of chosen.lines) {
    const match = /^a=rtpmap:(\d{1,3}) ([^/\s]+)\/(\d{1,6})/i.exec(line);
    if (match !== null) mapped.set(Number(match[1]), `${(match[2] ?? "").toUpperCase()}/${match[3]}`);
  }
  const laws = types.map(Number).flatMap((type) => {
    const name = mapped.get(type);
    const law = staticLaws[type];
    return law === undefined || (name !== undefined && name !== `${law}/8000`) ? [] : [{ law, type }];
  });
  const events = types.map(Number).find((type) => mapped.get(type) === "TELEPHONE-EVENT/8000");
  const connection = connectionOf(chosen.lines) ?? connectionOf(session);
  const said = [...chosen.lines, ...session]
    .map((line) => directions.find((direction) => line === `a=${direction}`))
    .find((direction) => direction !== undefined);
  const held = connection?.host === "0.0.0.0";
  const crypto = chosen.lines
    .map((line) => /^a=crypto:(\d{1,9}) AES_CM_128_HMAC_SHA1_80 inline:([A-Za-z0-9+/]{40})(?:[|\s]|$)/.exec(line))
    .find((match) => match !== null);
  return {
    host: connection?.host ?? "",
    port: Number(port.split("/")[0]),
    laws,
    events,
    // RFC 2543 put a call on hold with 0.0.0.0 (RFC 3264 section 8.4).
    direction: held ? "inactive" : (said ?? "sendrecv"),
    secure: profile.startsWith("RTP/SAVP"),
    crypto: crypto === undefined || crypto === null ? undefined : { tag: crypto[1] ?? "1", key: crypto[2] ?? "" },
    media: media.map(({ line }, at) => ({ line, chosen: at === index })),
    addressFamily: connection?.family ?? 4,
  };
};

export type Srtp = "never" | "optional" | "required";

/** A key and salt of ours: 30 random bytes (RFC 4568 section 6.1). */
const makeKey = (): string => randomBytes(30).toString("base64");

/** One call's description of our side: the version grows with every description sent (RFC 3264 section 8). */
export interface LocalAudio {
  readonly id: string;
  version: number;
  readonly host: string;
  readonly port: number;
  readonly key: string;
  /** What we use for telephone-event in our offers. */
  readonly events: number;
}

export const makeLocal = (input: { readonly host: string; readonly port: number }): LocalAudio => ({
  id: String(randomBytes(4).readUInt32BE()),
  version: 0,
  host: input.host,
  port: input.port,
  key: makeKey(),
  events: 101,
});

const describe = (
  local: LocalAudio,
  parts: {
    readonly laws: readonly { readonly law: Law; readonly type: number }[];
    readonly events: number | undefined;
    readonly direction: Direction;
    readonly crypto: { readonly tag: string; readonly key: string } | undefined;
    readonly before: readonly string[];
    readonly after: readonly string[];
  },
): string => {
  local.version += 1;
  const family = local.host.includes(":") ? "IP6" : "IP4";
  const types = [...parts.laws.map(({ type }) => type), ...(parts.events === undefined ? [] : [parts.events])];
  const profile = parts.crypto === undefined ? "RTP/AVP" : "RTP/SAVP";
  const refused = (lines: readonly string[]): string[] =>
    lines.map((line) => line.replace(/^(m=\S+) \d+(?:\/\d+)?/, "$1 0"));
  return [
    "v=0",
    `o=linka ${local.id} ${local.version} IN ${family} ${local.host}`,
    "s=call",
    `c=IN ${family} ${local.host}`,
    "t=0 0",
    ...refused(parts.before),
    `m=audio ${local.port} ${profile} ${types.join(" ")}`,
    ...parts.laws.map(({ law, type }) => `a=rtpmap:${type} ${law}/8000`),
    ...(parts.events === undefined
      ? []
      : [`a=rtpmap:${parts.events} telephone-event/8000`, `a=fmtp:${parts.events} 0-15`]),
    ...(parts.crypto === undefined ? [] : [`a=crypto:${parts.crypto.tag} ${suite} inline:${parts.crypto.key}`]),
    "a=ptime:20",
    `a=${parts.direction}`,
    ...refused(parts.after),
    "",
  ].join("\r\n");
};

/** Our offer: A-law first, as Europe's networks speak it. */
export const offerAudio = (local: LocalAudio, input: { readonly srtp: Srtp; readonly direction?: Direction }): string =>
  describe(local, {
    laws: [
      { law: "PCMA", type: 8 },
      { law: "PCMU", type: 0 },
    ],
    events: local.events,
    direction: input.direction ?? "sendrecv",
    // An offer is either secure or not (RFC 4568): "optional" answers both and offers plain.
    crypto: input.srtp === "required" ? { tag: "1", key: local.key } : undefined,
    before: [],
    after: [],
  });

const agreed = (local: LocalAudio, remote: RemoteAudio, direction: Direction): AgreedAudio | undefined => {
  const [first] = remote.laws;
  if (first === undefined || remote.port === 0 || remote.host === "") return undefined;
  const srtp = remote.crypto === undefined ? undefined : { ours: local.key, theirs: remote.crypto.key };
  return { host: remote.host, port: remote.port, law: first.law, events: remote.events, direction, srtp };
};

/**
 * Answers their offer; undefined = nothing in common (488). `hold` asks for silence from our side too.
 */
export const answerAudio = (
  local: LocalAudio,
  offer: string,
  input: { readonly srtp: Srtp; readonly hold?: boolean },
): { readonly sdp: string; readonly audio: AgreedAudio } | undefined => {
  const remote = readAudio(offer);
  if (remote === undefined) return undefined;
  const secured = remote.secure && remote.crypto !== undefined && keyShape.test(remote.crypto.key);
  if (remote.secure !== secured || (input.srtp === "required" && !secured) || (input.srtp === "never" && secured))
    return undefined;
  const theirs = turned[remote.direction];
  const direction =
    input.hold === true ? (theirs === "sendrecv" ? "sendonly" : theirs === "recvonly" ? "inactive" : theirs) : theirs;
  const audio = agreed(local, secured ? remote : { ...remote, crypto: undefined }, direction);
  const [first] = remote.laws;
  if (audio === undefined || first === undefined) return undefined;
  const at = remote.media.findIndex(({ chosen }) => chosen);
  const lines = remote.media.map(({ line }) => line);
  const sdp = describe(local, {
    laws: [first],
    events: remote.events,
    direction,
    crypto: secured && remote.crypto !== undefined ? { tag: remote.crypto.tag, key: local.key } : undefined,
    before: lines.slice(0, at),
    after: lines.slice(at + 1),
  });
  return { sdp, audio };
};

/** What their answer to our offer settled; undefined = they took nothing we can speak. */
export const acceptAnswer = (
  local: LocalAudio,
  answer: string,
  input: { readonly srtp: Srtp },
): AgreedAudio | undefined => {
  const remote = readAudio(answer);
  if (remote === undefined || (input.srtp === "required" && remote.crypto === undefined)) return undefined;
  return agreed(local, input.srtp === "required" ? remote : { ...remote, crypto: undefined }, turned[remote.direction]);
};

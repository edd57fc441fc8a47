import type { Ending, Phase } from "./protocol.ts";

/** What happened, in the library's and the page's own terms; `state` as WhatsApp Web calls it. */
export type Fact =
  | { readonly type: "code" }
  | { readonly type: "authenticated" }
  | { readonly type: "ready" }
  /** The page went away and another is being loaded in its place, or the library is not in it any more. */
  | { readonly type: "reloaded" }
  | { readonly type: "socket"; readonly state: string }
  | { readonly type: "disconnected"; readonly reason: string }
  /** Something took too long, or broke: `says` tells what. */
  | { readonly type: "late"; readonly says: string }
  | { readonly type: "broken"; readonly says: string };

export type Step =
  | { readonly phase: Phase; readonly says: string }
  | { readonly end: Ending; readonly says: string }
  /** Nothing changes. */
  | undefined;

const to = (phase: Phase, says = ""): Step => ({ phase, says });
const end = (why: Ending, says: string): Step => ({ end: why, says });

const disconnections: Readonly<Record<string, Step>> = {
  LOGOUT: end("logged-out", "Logged out on the phone."),
  CONFLICT: end("failed", "WhatsApp Web was opened with this login somewhere else."),
  UNPAIRED: end("failed", "The phone has unlinked this device."),
  "Max qrcode retries reached": end("unlinked", "Nobody scanned the code."),
};

const onDisconnected = (reason: string): Step =>
  disconnections[reason] ?? end("failed", `WhatsApp Web was disconnected (${reason}).`);

/** Without connection for a while. The other states (CONFLICT, UNPAIRED) come with a disconnection of their own. */
const waits = new Set(["TIMEOUT", "OPENING", "PAIRING", "UNLAUNCHED", "PROXYBLOCK", "null"]);

const onSocket = (now: Phase, state: string): Step => {
  if (state === "CONNECTED") return now === "degraded" ? to("ready") : undefined;
  return now === "ready" && waits.has(state) ? to("degraded", `WhatsApp Web has no connection (${state}).`) : undefined;
};

/**
 * The states of one account: starting -> code -> linking -> ready <-> degraded, and the end out of each of them. A
 * restored login goes from starting to linking, and so does a page that reloads itself. Pure; every move of a running session is one of these.
 */
export const next = (now: Phase, fact: Fact): Step => {
  switch (fact.type) {
    case "code":
      return now === "ready" || now === "degraded"
        ? end("failed", "The login ended.")
        : now === "code"
          ? undefined
          : to("code", "Scan the code with the phone.");
    case "authenticated":
      return now === "starting" || now === "code" ? to("linking") : undefined;
    case "ready":
      // whatsapp-web.js 1.34.7 says it again with every toggle of hasSynced.
      return now === "ready" ? undefined : to("ready");
    case "reloaded":
      return now === "ready" || now === "degraded" ? to("linking") : undefined;
    case "socket":
      return onSocket(now, fact.state);
    case "disconnected":
      return onDisconnected(fact.reason);
    case "late":
      return now === "code" ? end("unlinked", fact.says) : end("failed", fact.says);
    case "broken":
    default:
      return end("failed", fact.says);
  }
};

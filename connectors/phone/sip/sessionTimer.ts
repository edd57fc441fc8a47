import { header, lists, type SipRequest, type SipResponse } from "./message.ts";
import { after, type Alarm } from "./timers.ts";

/** Session timers (RFC 4028), seconds: a call whose far side vanished without a BYE ends by itself. */
export const sessionSeconds = 1_800;
export const leastSeconds = 90;

export interface Interval {
  readonly seconds: number;
  readonly refresher: "us" | "them";
}

const read = (text: string | undefined): { seconds: number; refresher: string | undefined } | undefined => {
  const match = /^(\d{1,8})\s*(?:;.*?refresher\s*=\s*(uac|uas))?/i.exec(text ?? "");
  return match === null ? undefined : { seconds: Number(match[1]), refresher: match[2]?.toLowerCase() };
};

/** What a request asks for, and what we answer (section 9). "small" = 422. */
export const agreeAsServer = (
  request: SipRequest,
): { readonly interval: Interval; readonly headers: Readonly<Record<string, string>> } | "small" | undefined => {
  const asked = read(header(request, "session-expires"));
  if (asked === undefined) return undefined;
  if (asked.seconds < leastSeconds) return "small";
  const theyCan = lists(request, "supported", "timer");
  const refresher = theyCan ? (asked.refresher ?? "uac") : "uas";
  return {
    interval: { seconds: asked.seconds, refresher: refresher === "uac" ? "them" : "us" },
    headers: {
      "session-expires": `${asked.seconds};refresher=${refresher}`,
      ...(refresher === "uac" && { require: "timer" }),
    },
  };
};

/** What a 2xx to our request agreed on (section 7.2); undefined = no timer runs. */
export const agreeAsClient = (response: SipResponse): Interval | undefined => {
  const said = read(header(response, "session-expires"));
  if (said === undefined) return undefined;
  return { seconds: Math.max(said.seconds, leastSeconds), refresher: said.refresher === "uas" ? "them" : "us" };
};

/** Refreshes at half time when that is ours to do, else ends the session when nothing came in time (section 10). */
export const sessionTimer = (input: { readonly refresh: () => void; readonly expire: () => void }) => {
  let alarm: Alarm | undefined;
  return {
    run: (interval: Interval | undefined): void => {
      alarm?.stop();
      if (interval === undefined) return;
      const { seconds, refresher } = interval;
      const ms = refresher === "us" ? seconds * 500 : (seconds - Math.min(32, seconds / 3)) * 1_000;
      alarm = after(ms, refresher === "us" ? input.refresh : input.expire);
    },
    stop: (): void => alarm?.stop(),
  };
};

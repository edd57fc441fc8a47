import type { Caller, SipCall, SipEvent } from "../ports.ts";
import { calledOf } from "./callerOf.ts";
import { allowed, contactOf, dialogOfRequest, type Manner, supported } from "./dialog.ts";
import { dialogKey, type Incoming, makeTag } from "./endpoint.ts";
import { header, lists, type SipRequest } from "./message.ts";
import { allowsUpdate, sdpOf } from "./bodies.ts";
import { openSession } from "./session.ts";
import { agreeAsServer, leastSeconds } from "./sessionTimer.ts";
import { after, type Alarm, backoff, giveUpMs } from "./timers.ts";

const known = new Set(["100rel", "timer"]);

/** Option tags the caller insists on and we have not; empty = none. */
const unknownRequirements = (request: SipRequest): readonly string[] =>
  (request.headers.get("require") ?? []).filter((tag) => tag !== "" && !known.has(tag.toLowerCase()));

/** Keeps what happens until somebody listens. */
export const mouth = () => {
  const waiting: SipEvent[] = [];
  let listener: ((event: SipEvent) => void) | undefined;
  return {
    emit: (event: SipEvent): void => {
      if (listener === undefined) waiting.push(event);
      else listener(event);
    },
    listen: (next: (event: SipEvent) => void): void => {
      listener = next;
      for (const event of waiting.splice(0)) next(event);
    },
  };
};

/** Provisional answers that must arrive (RFC 3262): one at a time, repeated until PRACKed. */
const reliableAnswers = (input: {
  readonly send: (status: number, headers: Readonly<Record<string, string>>, sdp: string | undefined) => void;
  readonly repeat: () => void;
  readonly onUnheard: () => void;
}) => {
  const waiting: { status: number; sdp: string | undefined }[] = [];
  let rseq = Math.floor(Math.random() * 1_000_000) + 1;
  let running: { readonly rseq: number; readonly alarm: Alarm; readonly end: Alarm } | undefined;
  const next = (): void => {
    const one = running === undefined ? waiting.shift() : undefined;
    if (one === undefined) return;
    rseq += 1;
    running = { rseq, alarm: backoff(input.repeat), end: after(giveUpMs, input.onUnheard) };
    input.send(one.status, { require: "100rel", rseq: String(rseq) }, one.sdp);
  };
  const stop = (): void => {
    running?.alarm.stop();
    running?.end.stop();
    running = undefined;
  };
  return {
    stop,
    send: (status: number, sdp: string | undefined): void => {
      waiting.push({ status, sdp });
      next();
    },
    /** Whether this PRACK belongs to the answer that waits for it. */
    heard: (rack: string | undefined): boolean => {
      if (running === undefined || !(rack ?? "").startsWith(`${running.rseq} `)) return false;
      stop();
      next();
      return true;
    },
  };
};

/** A call that comes in: the server side of an INVITE until it is answered, then its session. */
export const incomingCall = (input: {
  readonly incoming: Incoming;
  readonly manner: Manner;
  readonly caller: Caller;
}): SipCall | undefined => {
  const { incoming, manner } = input;
  const { request, flow } = incoming;
  const missing = unknownRequirements(request);
  const ourTag = makeTag();
  if (missing.length > 0) {
    incoming.respond(420, { toTag: ourTag, headers: { unsupported: missing.join(", ") } });
    return undefined;
  }
  const agreed = agreeAsServer(request);
  if (agreed === "small") {
    incoming.respond(422, { toTag: ourTag, headers: { "min-se": String(leastSeconds) } });
    return undefined;
  }
  incoming.respond(100);
  const { emit, listen } = mouth();
  const dialog = dialogOfRequest(request, flow, ourTag);
  let state: "early" | "answered" | "over" = "early";
  let last: { status: number; headers: Readonly<Record<string, string>>; sdp: string | undefined } | undefined;

  const finish = (by: "remote" | "local" | "error", reason: string): void => {
    if (state === "over") return;
    state = "over";
    reliable.stop();
    session.close();
    emit({ type: "ended", by, reason });
  };
  const session = openSession({ dialog, manner, emit, onEnd: finish, owner: false });
  session.mayUpdate(allowsUpdate(request));

  const provisional = (status: number, headers: Readonly<Record<string, string>>, sdp: string | undefined): void => {
    last = { status, headers, sdp };
    incoming.respond(status, {
      toTag: ourTag,
      headers: { contact: contactOf(manner, flow.proto), allow: allowed, ...headers },
      ...(sdp !== undefined && { body: { type: "application/sdp", text: sdp } }),
    });
  };
  const reliable = reliableAnswers({
    send: provisional,
    repeat: () => {
      if (last !== undefined && state === "early") provisional(last.status, last.headers, last.sdp);
    },
    onUnheard: () => {
      if (state !== "early") return;
      incoming.respond(504, { toTag: ourTag });
      finish("error", "the caller did not confirm that it hears ringing");
    },
  });
  const insists = lists(request, "require", "100rel");
  const early = (status: number, sdp: string | undefined): void => {
    if (state !== "early") return;
    if (insists) reliable.send(status, sdp);
    else provisional(status, {}, sdp);
  };

  incoming.onCancel(() => {
    incoming.respond(487, { toTag: ourTag });
    finish("remote", "cancelled");
  });
  manner.endpoint.dialogs.set(dialogKey(dialog.callId, ourTag), {
    ack: session.ack,
    request: (next) => {
      if (next.request.method !== "PRACK") {
        if (next.request.method === "BYE" && state === "early") {
          next.respond(200);
          incoming.respond(487, { toTag: ourTag });
          return finish("remote", "hung up");
        }
        return session.request(next);
      }
      dialog.theirSeq = Math.max(dialog.theirSeq ?? 0, next.request.cseq.number);
      next.respond(reliable.heard(header(next.request, "rack")) ? 200 : 481);
    },
  });

  return {
    id: request.callId,
    direction: "in",
    caller: input.caller,
    called: calledOf(request),
    offer: sdpOf(request),
    onEvent: listen,
    ring: () => early(180, undefined),
    progress: (sdp) => early(183, sdp),
    accept: (sdp) => {
      if (state !== "early") return;
      state = "answered";
      reliable.stop();
      session.accept(incoming, sdp, { supported, ...agreed?.headers });
      session.runTimer(agreed?.interval);
    },
    reject: ({ status, reason }) => {
      if (state !== "early") return;
      incoming.respond(status, { toTag: ourTag, ...(reason !== undefined && { reason }) });
      finish("local", reason ?? `refused with ${status}`);
    },
    hangup: (reason) => {
      if (state === "early") {
        incoming.respond(480, { toTag: ourTag });
        finish("local", reason ?? "hung up");
      } else if (state === "answered") session.bye(reason);
    },
    reinvite: session.reinvite,
    refer: session.refer,
    info: session.info,
  };
};

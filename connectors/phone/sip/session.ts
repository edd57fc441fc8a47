import type { SipEvent } from "../ports.ts";
import {
  ask,
  allowed,
  contactOf,
  type Dialog,
  dialogHeaders,
  type Manner,
  nextHop,
  type Outcome,
  supported,
} from "./dialog.ts";
import { digitOf, sdpOf, sdpType } from "./bodies.ts";
import { dialogKey, type Incoming } from "./endpoint.ts";
import { header, type SipRequest, type SipResponse } from "./message.ts";
import { agreeAsClient, agreeAsServer, type Interval, leastSeconds, sessionTimer } from "./sessionTimer.ts";
import { after, type Alarm, backoff, giveUpMs, T2 } from "./timers.ts";
import { parseNameAddr } from "./uri.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => void after(ms, resolve));

export interface Session {
  /** A request inside the dialog. */
  readonly request: (incoming: Incoming) => void;
  readonly ack: (request: SipRequest) => void;
  /** Sends a 2xx to an INVITE and repeats it until its ACK comes. */
  readonly accept: (incoming: Incoming, sdp: string, headers?: Readonly<Record<string, string>>) => void;
  /** A 2xx to our INVITE came: acknowledges it, also when it is repeated. */
  readonly acknowledge: (seq: number) => Promise<void>;
  readonly reinvite: (sdp: string) => Promise<string>;
  readonly refer: (target: string) => Promise<{ readonly status: number }>;
  readonly info: (digit: string) => Promise<void>;
  readonly runTimer: (interval: Interval | undefined) => void;
  /** The far side's Allow header, once known. */
  readonly mayUpdate: (can: boolean) => void;
  readonly localSdp: (sdp: string) => void;
  readonly bye: (reason: string | undefined) => void;
  /** The session is over: nothing more is sent or told. */
  readonly close: () => void;
}

/**
 * An INVITE session inside its dialog, the same for both sides of the call: re-INVITE and UPDATE with glare, session
 * timer, INFO, REFER and NOTIFY, BYE. `ended` is told by the owner through `onEnd`.
 */
export const openSession = (input: {
  readonly dialog: Dialog;
  readonly manner: Manner;
  readonly emit: (event: SipEvent) => void;
  readonly onEnd: (by: "remote" | "local" | "error", reason: string) => void;
  /** We made the Call-ID: decides who waits longer after glare (RFC 3261 section 14.1). */
  readonly owner: boolean;
}): Session => {
  const { dialog, manner, emit } = input;
  const { endpoint } = manner;
  const key = dialogKey(dialog.callId, dialog.ourTag);
  let closed = false;
  let sdp = "";
  let canUpdate = false;
  /** An offer of ours that has no answer yet. */
  let asking = false;
  /** An INVITE of theirs that has no final answer yet. */
  let asked = false;
  let unacknowledged: { readonly repeat: Alarm; readonly end: Alarm; readonly seq: number } | undefined;
  let lastAck: { readonly seq: number; readonly bytes: Buffer; readonly flow: Dialog["flow"] } | undefined;

  const end = (by: "remote" | "local" | "error", reason: string): void => {
    if (closed) return;
    close();
    input.onEnd(by, reason);
  };
  const bye = (reason: string | undefined): void => {
    if (closed) return;
    const headers =
      reason === undefined ? {} : { reason: `SIP;cause=200;text="${reason.replaceAll(/["\\\r\n]/g, "")}"` };
    void ask(dialog, manner, { method: "BYE", headers });
    end("local", reason ?? "hung up");
  };
  const timer = sessionTimer({
    refresh: () => void refresh(),
    expire: () => bye("session expired"),
  });

  const close = (): void => {
    closed = true;
    timer.stop();
    settle();
    // A BYE repeated by the far side is still answered for a while.
    after(giveUpMs, () => endpoint.dialogs.delete(key));
  };
  const settle = (): void => {
    unacknowledged?.repeat.stop();
    unacknowledged?.end.stop();
    unacknowledged = undefined;
  };

  const answering = (): Record<string, string> => ({
    contact: contactOf(manner, dialog.flow.proto),
    allow: allowed,
    supported,
  });

  const accept: Session["accept"] = (incoming, answer, headers = {}) => {
    sdp = answer;
    const bytes = incoming.respond(200, {
      toTag: dialog.ourTag,
      headers: { ...answering(), ...headers },
      body: { type: sdpType, text: answer },
    });
    if (bytes === undefined) return;
    settle();
    const { request, flow } = incoming;
    const port = flow.proto !== "UDP" || request.via.params.has("rport") ? flow.port : (request.via.port ?? 5060);
    unacknowledged = {
      seq: request.cseq.number,
      // Over every transport: only the ACK proves that the far side has it (RFC 3261 section 13.3.1.4).
      repeat: backoff(() => endpoint.raw(bytes, { ...flow, port }), T2),
      end: after(giveUpMs, () => bye("no ACK came")),
    };
  };

  const acknowledge = async (seq: number): Promise<void> => {
    if (lastAck?.seq === seq) return endpoint.raw(lastAck.bytes, lastAck.flow);
    const flow = await nextHop(dialog, manner.resolve);
    const headers = dialogHeaders(dialog, manner, "ACK", seq);
    lastAck = { seq, flow, bytes: endpoint.ack({ uri: dialog.target, headers, flow }) };
  };

  /** The far side is gone when a request inside the dialog finds nobody (RFC 3261 section 12.2.1.2). */
  const lost = (outcome: Outcome): boolean => {
    const gone = typeof outcome === "string" || outcome.status === 408 || outcome.status === 481;
    if (gone)
      end(
        "error",
        typeof outcome === "string" ? "the far side does not answer" : `${outcome.status} ${outcome.reason}`,
      );
    return gone;
  };

  const offer = async (method: "INVITE" | "UPDATE", body: string | undefined): Promise<SipResponse> => {
    for (let attempt = 0; ; attempt += 1) {
      if (closed) throw new Error("the call has ended");
      asking = true;
      let seq = 0;
      const outcome = await ask(dialog, manner, {
        method,
        headers: { allow: allowed, supported, "session-expires": "1800", "min-se": String(leastSeconds) },
        ...(body !== undefined && { body: { type: sdpType, text: body } }),
        onSent: (_, number) => {
          seq = number;
        },
      });
      asking = false;
      if (lost(outcome) || typeof outcome === "string") throw new Error("the far side is gone");
      if (outcome.status < 300) {
        if (method === "INVITE") {
          const contact = parseNameAddr(header(outcome, "contact") ?? "")?.uri;
          if (contact !== undefined) dialog.target = contact;
          await acknowledge(seq);
        }
        timer.run(agreeAsClient(outcome));
        return outcome;
      }
      if (outcome.status !== 491 || attempt >= 4) throw new Error(`${outcome.status} ${outcome.reason}`);
      await pause(input.owner ? 2_100 + Math.random() * 1_900 : Math.random() * 2_000);
    }
  };

  const refresh = async (): Promise<void> => {
    try {
      await (canUpdate ? offer("UPDATE", undefined) : offer("INVITE", sdp));
    } catch (thrown) {
      if (!closed) bye(`the session could not be refreshed: ${thrown instanceof Error ? thrown.message : ""}`);
    }
  };

  const onOffer = (incoming: Incoming): void => {
    const { request } = incoming;
    const invite = request.method === "INVITE";
    // RFC 3261 section 14.2 and RFC 3311 section 5.2.
    if (asked || unacknowledged !== undefined)
      return void incoming.respond(500, { headers: { "retry-after": String(Math.ceil(Math.random() * 10)) } });
    if (asking) return void incoming.respond(491);
    const agreed = agreeAsServer(request);
    if (agreed === "small") return void incoming.respond(422, { headers: { "min-se": String(leastSeconds) } });
    const contact = parseNameAddr(header(request, "contact") ?? "")?.uri;
    if (contact !== undefined) dialog.target = contact;
    dialog.flow = incoming.flow;
    timer.run(agreed?.interval);
    const theirs = sdpOf(request);
    const timers = agreed?.headers ?? {};
    if (!invite && theirs === undefined) return void incoming.respond(200, { headers: { ...answering(), ...timers } });
    if (invite) incoming.respond(100);
    asked = true;
    let done = false;
    incoming.onCancel(() => {
      if (done) return;
      done = true;
      asked = false;
      incoming.respond(487);
    });
    emit({
      type: "reoffer",
      sdp: theirs,
      answer: (answer) => {
        if (done) return;
        done = true;
        asked = false;
        if (answer === undefined) return void incoming.respond(488);
        if (invite) return accept(incoming, answer, timers);
        sdp = answer;
        incoming.respond(200, { headers: { ...answering(), ...timers }, body: { type: sdpType, text: answer } });
      },
    });
  };

  const onRefer = (incoming: Incoming): void => {
    const target = parseNameAddr(header(incoming.request, "refer-to") ?? "")?.uri;
    if (target === undefined) return void incoming.respond(400);
    const notify = (status: number, reason: string): void => {
      const final = status >= 200;
      void ask(dialog, manner, {
        method: "NOTIFY",
        headers: {
          event: "refer",
          "subscription-state": final ? "terminated;reason=noresource" : "active;expires=120",
        },
        body: { type: "message/sipfrag;version=2.0", text: `SIP/2.0 ${status} ${reason}\r\n` },
      });
    };
    emit({
      type: "refer",
      target,
      accept: () => {
        incoming.respond(202, { headers: answering() });
        notify(100, "Trying");
      },
      reject: () => void incoming.respond(603),
      progress: (status) => notify(status, status < 300 ? "OK" : "Failed"),
    });
  };

  const onNotify = (incoming: Incoming): void => {
    const { request } = incoming;
    if ((header(request, "event") ?? "").toLowerCase().split(";")[0] !== "refer") return void incoming.respond(489);
    incoming.respond(200);
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(request.body)?.[1]);
    if (status > 100) emit({ type: "referred", status });
  };

  endpoint.dialogs.set(key, {
    request: (incoming) => session.request(incoming),
    ack: (request) => session.ack(request),
  });

  const session: Session = {
    accept,
    acknowledge,
    bye,
    close,
    request: (incoming) => {
      const { request } = incoming;
      if (dialog.theirSeq !== undefined && request.cseq.number < dialog.theirSeq) return void incoming.respond(500);
      dialog.theirSeq = request.cseq.number;
      if (request.method === "BYE") {
        incoming.respond(200);
        return end("remote", /text="([^"]{1,100})"/i.exec(header(request, "reason") ?? "")?.[1] ?? "hung up");
      }
      if (closed) return void incoming.respond(481);
      switch (request.method) {
        case "INVITE":
        case "UPDATE":
          return onOffer(incoming);
        case "INFO": {
          const key = digitOf(request);
          incoming.respond(200);
          if (key !== undefined) emit({ type: "digit", ...key });
          return;
        }
        case "REFER":
          return onRefer(incoming);
        case "NOTIFY":
          return onNotify(incoming);
        case "OPTIONS":
          return void incoming.respond(200, { headers: { ...answering(), accept: sdpType } });
        default:
          return void incoming.respond(405, { headers: { allow: allowed } });
      }
    },
    ack: (request) => {
      if (unacknowledged === undefined || request.cseq.number !== unacknowledged.seq) return;
      settle();
      emit({ type: "confirmed", sdp: sdpOf(request) });
    },
    reinvite: async (next) => {
      sdp = next;
      const response = await offer("INVITE", next);
      return sdpOf(response) ?? "";
    },
    refer: async (target) => {
      const outcome = await ask(dialog, manner, {
        method: "REFER",
        headers: { "refer-to": `<${target}>`, "referred-by": dialog.ours.split(";tag=")[0] ?? "" },
      });
      return { status: typeof outcome === "string" ? 408 : outcome.status };
    },
    info: async (digit) => {
      const outcome = await ask(dialog, manner, {
        method: "INFO",
        body: { type: "application/dtmf-relay", text: `Signal=${digit}\r\nDuration=160\r\n` },
      });
      if (typeof outcome === "string" || outcome.status >= 300) throw new Error("the far side takes no keys");
    },
    runTimer: (interval) => timer.run(interval),
    mayUpdate: (can) => {
      canUpdate = can;
    },
    localSdp: (next) => {
      sdp = next;
    },
  };
  return session;
};

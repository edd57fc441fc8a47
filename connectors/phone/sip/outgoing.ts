import { randomUUID } from "node:crypto";
import type { SipCall } from "../ports.ts";
import {
  allowed,
  ask,
  authorizer,
  type Dialog,
  dialogHeaders,
  learn,
  type Manner,
  nextHop,
  supported,
} from "./dialog.ts";
import { makeTag, type Sent } from "./endpoint.ts";
import { mouth } from "./incoming.ts";
import { type Headers, header, lists, type SipResponse, tagOf } from "./message.ts";
import { allowsUpdate, sdpOf } from "./bodies.ts";
import { openSession } from "./session.ts";
import { agreeAsClient, leastSeconds, sessionSeconds } from "./sessionTimer.ts";
import { after, type Alarm, giveUpMs } from "./timers.ts";
import type { Flow } from "./transport.ts";
import { parseUri } from "./uri.ts";

/** A call we make: the client side of an INVITE with forks, challenges, other servers and CANCEL races. */
export const outgoingCall = (input: {
  readonly manner: Manner;
  readonly target: string;
  /** Where the request goes first, when that is not its target: the trunk. */
  readonly proxy: string | undefined;
  readonly sdp: string;
  /** Value of From without its tag. */
  readonly from: string;
  readonly number: string;
  readonly extra: Readonly<Record<string, string>>;
}): SipCall => {
  const { manner, target } = input;
  const { endpoint } = manner;
  const { emit, listen } = mouth();
  const ourTag = makeTag();
  const callId = randomUUID();
  const authorize = authorizer(manner.credentials);
  const nowhere: Flow = { proto: "UDP", host: "127.0.0.1", port: 9 };
  const dialog: Dialog = {
    callId,
    ourTag,
    theirTag: undefined,
    ours: `${input.from};tag=${ourTag}`,
    theirs: `<${target}>`,
    ourSeq: Math.floor(Math.random() * 10_000),
    theirSeq: undefined,
    target,
    routes: [],
    flow: nowhere,
  };
  let state: "calling" | "answered" | "over" = "calling";
  let sent: Sent | undefined;
  let heard = false;
  let cancelled: string | undefined;
  let waiting: Alarm | undefined;
  let flows: readonly Flow[] = [];
  let seconds = sessionSeconds;
  /** RFC 3262 section 4: the highest RSeq of each branch of a fork. */
  const heardRseq = new Map<string, number>();
  const otherForks = new Map<string, Dialog>();

  const finish = (): void => {
    state = "over";
    waiting?.stop();
    session.close();
  };
  const fail = (status: number, reason: string): void => {
    if (state === "over") return;
    finish();
    if (cancelled === undefined) emit({ type: "failed", status, reason });
    else emit({ type: "ended", by: "local", reason: cancelled });
  };
  const session = openSession({
    dialog,
    manner,
    emit,
    owner: true,
    onEnd: (by, reason) => {
      if (state === "over") return;
      finish();
      emit({ type: "ended", by, reason });
    },
  });
  session.localSdp(input.sdp);

  const forked = (response: SipResponse): Dialog => {
    const tag = tagOf(response.to) ?? "";
    const known = otherForks.get(tag);
    if (known !== undefined) return known;
    const branch: Dialog = { ...dialog };
    learn(branch, response);
    otherForks.set(tag, branch);
    return branch;
  };

  /** PRACK for a provisional answer that asks for one, in order (RFC 3262 section 4). */
  const confirm = (response: SipResponse): boolean => {
    const rseq = Number(header(response, "rseq"));
    if (!lists(response, "require", "100rel") || !Number.isInteger(rseq)) return true;
    const tag = tagOf(response.to) ?? "";
    const before = heardRseq.get(tag);
    if (before !== undefined && rseq !== before + 1) return false;
    heardRseq.set(tag, rseq);
    const branch: Dialog = { ...dialog };
    learn(branch, response);
    // Requests of all branches count in one row: the branch that is answered goes on with it.
    dialog.ourSeq += 1;
    branch.ourSeq = dialog.ourSeq - 1;
    void ask(branch, manner, { method: "PRACK", headers: { rack: `${rseq} ${response.cseq.number} INVITE` } });
    return true;
  };

  /** A 2xx nobody wants any more: acknowledged and ended (RFC 3261 section 13.2.2.4). */
  const dismiss = async (response: SipResponse): Promise<void> => {
    const known = otherForks.has(tagOf(response.to) ?? "");
    const branch = forked(response);
    const flow = await nextHop(branch, manner.resolve);
    const headers = dialogHeaders(branch, manner, "ACK", response.cseq.number);
    endpoint.ack({ uri: branch.target, headers, flow });
    if (!known) await ask(branch, manner, { method: "BYE" });
  };

  const onAnswer = (response: SipResponse): void => {
    if (state === "answered" && tagOf(response.to) === dialog.theirTag)
      return void session.acknowledge(response.cseq.number);
    if (state !== "calling" || cancelled !== undefined) {
      void dismiss(response);
      if (state === "calling") fail(487, "cancelled");
      return;
    }
    state = "answered";
    learn(dialog, response);
    session.mayUpdate(allowsUpdate(response));
    session.runTimer(agreeAsClient(response));
    void session.acknowledge(response.cseq.number);
    emit({ type: "answered", sdp: sdpOf(response) ?? "" });
  };

  const onProvisional = (response: SipResponse): void => {
    heard = true;
    if (cancelled !== undefined) return sent?.cancel();
    if (response.status === 100 || !confirm(response)) return;
    const sdp = sdpOf(response);
    if (sdp === undefined) emit({ type: "ringing", status: response.status });
    else emit({ type: "progress", sdp });
  };

  const onRefusal = (response: SipResponse, index: number): void => {
    if (state !== "calling") return;
    const again = cancelled === undefined ? authorize(response, "INVITE", target) : undefined;
    if (again !== undefined) return invite(index, again);
    if (response.status === 422 && cancelled === undefined) {
      const least = Number(/^\d{1,8}/.exec(header(response, "min-se") ?? "")?.[0]);
      if (least > seconds && least < 86_400) {
        seconds = least;
        return invite(index, undefined);
      }
    }
    if (response.status === 503 && flows[index + 1] !== undefined && cancelled === undefined)
      return invite(index + 1, undefined);
    fail(response.status, response.reason);
  };

  const invite = (index: number, authorization: readonly [string, string] | undefined): void => {
    const flow = flows[index];
    if (flow === undefined) return fail(503, "the trunk cannot be reached");
    dialog.flow = flow;
    dialog.ourSeq += 1;
    heard = false;
    const headers: Headers = new Map([
      ...dialogHeaders(dialog, manner, "INVITE", dialog.ourSeq),
      ["allow", [allowed]],
      ["supported", [supported]],
      ["session-expires", [String(seconds)]],
      ["min-se", [String(leastSeconds)]],
      ["content-type", ["application/sdp"]],
    ]);
    for (const [name, value] of Object.entries(input.extra)) headers.set(name, [value]);
    if (authorization !== undefined) headers.set(authorization[0], [authorization[1]]);
    sent = endpoint.request({
      method: "INVITE",
      uri: target,
      headers,
      body: input.sdp,
      flow,
      onResponse: (response) => {
        if (response.status < 200) onProvisional(response);
        else if (response.status < 300) onAnswer(response);
        else onRefusal(response, index);
      },
      onLost: (why) => {
        if (state !== "calling") return;
        if (flows[index + 1] !== undefined && cancelled === undefined) invite(index + 1, undefined);
        else
          fail(
            why === "timeout" ? 408 : 503,
            why === "timeout" ? "no answer from the trunk" : "the trunk cannot be reached",
          );
      },
    });
  };

  const start = async (): Promise<void> => {
    flows = await manner.resolve(input.proxy ?? target).catch(() => []);
    if (cancelled !== undefined) return fail(487, "cancelled");
    invite(0, undefined);
  };
  // After the caller of this function listens: a name that does not exist is told like every other failure.
  setImmediate(() => void start());

  return {
    id: callId,
    direction: "out",
    caller: { number: input.number, display: "" },
    called: parseUri(target)?.user ?? target,
    offer: undefined,
    onEvent: listen,
    ring: () => undefined,
    progress: () => undefined,
    accept: () => undefined,
    reject: () => undefined,
    hangup: (reason) => {
      if (state === "answered") return session.bye(reason);
      if (state === "over" || cancelled !== undefined) return;
      cancelled = reason ?? "hung up";
      // Before the first provisional answer a CANCEL could overtake its INVITE (RFC 3261 section 9.1).
      if (heard) sent?.cancel();
      waiting = after(giveUpMs, () => fail(487, "cancelled"));
    },
    reinvite: session.reinvite,
    refer: session.refer,
    info: session.info,
  };
};

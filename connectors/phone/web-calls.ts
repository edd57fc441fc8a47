import { randomUUID } from "node:crypto";
import { ConnectorError, type Peer } from "#contract";
import { z } from "zod";
import type { MediaEvent, MediaPort, SipCall, SipEvent } from "./ports.ts";
import { acceptAnswer, answerAudio, makeLocal, offerAudio, type Srtp } from "./sdp/audio.ts";

/** What the widget asks over its socket to the line; what it is told is `state`: connecting, ringing, talking, ended. */
const asks = {
  call: z.object({ account: z.string().max(64).optional(), session: z.string().max(64).optional() }),
  answer: z.object({ sdp: z.string().min(1).max(20_000) }),
  digit: z.object({ digit: z.string().regex(/^[0-9*#]$/) }),
  hangup: z.object({}),
};

/** How long a visitor's browser may take to send its first sound, ms. */
const connectMs = 20_000;
/** Calls one address may begin in a minute: a page that calls in a loop must not fill the queue. */
const perMinute = 6;

type State = "ringing" | "talking" | "ended";

/**
 * A visitor's browser as a caller: to the rest of the connector it looks like a call on a trunk. Its WebRTC leg is joined
 * with a plain one, and that one calls the line over this machine's own network, so announcement, menu and queue are
 * those of every caller.
 */
export const openWebCalls = (input: {
  readonly media: MediaPort;
  readonly srtp: Srtp;
  readonly now: () => number;
  readonly take: (call: SipCall) => void;
  /** Whether one more call may come in. */
  readonly free: () => boolean;
}) => {
  const { media, srtp, now } = input;
  const begun = new Map<string, number[]>();
  const legs = new Map<string, { readonly connected: () => void; readonly gone: () => void }>();
  const stopListening = media.onEvent((event: MediaEvent) => {
    if (event.type === "legState" && event.state === "connected") legs.get(event.leg)?.connected();
    if (event.type === "legState" && event.state === "closed") legs.get(event.leg)?.gone();
    if (event.type === "down") for (const leg of event.legs) legs.get(leg)?.gone();
  });

  const limit = (ip: string): void => {
    const since = now() - 60_000;
    for (const [address, times] of begun) if ((times.at(-1) ?? 0) < since) begun.delete(address);
    const recent = (begun.get(ip) ?? []).filter((at) => at > since);
    if (recent.length >= perMinute || !input.free())
      throw new ConnectorError("rate-limited", "All lines are busy. Please try again in a moment.");
    begun.set(ip, [...recent, now()]);
  };

  const open = async (peer: Peer, from: z.output<typeof asks.call>) => {
    const id = randomUUID();
    const [web, gate] = [`visitor:${id}`, `gate:${id}`];
    let listener: (event: SipEvent) => void = () => undefined;
    let over = false;
    const tell = (state: State): void => peer.tell("state", { state });
    const close = (): void => {
      if (over) return;
      over = true;
      legs.delete(web);
      clearTimeout(patience);
      tell("ended");
      for (const leg of [web, gate]) void media.closeLeg(leg).catch(() => undefined);
    };
    const leave = (): void => {
      if (over) return;
      close();
      listener({ type: "ended", by: "remote", reason: "visitor" });
    };
    const patience = setTimeout(leave, connectMs);
    const { sdp } = await media.openWebLeg({ leg: web });
    const inside = await media.openTrunkLeg({ leg: gate, family: 4, inside: true });
    const local = makeLocal(inside);
    await media.hear({ leg: web, from: [gate] });
    await media.hear({ leg: gate, from: [web] });
    const offer = offerAudio(local, { srtp });
    const connect = (answer: string): void => {
      const audio = acceptAnswer(local, answer, { srtp });
      // Both ends are of this machine, whatever address the line shows to the world.
      if (audio !== undefined)
        void media.connectTrunkLeg({ leg: gate, audio: { ...audio, host: inside.host } }).catch(leave);
    };
    const call: SipCall = {
      id,
      direction: "in",
      caller: {
        number: undefined,
        display: "",
        ...(from.account !== undefined &&
          from.session !== undefined && { visitor: { scope: from.account, value: from.session } }),
      },
      called: "web",
      offer,
      onEvent: (next) => {
        listener = next;
      },
      ring: () => tell("ringing"),
      progress: connect,
      accept: (answer) => {
        connect(answer);
        tell("talking");
        setImmediate(() => listener({ type: "confirmed", sdp: undefined }));
      },
      reject: close,
      hangup: () => {
        close();
        setImmediate(() => listener({ type: "ended", by: "local", reason: "hub" }));
      },
      reinvite: async (offered) => {
        const answered = answerAudio(local, offered, { srtp });
        if (answered === undefined) throw new Error("488");
        await media.connectTrunkLeg({ leg: gate, audio: { ...answered.audio, host: inside.host } });
        return answered.sdp;
      },
      // A browser cannot be sent elsewhere: the hub keeps the call and adds the other side.
      refer: async () => ({ status: 501 }),
      info: async () => undefined,
    };
    let taken = false;
    legs.set(web, {
      gone: leave,
      connected: () => {
        clearTimeout(patience);
        if (over || taken) return;
        taken = true;
        input.take(call);
      },
    });
    return {
      sdp,
      answer: (answer: string) => media.connectWebLeg({ leg: web, sdp: answer }),
      digit: (digit: string) => listener({ type: "digit", digit, durationMs: 160 }),
      leave,
    };
  };

  return {
    serve: (peer: Peer): void => {
      let call: Awaited<ReturnType<typeof open>> | undefined;
      let beginning = false;
      const running = () => {
        if (call === undefined) throw new ConnectorError("rejected", "There is no call.");
        return call;
      };
      peer.closed.addEventListener("abort", () => call?.leave(), { once: true });
      peer.onAsk(async (event, payload) => {
        const parsed = event in asks ? asks[event as keyof typeof asks].safeParse(payload) : undefined;
        if (parsed?.success !== true) throw new ConnectorError("rejected", "Not a question of a call.");
        const takes = parsed.data;
        if (event === "call") {
          if (call !== undefined || beginning) throw new ConnectorError("rejected", "The call has begun already.");
          limit(peer.ip);
          beginning = true;
          call = await open(peer, takes as z.output<typeof asks.call>);
          if (peer.closed.aborted) call.leave();
          return { sdp: call.sdp };
        }
        if (event === "answer") await running().answer((takes as z.output<typeof asks.answer>).sdp);
        else if (event === "digit") running().digit((takes as z.output<typeof asks.digit>).digit);
        else running().leave();
        return {};
      });
    },
    stop: stopListening,
  };
};
export type WebCalls = ReturnType<typeof openWebCalls>;

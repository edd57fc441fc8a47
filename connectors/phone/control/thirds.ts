import type { LegId, MediaPort, SipCall } from "../ports.ts";
import type { Srtp } from "../sdp/audio.ts";
import { type CallAudio, onReoffer, openAudio } from "./audio.ts";
import type { Input } from "./state.ts";

/** Numbers called into a running call: a transfer to outside, a colleague's mobile. */
export const openThirds = (input: {
  readonly media: MediaPort;
  readonly srtp: Srtp;
  readonly prefix: string;
  readonly dial: (sdp: string, number: string) => SipCall;
  readonly give: (input: Input) => void;
  readonly warn: (text: string, fields?: object) => void;
}) => {
  const { media, give } = input;
  const legs = new Map<string, { readonly audio: CallAudio; readonly sip: SipCall }>();

  const call = async (leg: string, number: string): Promise<void> => {
    try {
      const audio = await openAudio({ media, leg: `${input.prefix}:${leg}`, srtp: input.srtp, family: 4 });
      const sip = input.dial(audio.offer(), number);
      legs.set(leg, { audio, sip });
      const answered = async (sdp: string): Promise<void> => {
        if (await audio.accepted(sdp).catch(() => false)) give({ type: "legAnswered", leg });
        else sip.hangup("no common codec");
      };
      sip.onEvent((event) => {
        if (event.type === "answered") void answered(event.sdp);
        else if (event.type === "failed") give({ type: "legGone", leg, reason: `${event.status} ${event.reason}` });
        else if (event.type === "ended") give({ type: "legGone", leg, reason: event.reason });
        else if (event.type === "reoffer") void onReoffer(audio, event);
        else if (event.type === "refer") event.reject();
      });
    } catch (thrown) {
      input.warn("a third party could not be called", { reason: String(thrown) });
      give({ type: "legGone", leg, reason: "no audio" });
    }
  };
  const drop = (leg: string): void => {
    const gone = legs.get(leg);
    legs.delete(leg);
    gone?.sip.hangup();
    void gone?.audio.close();
  };
  return {
    call,
    drop,
    dropAll: (): void => [...legs.keys()].forEach(drop),
    legOf: (leg: string): LegId | undefined => legs.get(leg)?.audio.leg,
  };
};

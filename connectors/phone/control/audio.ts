import { acceptAnswer, answerAudio, type LocalAudio, makeLocal, offerAudio, type Srtp } from "../sdp/audio.ts";
import type { MediaPort, SipCall } from "../ports.ts";

/** The audio of one SIP call: its leg in the media process, and the descriptions exchanged for it. */
export interface CallAudio {
  readonly leg: string;
  /** The answer to their offer; undefined = nothing in common. */
  answer(offer: string): Promise<string | undefined>;
  offer(): string;
  /** Their answer to our offer; false = nothing in common. */
  accepted(answer: string): Promise<boolean>;
  /** Whether the far side has put us on hold. */
  held(): boolean;
  close(): Promise<void>;
}

export const openAudio = async (input: {
  readonly media: MediaPort;
  readonly leg: string;
  readonly srtp: Srtp;
  readonly family: 4 | 6;
}): Promise<CallAudio> => {
  const { media, leg, srtp } = input;
  const local: LocalAudio = makeLocal(await media.openTrunkLeg({ leg, family: input.family }));
  let held = false;
  return {
    leg,
    answer: async (offer) => {
      const answered = answerAudio(local, offer, { srtp });
      if (answered === undefined) return undefined;
      held = answered.audio.direction === "recvonly" || answered.audio.direction === "inactive";
      await media.connectTrunkLeg({ leg, audio: answered.audio });
      return answered.sdp;
    },
    offer: () => offerAudio(local, { srtp }),
    accepted: async (answer) => {
      const audio = acceptAnswer(local, answer, { srtp });
      if (audio === undefined) return false;
      held = audio.direction === "recvonly" || audio.direction === "inactive";
      await media.connectTrunkLeg({ leg, audio });
      return true;
    },
    held: () => held,
    close: async () => {
      await media.closeLeg(leg).catch(() => undefined);
    },
  };
};

/** Answers changes of a running call: hold from the far side, a new address, a refresh. */
export const onReoffer = async (
  audio: CallAudio,
  event: { readonly sdp: string | undefined; answer(sdp: string | undefined): void },
): Promise<void> => {
  if (event.sdp === undefined) return event.answer(audio.offer());
  event.answer(await audio.answer(event.sdp).catch(() => undefined));
};

/** Keys towards the far side: as RFC 4733 events where it takes them, else by INFO. */
export const sendKeys = async (input: {
  readonly media: MediaPort;
  readonly leg: string;
  readonly sip: SipCall;
  readonly digits: string;
}): Promise<void> => {
  try {
    await input.media.sendDigits({ leg: input.leg, digits: input.digits });
  } catch {
    for (const digit of input.digits) await input.sip.info(digit);
  }
};

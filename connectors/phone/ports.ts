/**
 * The seams between the rooms of the phone connector: `sip/` speaks SIP and `sdp/` describes media, `media/` moves
 * audio in processes of its own, `control/` decides. Control knows the other two only through these types.
 */

// ---------- signalling (sip/)

/** Who calls, as far as the trunk tells: an identity it asserts (RFC 3325) comes before From. */
export interface Caller {
  /** User part as sent ("+420777123456", "112", "alice"); undefined = withheld (RFC 3323, anonymous.invalid). */
  readonly number: string | undefined;
  readonly display: string;
  /** A visitor of a web page who calls from the browser: the account of the chat and the session there. */
  readonly visitor?: { readonly scope: string; readonly value: string };
}

/** What a call tells control, in order. `ended` or `failed` is the last one. */
export type SipEvent =
  | { readonly type: "ringing"; readonly status: number }
  /** Early media: 183 with a description; audio may be passed on before the answer. */
  | { readonly type: "progress"; readonly sdp: string }
  | { readonly type: "answered"; readonly sdp: string }
  /** The ACK came; it carries an answer when our 200 carried the offer. */
  | { readonly type: "confirmed"; readonly sdp: string | undefined }
  | { readonly type: "failed"; readonly status: number; readonly reason: string }
  | { readonly type: "ended"; readonly by: "remote" | "local" | "error"; readonly reason: string }
  /** Re-INVITE or UPDATE. Without `sdp` the far side asks for our offer. `undefined` refuses with 488. */
  | { readonly type: "reoffer"; readonly sdp: string | undefined; answer(sdp: string | undefined): void }
  /** A key by SIP INFO; RFC 4733 keys come from the media process. */
  | { readonly type: "digit"; readonly digit: string; readonly durationMs: number }
  /** The far side asks us to transfer it (RFC 3515). */
  | { readonly type: "refer"; readonly target: string; accept(): void; reject(): void; progress(status: number): void }
  /** How a transfer that we asked for goes: final at 200 and above. */
  | { readonly type: "referred"; readonly status: number };

export interface SipCall {
  readonly id: string;
  readonly direction: "in" | "out";
  readonly caller: Caller;
  /** User part of the number that was called. */
  readonly called: string;
  /** The offer of the INVITE; undefined = the far side wants ours (offerless INVITE). */
  readonly offer: string | undefined;
  /** Called once, at once, before anything else happens to the call. */
  onEvent(listener: (event: SipEvent) => void): void;
  ring(): void;
  progress(sdp: string): void;
  accept(sdp: string): void;
  reject(input: { readonly status: number; readonly reason?: string }): void;
  /** BYE, CANCEL or a refusal: whatever ends the call in the state it is in. */
  hangup(reason?: string): void;
  /** Re-INVITE; resolves with the answer, rejects with the final status in the message. Glare (491) is tried again. */
  reinvite(sdp: string): Promise<string>;
  /** REFER: asks the far side to call `target`; `referred` events tell how it goes. */
  refer(target: string): Promise<{ readonly status: number }>;
  /** A key by SIP INFO, for peers without telephone-event. */
  info(digit: string): Promise<void>;
}

export interface SipUa {
  /** Starts a call; the SipCall is given at once and tells the rest by events. */
  invite(input: {
    readonly target: string;
    readonly sdp: string;
    readonly from: { readonly number: string; readonly display?: string };
    /** Withholds our number (RFC 3323). */
    readonly anonymous?: boolean;
  }): SipCall;
  onCall(listener: (call: SipCall) => void): void;
  stop(): Promise<void>;
}

// ---------- media (media/)

/** Made by control, unique in the hub. */
export type LegId = string;

export type Law = "PCMA" | "PCMU";

/** One side's SRTP key (RFC 4568), base64 of key and salt; the suite is always AES_CM_128_HMAC_SHA1_80. */
interface SrtpKeys {
  readonly ours: string;
  readonly theirs: string;
}

/** What offer and answer agreed on, as the media process needs it; sdp/ makes it. */
export interface AgreedAudio {
  readonly host: string;
  readonly port: number;
  readonly law: Law;
  /** Payload type of telephone-event (RFC 4733); undefined = the peer has none. */
  readonly events: number | undefined;
  /** From our side: "sendonly" when the peer put us on hold is "recvonly" here, and so on. */
  readonly direction: "sendrecv" | "sendonly" | "recvonly" | "inactive";
  readonly srtp: SrtpKeys | undefined;
}

export interface LegStats {
  readonly received: number;
  readonly sent: number;
  readonly lost: number;
  /** Inter-arrival jitter (RFC 3550), milliseconds. */
  readonly jitterMs: number;
}

export type PromptSource =
  /** WAV, any rate and channels; converted once. */
  | { readonly file: string }
  /** Spoken by espeak-ng; rejects when it is not installed. */
  | { readonly text: string; readonly language: string }
  /** Comes with the hub. */
  | { readonly builtin: "music" | "beep" | "ringback" | "busy" };

export type MediaEvent =
  | { readonly type: "digit"; readonly leg: LegId; readonly digit: string; readonly durationMs: number }
  | { readonly type: "legState"; readonly leg: LegId; readonly state: "connected" | "disconnected" | "closed" }
  /** Nothing arrived from this leg for this long, though it should have: repeated at most every 5 s. */
  | { readonly type: "silent"; readonly leg: LegId; readonly ms: number }
  | {
      readonly type: "recorded";
      readonly recording: string;
      readonly file: string;
      readonly ms: number;
      readonly sha256: string;
      /** Where sound was left out, milliseconds from the start. */
      readonly pauses: readonly { readonly fromMs: number; readonly toMs: number; readonly reason: string }[];
    }
  /** Its file could not be written to the end (disk full): what is there is kept and closed by the next start. */
  | { readonly type: "recordingFailed"; readonly recording: string }
  /** A media process died: these legs and recordings are gone (files up to now are kept and closed by the next start). */
  | { readonly type: "down"; readonly legs: readonly LegId[]; readonly recordings: readonly string[] };

/**
 * Audio of the hub. Runs in its own process(es), so that everything is asynchronous; a call for a leg that is gone
 * rejects with MediaGone. `media/index.ts` exports `startMedia(input): Promise<MediaPort>`.
 */
export interface MediaPort {
  /** Opens an RTP socket towards a trunk. `host` is what we write into our SDP. */
  openTrunkLeg(input: {
    readonly leg: LegId;
    readonly family: 4 | 6;
    /** For a leg that only other legs of this machine talk to: `host` is then where they reach it. */
    readonly inside?: boolean;
  }): Promise<{
    readonly host: string;
    readonly port: number;
  }>;
  /** After each offer/answer: the first and every later one (hold, new address). */
  connectTrunkLeg(input: { readonly leg: LegId; readonly audio: AgreedAudio }): Promise<void>;
  /** Opens a browser's leg and gives our offer with its candidates; one lives as long as its desk does. */
  openWebLeg(input: { readonly leg: LegId }): Promise<{ readonly sdp: string }>;
  connectWebLeg(input: { readonly leg: LegId; readonly sdp: string }): Promise<void>;
  closeLeg(leg: LegId): Promise<LegStats>;
  /**
   * What this leg hears from now on: nothing, one other leg (forwarded as it is), or several (mixed, at most 4). A
   * bridge is two of these, a conference one for each, listening-in one for the supervisor alone.
   */
  hear(input: { readonly leg: LegId; readonly from: readonly LegId[] }): Promise<void>;
  /** Makes a prompt ready under this id (again = replaced). */
  loadPrompt(input: { readonly prompt: string; readonly source: PromptSource }): Promise<{ readonly ms: number }>;
  /** Plays into the leg instead of what it hears. Resolves when it ended, or false when stopped, replaced or gone. */
  play(input: { readonly leg: LegId; readonly prompt: string; readonly loop?: boolean }): Promise<boolean>;
  stopPlay(leg: LegId): Promise<void>;
  /** RFC 4733 keys towards the leg, one after the other; rejects when the peer has no telephone-event. */
  sendDigits(input: { readonly leg: LegId; readonly digits: string }): Promise<void>;
  /** Stereo: left what the leg says, right what it hears from other legs (no prompts, no music). */
  startRecording(input: { readonly recording: string; readonly leg: LegId }): Promise<void>;
  pauseRecording(input: { readonly recording: string; readonly reason: string }): Promise<void>;
  resumeRecording(recording: string): Promise<void>;
  /** A `recorded` event follows. */
  stopRecording(recording: string): Promise<void>;
  stats(leg: LegId): Promise<LegStats>;
  /** Gives what ends the listening. */
  onEvent(listener: (event: MediaEvent) => void): () => void;
  stop(): Promise<void>;
}

/** The leg or recording is not there: closed, never opened, or lost with its process. */
export class MediaGone extends Error {
  override readonly name = "MediaGone";
}

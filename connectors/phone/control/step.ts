import {
  arrive,
  leave,
  menuKey,
  menuMissed,
  menuSaid,
  noticed,
  offer,
  passOn,
  play,
  recordVoicemail,
  sayPosition,
  startRecording,
  take,
  waitedLongEnough,
  waitingKey,
} from "./greet.ts";
import type { Action, CallState, Input, TimerName } from "./state.ts";
import {
  agentBack,
  agentLost,
  answered,
  command,
  customerAnswered,
  giveUpOnAgent,
  gone,
  resumeRecording,
  talk,
} from "./talk.ts";
import { agentOf, end, log, partyOf, set, type Work } from "./work.ts";

const played = (work: Work, prompt: string, done: boolean): void => {
  const { phase, direction, line } = work.state;
  if (!done) return;
  if (prompt === "notice" && phase === "announcing") {
    if (direction === "in") return noticed(work);
    set(work, { notice: { version: line.notice ?? "", at: work.at } });
    log(work, "announcementPlayed", { version: line.notice });
    startRecording(work);
    return talk(work);
  }
  if (prompt.startsWith("menu:") && phase === "menu") return menuSaid(work);
  if (prompt.startsWith("position:") && phase === "queued") return play(work, "music", true);
  if (prompt === "voicemail" && phase === "voicemail") return play(work, "beep");
  if (prompt === "beep" && phase === "voicemail") return recordVoicemail(work);
  if (phase === "closing") end(work, "hub", "goodbye");
};

const rang = (work: Work, name: TimerName): void => {
  const { state } = work;
  switch (name) {
    case "ring": {
      if (state.offered !== undefined) return passOn(work, "offerExpired");
      const ringing = state.parties.find(({ as, on }) => as === "consulted" && !on);
      if (ringing !== undefined) gone(work, ringing.leg, "no answer");
      return;
    }
    case "wait":
      return waitedLongEnough(work);
    case "menu":
      if (state.phase === "menu") menuMissed(work);
      return;
    case "voicemail":
      return end(work, "hub", "the longest message was reached");
    case "pause":
      if (state.recording === "paused") log(work, "pauseForgotten");
      return resumeRecording(work);
    case "lost":
      return giveUpOnAgent(work);
    case "position":
      return;
    default:
      return name satisfies never;
  }
};

const byAgent = (work: Work, input: Extract<Input, { type: "by" }>): void => {
  const { userId, name, command: given } = input;
  const { offered } = work.state;
  if (offered?.userId === userId && given.name === "answer") return take(work, userId, name);
  if (offered?.userId === userId && given.name === "reject") return passOn(work, "offerRejected");
  if (given.name === "answer" && partyOf(work.state, userId)?.as === "agent") return agentBack(work, userId);
  command(work, userId, name, given);
};

/** The agent has nothing to speak through any more, or everybody: audio was lost with its process. */
const mediaDown = (work: Work): void => {
  log(work, "mediaLost");
  end(work, "hub", "the audio connection was lost", work.state.talkedAt === undefined ? "failed" : undefined);
};

const apply = (work: Work, input: Input): void => {
  const { state } = work;
  switch (input.type) {
    case "arrived":
      return arrive(work, input.open);
    case "played":
      return played(work, input.prompt, input.done);
    case "digit":
      log(work, "dtmf", { via: input.via, durationMs: input.durationMs });
      if (state.phase === "menu") return menuKey(work, input.digit);
      if (state.phase === "queued") return waitingKey(work, input.digit);
      // A message is ended with a key.
      if (state.phase === "voicemail" && state.outcome === "voicemail" && input.digit === "#")
        return end(work, "hub", "the caller ended the message");
      return;
    case "timer":
      return rang(work, input.name);
    case "found":
      return offer(work, input.userId);
    case "position":
      return sayPosition(work, input.position);
    case "customerGone":
      return leave(work, input.reason);
    case "customerAnswered":
      return customerAnswered(work);
    case "customerFailed":
      log(work, "failed", { status: input.status, reason: input.reason });
      return end(
        work,
        "remote",
        `${input.status} ${input.reason}`,
        input.status === 486 || input.status === 480 || input.status === 487 ? "unanswered" : "failed",
      );
    case "remoteHold":
      if (state.remoteHeld === input.held) return;
      set(work, { remoteHeld: input.held });
      return log(work, "remoteHold", { held: input.held });
    case "agentGone":
      if (state.offered?.userId === input.userId) return passOn(work, "agentLost");
      if (state.phase === "dialling" || (state.phase === "announcing" && agentOf(state)?.userId === input.userId))
        return end(work, "hub", "the agent's connection was lost");
      return agentLost(work, input.userId);
    case "legAnswered":
      return answered(work, input.leg);
    case "legGone":
      return gone(work, input.leg, input.reason);
    case "mediaDown":
      return mediaDown(work);
    case "stopping":
      return end(
        work,
        "hub",
        "the hub stopped",
        state.talkedAt === undefined && state.direction === "in" ? "abandoned" : undefined,
      );
    case "by":
      return byAgent(work, input);
    default:
      return input satisfies never;
  }
};

/**
 * One step of a call: pure. Given the same state, input and time it gives the same state and actions. A call that has
 * ended changes no more.
 */
export const step = (
  state: CallState,
  input: Input,
  at: number,
): { readonly state: CallState; readonly actions: readonly Action[] } => {
  if (state.phase === "ended")
    return { state, actions: input.type === "by" ? [{ do: "refuse", says: "The call has ended." }] : [] };
  const work: Work = { state, at, actions: [] };
  apply(work, input);
  return { state: work.state, actions: work.actions };
};

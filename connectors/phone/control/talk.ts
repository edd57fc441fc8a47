import { enqueue, join, play } from "./greet.ts";
import { type Command, legOf, type Party } from "./state.ts";
import {
  addParty,
  agentOf,
  changeParty,
  clear,
  dismiss,
  end,
  log,
  partyOf,
  removeParty,
  set,
  todo,
  type Work,
} from "./work.ts";

/** Everything an agent or supervisor does to a call that runs. */

/** A pause for card numbers ends by itself: forgetting it must not lose the rest of the call (facts: 120 s). */
const pauseMs = 120_000;
/** How long a lost agent may come back before the caller is queued again. */
const lostMs = 10_000;

const refuse = (work: Work, says: string): void => todo(work, { do: "refuse", says });

const hold = (work: Work): void => {
  if (work.state.held) return;
  set(work, { held: true });
  log(work, "held", { agent: work.state.agent });
  play(work, "music", true);
};
const resume = (work: Work): void => {
  if (!work.state.held) return;
  set(work, { held: false });
  log(work, "resumed", { agent: work.state.agent });
  todo(work, { do: "stop" });
};

const consultedOf = (work: Work): Party | undefined => work.state.parties.find(({ as }) => as === "consulted");

/** Brings somebody in beside the agent: another agent's desk rings, a number is dialled. */
const bring = (work: Work, to: Extract<Command, { name: "transfer" }>["to"]): void => {
  if (to.type === "queue") return refuse(work, "Only a person can be consulted.");
  const party: Party =
    to.type === "agent"
      ? { leg: legOf(to.id), userId: to.id, name: to.name, as: "consulted", muted: false, on: false }
      : { leg: `third:${work.at}`, userId: undefined, name: to.number, as: "consulted", muted: false, on: false };
  addParty(work, party);
  if (to.type === "agent") {
    const until = work.at + work.state.line.ringMs;
    todo(work, { do: "ring", userId: to.id, until }, { do: "timer", name: "ring", ms: work.state.line.ringMs });
  } else todo(work, { do: "dial", leg: party.leg, number: to.number });
};

const transfer = (work: Work, by: Party, command: Extract<Command, { name: "transfer" }>): void => {
  const { to, mode } = command;
  if (consultedOf(work) !== undefined) return refuse(work, "Somebody is being consulted already.");
  if (to.type === "agent" && partyOf(work.state, to.id) !== undefined) return refuse(work, "They are on this call.");
  const target = to.type === "number" ? "number" : to.id;
  log(work, "transferRequested", { agent: by.userId, to: target, mode });
  if (mode === "attended") {
    if (to.type !== "queue") hold(work);
    return bring(work, to);
  }
  if (to.type === "queue") {
    set(work, { queue: to.id, excluded: by.userId === undefined ? [] : [by.userId], queuedAt: undefined });
    dismiss(work, by, "transferred");
    log(work, "transferred", { agent: by.userId, to: target });
    return enqueue(work);
  }
  if (to.type === "agent") {
    dismiss(work, by, "transferred");
    log(work, "transferred", { agent: by.userId, to: target });
    set(work, { phase: "queued", held: false, offered: { userId: to.id, until: work.at + work.state.line.ringMs } });
    play(work, "music", true);
    return todo(
      work,
      { do: "ring", userId: to.id, until: work.at + work.state.line.ringMs },
      { do: "timer", name: "ring", ms: work.state.line.ringMs },
    );
  }
  // The agent stays until the number answers: a number that does not must not cost the caller.
  hold(work);
  bring(work, to);
  set(work, {
    parties: work.state.parties.map((party) =>
      party.as === "consulted" ? { ...party, name: `>${party.name}` } : party,
    ),
  });
};

/** A blind transfer to a number hands over as soon as it answers. */
const handsOver = (party: Party): boolean => party.name.startsWith(">");

const complete = (work: Work): void => {
  const agent = agentOf(work.state);
  const other = consultedOf(work);
  if (agent === undefined || other === undefined || !other.on) return refuse(work, "Nobody has answered yet.");
  dismiss(work, agent, "transferred");
  log(work, "transferred", { agent: agent.userId, to: other.userId ?? "number" });
  set(work, { held: false });
  todo(work, { do: "stop" });
  if (other.userId === undefined) changeParty(work, other.leg, { as: "third", name: other.name.replace(/^>/, "") });
  else {
    removeParty(work, other.leg);
    join(work, other.userId, other.name);
  }
};

const consult = (work: Work, next: "complete" | "conference" | "cancel"): void => {
  const other = consultedOf(work);
  if (other === undefined) return refuse(work, "Nobody is being consulted.");
  if (next === "complete") return complete(work);
  if (next === "cancel") {
    dismiss(work, other, "cancelled");
    clear(work, "ring");
    return resume(work);
  }
  if (!other.on) return refuse(work, "Nobody has answered yet.");
  changeParty(work, other.leg, { as: "third" });
  set(work, { conference: true });
  log(work, "joined", { who: other.userId ?? "number", as: "conference" });
  resume(work);
};

const monitor = (work: Work, userId: string, name: string, mode: "listen" | "whisper" | "barge" | "leave"): void => {
  const own = partyOf(work.state, userId);
  if (own !== undefined && !["monitor", "whisper", "barge"].includes(own.as))
    return refuse(work, "You are on this call yourself.");
  if (mode === "leave") {
    if (own !== undefined) dismiss(work, own, "left");
    return log(work, "left", { who: userId, as: "monitor" });
  }
  if (work.state.phase !== "talking") return refuse(work, "Nobody is speaking on this call.");
  const as = mode === "listen" ? "monitor" : mode;
  addParty(work, { leg: legOf(userId), userId, name, as, muted: false, on: true });
  log(work, "joined", { who: userId, as });
};

/** Somebody who was being called in answered. */
export const answered = (work: Work, leg: string): void => {
  const party = work.state.parties.find((one) => one.leg === leg);
  if (party === undefined || party.on) return;
  changeParty(work, leg, { on: true });
  clear(work, "ring");
  log(work, "answered", { by: party.userId ?? "number" });
  if (handsOver(party)) complete(work);
};

/** Somebody beside the customer went away; the call goes on with whoever is left. */
export const gone = (work: Work, leg: string, reason: string): void => {
  const party = work.state.parties.find((one) => one.leg === leg);
  if (party === undefined) return;
  const wasConsulted = party.as === "consulted";
  dismiss(work, party, reason);
  if (wasConsulted) {
    log(work, "transferFailed", { agent: work.state.agent, to: party.userId ?? "number", reason });
    clear(work, "ring");
    return resume(work);
  }
  if (party.as === "third") {
    log(work, "left", { who: party.userId ?? "number", as: "conference" });
    if (agentOf(work.state) === undefined) end(work, "hub", "the other party hung up");
  }
};

/** The agent's browser is gone: the caller hears music while it may come back, then the queue has the call again. */
export const agentLost = (work: Work, userId: string): void => {
  const party = partyOf(work.state, userId);
  if (party === undefined) return;
  if (party.as !== "agent") return gone(work, party.leg, "lost");
  log(work, "agentLost", { agent: userId });
  changeParty(work, party.leg, { on: false });
  if (work.state.parties.some(({ as, on }) => as === "third" && on)) return;
  set(work, { held: false });
  play(work, "music", true);
  todo(work, { do: "timer", name: "lost", ms: lostMs });
};

/** The desk is there again within the time: nothing happened but some music. */
export const agentBack = (work: Work, userId: string): void => {
  const party = partyOf(work.state, userId);
  if (party === undefined || party.as !== "agent" || party.on) return;
  changeParty(work, party.leg, { on: true });
  clear(work, "lost");
  todo(work, { do: "stop" });
  log(work, "bridged", { agent: userId });
};

export const giveUpOnAgent = (work: Work): void => {
  const party = agentOf(work.state);
  if (party === undefined || party.on) return;
  dismiss(work, party, "lost");
  for (const other of work.state.parties) dismiss(work, other, "lost");
  if (work.state.direction === "out") return end(work, "hub", "the agent's connection was lost");
  enqueue(work);
};

export const command = (work: Work, userId: string, name: string, given: Command): void => {
  const party = partyOf(work.state, userId);
  if (given.name === "monitor") return monitor(work, userId, name, given.mode);
  if (party === undefined) return refuse(work, "You are not on this call.");
  if (given.name === "mute") return changeParty(work, party.leg, { muted: given.on });
  if (given.name === "answer") return answered(work, party.leg);
  if (given.name === "reject") return gone(work, party.leg, "rejected");
  if (given.name === "hangup") {
    if (party.as === "consulted" || party.as === "third") return gone(work, party.leg, "hung up");
    if (party.as !== "agent") return dismiss(work, party, "left");
    // A conference goes on without the agent who leaves it.
    if (work.state.parties.some(({ as, on }) => as === "third" && on)) return dismiss(work, party, "left");
    return end(work, "agent", "hung up");
  }
  if (party.as !== "agent" || work.state.phase !== "talking") return refuse(work, "That is not possible now.");
  switch (given.name) {
    case "hold":
      return hold(work);
    case "resume":
      if (consultedOf(work) !== undefined) return refuse(work, "End the consultation first.");
      return resume(work);
    case "dtmf":
      return todo(work, { do: "digits", digits: given.digits });
    case "pauseRecording":
      if (work.state.recording !== "on") return refuse(work, "Nothing is being recorded.");
      set(work, { recording: "paused" });
      log(work, "recordingPaused", { reason: given.reason });
      return todo(work, { do: "pauseRecording", reason: given.reason }, { do: "timer", name: "pause", ms: pauseMs });
    case "resumeRecording":
      return resumeRecording(work);
    case "transfer":
      return transfer(work, party, given);
    case "consult":
      return consult(work, given.next);
    default:
      return given satisfies never;
  }
};

export const resumeRecording = (work: Work): void => {
  if (work.state.recording !== "paused") return;
  set(work, { recording: "on" });
  clear(work, "pause");
  log(work, "recordingResumed");
  todo(work, { do: "resumeRecording" });
};

/** A number we called answered: the notice first, then the two are together. */
export const customerAnswered = (work: Work): void => {
  const { line, agent } = work.state;
  if (work.state.phase !== "dialling" || agent === undefined) return;
  set(work, { answeredAt: work.at });
  log(work, "answered", { by: "remote" });
  if (line.notice !== undefined && line.record) {
    set(work, { recording: "announcing", phase: "announcing" });
    return play(work, "notice");
  }
  talk(work);
};

/** Of an outbound call: the agent who dialled is with the customer now. */
export const talk = (work: Work): void => {
  set(work, { phase: "talking", talkedAt: work.at, outcome: "answered" });
  log(work, "bridged", { agent: work.state.agent });
};

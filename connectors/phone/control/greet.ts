import type { Choice } from "./menus.ts";
import { addParty, clear, end, log, set, todo, withdraw, type Work } from "./work.ts";
import { legOf } from "./state.ts";

/** From the first ring to the agent: notice, menu, queue, offers, voicemail. */

const menuTimeMs = 6_000;

export const play = (work: Work, prompt: string, loop = false): void => todo(work, { do: "play", prompt, loop });

export const arrive = (work: Work, open: boolean): void => {
  const { line, number } = work.state;
  log(work, "ringing", { direction: "in", to: line.number, anonymous: number === undefined });
  todo(work, { do: "accept" });
  set(work, { answeredAt: work.at });
  log(work, "answered", { by: "hub" });
  if (!open) return closed(work);
  if (line.notice === undefined) return afterNotice(work);
  set(work, { recording: line.record ? "announcing" : "off" });
  play(work, "notice");
};

const closed = (work: Work): void => {
  log(work, "closed");
  const { closed: then } = work.state.line;
  set(work, { outcome: "closed" });
  if (then === "voicemail") return voicemail(work);
  set(work, { phase: "closing" });
  if (then === "callback") return askCallback(work);
  play(work, "closed");
};

/** The notice was heard to its end: from here on, and not a moment before, sound may be kept. */
export const noticed = (work: Work): void => {
  const { line } = work.state;
  if (line.notice !== undefined) {
    set(work, { notice: { version: line.notice, at: work.at } });
    log(work, "announcementPlayed", { version: line.notice });
    if (line.record) startRecording(work);
  }
  afterNotice(work);
};

export const startRecording = (work: Work): void => {
  if (work.state.recording === "on" || work.state.notice === undefined) return;
  set(work, { recording: "on" });
  todo(work, { do: "startRecording" });
  log(work, "recordingStarted");
};

const afterNotice = (work: Work): void => {
  const { line } = work.state;
  if (line.menu !== undefined && line.menus.has(line.menu)) enterMenu(work, line.menu);
  else enqueue(work);
};

const enterMenu = (work: Work, id: string): void => {
  set(work, { phase: "menu", menu: id, tries: 0 });
  log(work, "menu", { menu: id });
  play(work, `menu:${id}`);
};

/** The prompt ended without a key: some seconds are left to press one. */
export const menuSaid = (work: Work): void => todo(work, { do: "timer", name: "menu", ms: menuTimeMs });

export const menuKey = (work: Work, digit: string): void => {
  const { line, menu } = work.state;
  const choice = line.menus.get(menu ?? "")?.choices.get(digit);
  clear(work, "menu");
  if (choice === undefined) return menuMissed(work);
  todo(work, { do: "stop" });
  log(work, "chosen", { menu, key: digit });
  choose(work, choice);
};

export const menuMissed = (work: Work): void => {
  const { line, menu, tries } = work.state;
  if (tries < 1) {
    set(work, { tries: tries + 1 });
    return play(work, `menu:${menu}`);
  }
  const otherwise = line.menus.get(menu ?? "")?.otherwise;
  if (otherwise === undefined) enqueue(work);
  else choose(work, otherwise);
};

const choose = (work: Work, choice: Choice): void => {
  if (choice.go === "menu" && work.state.line.menus.has(choice.menu)) return enterMenu(work, choice.menu);
  if (choice.go === "voicemail") return voicemail(work);
  if (choice.go === "callback") {
    set(work, { phase: "closing" });
    return askCallback(work);
  }
  if (choice.go === "end") {
    set(work, { phase: "closing" });
    return play(work, "goodbye");
  }
  if (choice.go === "queue") set(work, { queue: choice.queue });
  enqueue(work);
};

/** Into the queue, or back into it: whoever waited already keeps the time waited. */
export const enqueue = (work: Work): void => {
  const { queue, queuedAt, line, excluded } = work.state;
  set(work, { phase: "queued", menu: undefined, queuedAt: queuedAt ?? work.at, held: false, conference: false });
  log(work, "queued", { queue });
  play(work, "music", true);
  todo(work, { do: "seek", queue, excluded });
  if (line.mostWaitMs > 0)
    todo(work, { do: "timer", name: "wait", ms: Math.max(0, (queuedAt ?? work.at) + line.mostWaitMs - work.at) });
  if (line.positionMs > 0) todo(work, { do: "timer", name: "position", ms: line.positionMs });
};

export const offer = (work: Work, userId: string): void => {
  const { line, offered, phase } = work.state;
  if (offered !== undefined || phase !== "queued") return;
  const until = work.at + line.ringMs;
  set(work, { offered: { userId, until } });
  log(work, "offered", { agent: userId });
  todo(work, { do: "ring", userId, until }, { do: "timer", name: "ring", ms: line.ringMs });
};

/** Not taken: the next one is asked; who let it ring is not offered more until back at the desk. */
export const passOn = (work: Work, why: "offerExpired" | "offerRejected" | "agentLost"): void => {
  const { offered, excluded, queue } = work.state;
  if (offered === undefined) return;
  withdraw(work, why);
  log(work, why, { agent: offered.userId });
  if (why === "offerExpired") todo(work, { do: "unready", userId: offered.userId });
  set(work, { excluded: [...excluded, offered.userId] });
  todo(work, { do: "seek", queue, excluded: work.state.excluded });
};

export const take = (work: Work, userId: string, name: string): void => {
  const { offered } = work.state;
  if (offered?.userId !== userId)
    return todo(work, { do: "refuse", says: "This call is not offered to you any more." });
  set(work, { offered: undefined });
  clear(work, "ring", "wait", "position", "lost");
  todo(work, { do: "unseek" }, { do: "stop" });
  join(work, userId, name);
};

/** The agent and the customer speak. */
export const join = (work: Work, userId: string, name: string): void => {
  addParty(work, { leg: legOf(userId), userId, name, as: "agent", muted: false, on: true });
  set(work, {
    phase: "talking",
    agent: userId,
    excluded: [],
    held: false,
    talkedAt: work.state.talkedAt ?? work.at,
    outcome: "answered",
  });
  log(work, "bridged", { agent: userId });
};

export const waitedLongEnough = (work: Work): void => {
  const { line, phase } = work.state;
  if (phase !== "queued" || line.overflow === "stay") return;
  withdraw(work, "overflow");
  todo(work, { do: "unseek" });
  clear(work, "position");
  if (line.overflow === "voicemail") return voicemail(work);
  set(work, { phase: "closing" });
  askCallback(work);
};

/** Said between two stretches of music; only while nothing rings. */
export const sayPosition = (work: Work, position: number): void => {
  const { phase, line, position: before } = work.state;
  if (phase !== "queued") return;
  set(work, { position });
  todo(work, { do: "timer", name: "position", ms: line.positionMs });
  if (position <= 20 && position !== before) play(work, `position:${position}`);
};

const voicemail = (work: Work): void => {
  set(work, { phase: "voicemail" });
  todo(work, { do: "unseek" });
  play(work, "voicemail");
};

/** The greeting ended and the tone was heard: what is said now is kept because the caller wants it to be. */
export const recordVoicemail = (work: Work): void => {
  const { line, notice, recording } = work.state;
  set(work, { outcome: "voicemail", notice: notice ?? { version: "voicemail", at: work.at } });
  log(work, "voicemail");
  if (recording !== "on") startRecording(work);
  todo(work, { do: "timer", name: "voicemail", ms: line.mostVoicemailMs });
};

const askCallback = (work: Work): void => {
  set(work, { outcome: work.state.number === undefined ? work.state.outcome : "callback" });
  if (work.state.number === undefined) return play(work, "goodbye");
  log(work, "callbackAsked");
  play(work, "callback");
};

/** A key pressed while waiting: star asks to be called back. */
export const waitingKey = (work: Work, digit: string): void => {
  if (digit !== "*" || work.state.number === undefined) return;
  withdraw(work, "callback");
  todo(work, { do: "unseek" });
  clear(work, "wait", "position");
  set(work, { phase: "closing" });
  askCallback(work);
};

/** The customer went away, in whatever phase. */
export const leave = (work: Work, reason: string): void => end(work, "remote", reason);

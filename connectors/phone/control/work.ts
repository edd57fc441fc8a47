import type { Action, CallState, Outcome, Party, TimerName } from "./state.ts";

/** A call being changed by one input: the state so far and what is to be done. Lives for one step only. */
export interface Work {
  state: CallState;
  readonly at: number;
  readonly actions: Action[];
}

export const set = (work: Work, change: Partial<CallState>): void => {
  work.state = { ...work.state, ...change };
};
export const log = (work: Work, name: string, detail: Readonly<Record<string, unknown>> = {}): void =>
  set(work, { events: [...work.state.events, { at: work.at, name, detail }] });
export const todo = (work: Work, ...actions: readonly Action[]): void => void work.actions.push(...actions);

const everyTimer: readonly TimerName[] = ["ring", "wait", "position", "menu", "voicemail", "pause", "lost"];
export const clear = (work: Work, ...names: readonly TimerName[]): void =>
  todo(work, ...names.map((name) => ({ do: "clear", name }) as const));

export const changeParty = (work: Work, leg: string, change: Partial<Party>): void =>
  set(work, {
    parties: work.state.parties.map((party) => (party.leg === leg ? { ...party, ...change } : party)),
  });
export const addParty = (work: Work, party: Party): void =>
  set(work, { parties: [...work.state.parties.filter(({ leg }) => leg !== party.leg), party] });
export const removeParty = (work: Work, leg: string): void =>
  set(work, { parties: work.state.parties.filter((party) => party.leg !== leg) });

export const agentOf = (state: CallState): Party | undefined => state.parties.find(({ as }) => as === "agent");
export const partyOf = (state: CallState, userId: string): Party | undefined =>
  state.parties.find((party) => party.userId === userId);

/** Lets go of a party: an agent is released, a called number hung up. */
export const dismiss = (work: Work, party: Party, reason: string): void => {
  removeParty(work, party.leg);
  if (party.userId === undefined) todo(work, { do: "drop", leg: party.leg });
  else todo(work, { do: "release", userId: party.userId, wrapUp: party.on && party.as === "agent", reason });
};

/** Takes an offer back from the agent it rings at. */
export const withdraw = (work: Work, reason: string): void => {
  const { offered } = work.state;
  if (offered === undefined) return;
  set(work, { offered: undefined });
  clear(work, "ring");
  todo(work, { do: "release", userId: offered.userId, wrapUp: false, reason });
};

/** The call is over; `by` says who ended it. */
export const end = (work: Work, by: "remote" | "agent" | "hub", reason: string, outcome?: Outcome): void => {
  if (work.state.phase === "ended") return;
  withdraw(work, reason);
  for (const party of work.state.parties) dismiss(work, party, reason);
  todo(work, { do: "unseek" }, { do: "stop" });
  clear(work, ...everyTimer);
  if (work.state.recording !== "off") todo(work, { do: "stopRecording" });
  const { talkedAt, direction } = work.state;
  const silent: Outcome = direction === "in" ? "abandoned" : "unanswered";
  set(work, {
    phase: "ended",
    recording: "off",
    held: false,
    endedAt: work.at,
    outcome: outcome ?? work.state.outcome ?? (talkedAt === undefined ? silent : "answered"),
  });
  log(work, "ended", { by, reason });
  if (by !== "remote") todo(work, { do: "hangUp" });
};

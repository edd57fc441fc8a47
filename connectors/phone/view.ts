import type { CallState, Party } from "./control/state.ts";

/** How a call looks to one agent: the phoneCall of the wire. The numbers are masked by the hub where they must be. */
export interface CallView {
  readonly callId: string;
  readonly tenantId: string;
  readonly conversationId: string | null;
  readonly direction: "in" | "out";
  readonly number: string | null;
  readonly display: string;
  readonly line: string;
  readonly queue: string | null;
  readonly state: "ringing" | "dialling" | "active" | "held" | "consulting" | "conference" | "wrapup" | "ended";
  readonly part: "agent" | "consulted" | "monitor" | "whisper" | "barge";
  readonly muted: boolean;
  readonly recording: CallState["recording"];
  readonly since: string;
  readonly answeredAt: string | null;
  readonly until: string | null;
  readonly other: { readonly name: string; readonly state: "ringing" | "active" | "held" } | null;
  readonly dispositions: readonly { readonly code: string; readonly title: string }[];
}

const partOf = (party: Party | undefined): CallView["part"] =>
  party === undefined || party.as === "third" ? "agent" : party.as;

const stateOf = (state: CallState, party: Party | undefined): CallView["state"] => {
  if (state.phase === "ended") return "ended";
  if (party === undefined || (party.as === "consulted" && !party.on)) return "ringing";
  if (state.phase === "dialling" || state.phase === "announcing") return "dialling";
  if (state.conference) return "conference";
  if (state.parties.some(({ as }) => as === "consulted")) return "consulting";
  return state.held ? "held" : "active";
};

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());

export const viewFor = (input: {
  readonly state: CallState;
  readonly userId: string;
  readonly conversationId: string | null;
  readonly display: string;
  readonly wrapUpUntil: number | undefined;
  readonly dispositions: CallView["dispositions"];
}): CallView => {
  const { state, userId } = input;
  const party = state.parties.find((one) => one.userId === userId);
  const other = state.parties.find((one) => one.userId !== userId && ["consulted", "third"].includes(one.as));
  const ringing = state.offered?.userId === userId ? state.offered.until : undefined;
  return {
    callId: state.id,
    // The hub knows whose account it is; it fills this in.
    tenantId: "",
    conversationId: input.conversationId,
    direction: state.direction,
    number: state.number ?? null,
    display: state.number === undefined ? "" : input.display,
    line: state.line.number,
    queue: state.queue === "" ? null : state.queue,
    state: input.wrapUpUntil === undefined ? stateOf(state, party) : "wrapup",
    part: partOf(party),
    muted: party?.muted ?? false,
    recording: state.recording,
    since: new Date(state.startedAt).toISOString(),
    answeredAt: iso(state.talkedAt),
    until: iso(input.wrapUpUntil ?? ringing),
    other: other === undefined ? null : { name: other.name.replace(/^>/, ""), state: other.on ? "active" : "ringing" },
    dispositions: input.dispositions,
  };
};

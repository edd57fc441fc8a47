import { type CallState, customer, type Party } from "./state.ts";

/**
 * Who hears whom, for every leg of the call: a rule over the state, so that no sequence of commands can leave a leg
 * open by mistake. The customer on hold hears nobody (music is played to them) and nobody hears the customer.
 */
export const hearing = (state: CallState): ReadonlyMap<string, readonly string[]> => {
  const hears = new Map<string, readonly string[]>([[customer, []]]);
  const on = state.parties.filter((party) => party.on);
  for (const party of on) hears.set(party.leg, []);
  if (state.phase !== "talking" && state.phase !== "dialling") return hears;
  const consulting = !state.conference && on.some((party) => party.as === "consulted");
  const together = state.held || consulting ? [] : [customer];
  /** Those who speak with the customer. */
  const floor = on.filter(({ as }) => as === "agent" || as === "third" || as === "barge");
  const heard = (parties: readonly Party[]): readonly string[] =>
    parties.filter((party) => !party.muted).map((party) => party.leg);
  const but = (parties: readonly Party[], leg: string): readonly Party[] =>
    parties.filter((party) => party.leg !== leg);
  const whisperers = on.filter(({ as }) => as === "whisper");
  const consulted = on.filter(({ as }) => as === "consulted");

  // Before the answer the agent hears what the network plays; the other way nothing goes.
  if (together.length > 0 && state.phase === "talking") hears.set(customer, heard(floor));
  for (const party of on) {
    const others = heard(but(floor, party.leg));
    if (party.as === "agent" && consulting) hears.set(party.leg, heard([...consulted, ...whisperers]));
    else if (party.as === "agent") hears.set(party.leg, [...together, ...others, ...heard(whisperers)]);
    else if (party.as === "consulted") hears.set(party.leg, heard(floor));
    else if (party.as === "third" || party.as === "barge") hears.set(party.leg, [...together, ...others]);
    else hears.set(party.leg, [...together, ...heard(floor), ...(consulting ? heard(consulted) : [])]);
  }
  return hears;
};

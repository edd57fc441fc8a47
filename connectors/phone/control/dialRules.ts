import { kindOf, normalise, type Plan } from "../numbers.ts";

/** What the tenant allows to be dialled, and how much. */
export interface DialRules {
  readonly plan: Plan;
  /** Prefixes such as "+421" that may be called beside the own country; the word "premium" allows premium numbers. */
  readonly destinations: readonly string[];
  readonly mostPerHour: number;
  readonly mostPerAgentHour: number;
  readonly mostMinutesPerDay: number;
}

export type Verdict = { readonly ok: true; readonly number: string } | { readonly ok: false; readonly says: string };

/** Purposes that need a consent by law (facts: act 374/2021 Sb., act 452/2021 Z. z., PKE art. 398). */
const needsConsent = new Set(["marketing", "survey"]);

/**
 * Whether an agent may dial this: premium and foreign numbers never unless the tenant allows them, and only so many
 * calls and minutes, so that a stolen password costs little.
 */
export const openDialRules = (input: { readonly rules: DialRules; readonly now: () => number }) => {
  const { rules } = input;
  const made: { readonly at: number; readonly agent: string }[] = [];
  const talked: { readonly at: number; readonly ms: number }[] = [];
  const recent = <T extends { at: number }>(list: T[], ms: number): T[] => {
    while (list[0] !== undefined && input.now() - list[0].at > ms) list.shift();
    return list;
  };
  const refused = (says: string): Verdict => ({ ok: false, says });
  return {
    check: (call: {
      readonly to: string;
      readonly agent: string;
      readonly purpose: string;
      readonly consentRef: string | undefined;
    }): Verdict => {
      const number = normalise(call.to, rules.plan);
      if (number === undefined) return refused("This is not a number that can be dialled.");
      const kind = kindOf(number, rules.plan);
      if (kind === "emergency") return refused("Emergency numbers are dialled from a phone, not from here.");
      if (kind === "premium" && !rules.destinations.includes("premium"))
        return refused("Premium numbers are not allowed.");
      if (
        kind === "international-premium" &&
        !rules.destinations.some((prefix) => prefix.length > 4 && number.startsWith(prefix))
      )
        return refused("This destination is known for fraud and not allowed.");
      if (
        kind === "international" &&
        !rules.destinations.some((prefix) => prefix.startsWith("+") && number.startsWith(prefix))
      )
        return refused("Calls to this country are not allowed.");
      if (needsConsent.has(call.purpose) && (call.consentRef ?? "") === "")
        return refused("Without the customer's consent this call may not be made.");
      const hour = recent(made, 3_600_000);
      if (hour.length >= rules.mostPerHour) return refused("The limit of calls in an hour is reached.");
      if (hour.filter(({ agent }) => agent === call.agent).length >= rules.mostPerAgentHour)
        return refused("Your limit of calls in an hour is reached.");
      const minutes = recent(talked, 86_400_000).reduce((sum, { ms }) => sum + ms, 0) / 60_000;
      if (minutes >= rules.mostMinutesPerDay) return refused("The limit of minutes in a day is reached.");
      return { ok: true, number };
    },
    made: (agent: string): void => void made.push({ at: input.now(), agent }),
    talked: (ms: number): void => void talked.push({ at: input.now(), ms }),
  };
};

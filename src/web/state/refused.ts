import type { Asks, Gives, Question, Refusal, RefusalCode } from "#wire";

/** Thrown when the hub refuses a question or cannot be reached ("unavailable"). */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: RefusalCode;
  readonly data: unknown;

  constructor(refusal: Refusal) {
    super(refusal.says);
    this.code = refusal.code;
    this.data = refusal.data;
  }
}

/** Asks the hub over the socket; throws Refused. */
export type Ask = <Q extends Question>(question: Q, takes: Asks<Q>) => Promise<Gives<Q>>;

export const unavailable = (says: string): Refused => new Refused({ code: "unavailable", says });

export const refusalOf = (thrown: unknown): RefusalCode => (thrown instanceof Refused ? thrown.code : "failed");

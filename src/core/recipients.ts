import { z } from "zod";

export interface Mailbox {
  readonly address: string;
  readonly name: string;
}

const mailboxes = z.array(z.object({ address: z.string(), name: z.string().default("") })).catch([]);
const headers = z.looseObject({
  from: mailboxes.default([]),
  to: mailboxes.default([]),
  cc: mailboxes.default([]),
  replyTo: mailboxes.default([]),
});

/** A mailbox's address without the plus-part, in lower case: support+r.token@x.cz is support@x.cz. */
export const plainAddress = (address: string): string =>
  address
    .trim()
    .toLowerCase()
    .replace(/\+[^@]*@/, "@");

/** A letter that is answered, as the store holds it. */
export interface Answered {
  readonly direction: "in" | "out" | "note" | "event";
  readonly detail: Readonly<Record<string, unknown>>;
  readonly deliveries: readonly { readonly recipient: string; readonly role: "to" | "cc" | "bcc" }[];
}

/**
 * To whom an answer to a letter goes. "reply": its Reply-To, else its From; "all": everybody on it besides. Our own
 * addresses are left out; nobody is named twice. Of a letter of ours those it went to are answered again.
 * `fallback` is the address the thread answers to, for letters that name nobody else.
 */
export const recipientsOf = (input: {
  readonly how: "reply" | "all";
  readonly letter: Answered;
  readonly fallback: Mailbox | null;
  readonly own: ReadonlySet<string>;
}): { readonly to: readonly Mailbox[]; readonly cc: readonly Mailbox[] } => {
  const { how, letter, own } = input;
  const taken = new Set<string>();
  const fresh = (list: readonly Mailbox[]): readonly Mailbox[] =>
    list.filter(({ address }) => {
      const key = address.trim().toLowerCase();
      if (key === "" || own.has(plainAddress(key)) || taken.has(key)) return false;
      taken.add(key);
      return true;
    });
  const inRole = (role: "to" | "cc"): readonly Mailbox[] =>
    letter.deliveries
      .filter((one) => one.role === role && one.recipient !== "")
      .map((one) => ({ address: one.recipient, name: "" }));
  const named = headers.parse(letter.detail);
  const sent = letter.direction === "out" && letter.deliveries.length > 0;
  const writers = named.replyTo.length > 0 ? named.replyTo : named.from;
  const first = fresh(sent ? inRole("to") : writers);
  const to = first.length > 0 || input.fallback === null ? first : fresh([input.fallback]);
  if (how === "reply") return { to, cc: [] };
  if (sent) return { to, cc: fresh(inRole("cc")) };
  return { to: [...to, ...fresh(named.to)], cc: fresh(named.cc) };
};

const answerMark = /^(?:\s*(?:re|aw|sv|odp|odpověď)(?:\[\d+\])?\s*:)+\s*/i;
const forwardMark = /^(?:\s*(?:fwd?|wg|přep|preposlať|pd)\s*:)+\s*/i;

/** "Re: ..." or "Fwd: ..." once, however many the thread has gathered. */
export const subjectFor = (subject: string, how: "reply" | "all" | "forward"): string => {
  const plain = subject.replaceAll(/\s+/g, " ").trim();
  if (plain === "") return "";
  return how === "forward" ? `Fwd: ${plain.replace(forwardMark, "")}` : `Re: ${plain.replace(answerMark, "")}`;
};

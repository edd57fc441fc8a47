import { z } from "zod";
import { type Inbound, type InboundReceipt, remoteId } from "#contract";
import { probeSubject } from "./plus-probe.ts";
import type { Settings } from "./settings.ts";
import { isMailbox, ownershipOf } from "./thread.ts";

const report = z.object({
  letter: z.enum(["bounce", "read-receipt"]),
  about: z.string(),
  failed: z
    .array(z.object({ address: z.string(), says: z.string().default(""), permanent: z.boolean().default(false) }))
    .default([]),
});

/**
 * What a stored letter tells about one of ours: that it did not reach somebody, or that it was read. Only about letters
 * that bear our signature, and only for recipients the report names: a report is easily forged.
 */
export const receiptsOf = (input: {
  readonly event: Inbound;
  readonly signingKey: string;
}): readonly InboundReceipt[] => {
  const { event, signingKey } = input;
  if (event.type !== "message" || event.own) return [];
  const told = report.safeParse(event.detail).data;
  if (told === undefined || ownershipOf(signingKey, told.about) !== "ours") return [];
  const common = { type: "receipt" as const, thread: event.thread, id: remoteId(told.about), at: event.sentAt };
  if (told.letter === "read-receipt") {
    const reader = event.from.addresses[0]?.value;
    return reader === undefined ? [] : [{ ...common, state: "read", recipient: reader }];
  }
  return told.failed
    .filter(({ address }) => address !== "")
    .map(({ address, says, permanent }) => ({
      ...common,
      state: "failed",
      recipient: address,
      error: says,
      ...(permanent ? { gone: true } : {}),
    }));
};

/** The letter by which the mailbox is tested: nobody's correspondence. */
export const isProbeLetter = (input: { readonly event: Inbound; readonly settings: Settings }): boolean => {
  const { event, settings } = input;
  return (
    event.type === "message" &&
    event.subject === probeSubject &&
    event.from.addresses.every(({ value }) => isMailbox(settings.address, value))
  );
};

import type { Desk } from "../../state/desk.ts";

/** Takes a text the hub never took back into the composer, above what is written there now. */
export const backToComposer = (desk: Pick<Desk, "outbox" | "drafts">, clientKey: string): void => {
  const taken = desk.outbox.withdraw(clientKey);
  if (taken === null) return;
  const slot = { id: taken.conversationId, mode: taken.mode };
  const now = desk.drafts.body(slot);
  desk.drafts.write({ ...slot, body: now === "" ? taken.text : `${taken.text}\n\n${now}` });
  setTimeout(() => document.getElementById("composer")?.focus(), 0);
};

import { expect } from "vitest";
import type { OpenAccount } from "../account.ts";
import type { Remote, Rule, WebhookCases } from "../bench.ts";

const casesOf = (remote: Remote, account: OpenAccount): Promise<WebhookCases> => {
  if (!remote.webhook) throw new Error("a channel with webhooks must bring genuine and forged ones");
  return remote.webhook(account);
};
/** The webhook may be served by a process that does not lead the account: opened, never started. */
const when: Rule["when"] = ({ connection }) => connection.webhook !== undefined;

export const webhookRules: readonly Rule[] = [
  {
    says: "believes a genuine webhook",
    when,
    check: async ({ open, remote }) => {
      const account = open();
      const { genuine, events } = await casesOf(remote, account);
      const reply = await account.connection.webhook?.(genuine);
      expect(reply?.status).toBeGreaterThanOrEqual(200);
      expect(reply?.status).toBeLessThan(300);
      expect(account.kept.map(({ event }) => event.type)).toHaveLength(events);
    },
  },
  {
    says: "refuses a forged webhook with 401 and stores nothing of it",
    when,
    check: async ({ open, remote }) => {
      const account = open();
      const { forged } = await casesOf(remote, account);
      expect(forged.length, "the bench brings forgeries").toBeGreaterThan(0);
      for (const [number, request] of forged.entries()) {
        expect((await account.connection.webhook?.(request))?.status, `forgery ${number}`).toBe(401);
      }
      expect(account.kept).toEqual([]);
    },
  },
  {
    says: "takes a genuine webhook it cannot read and keeps it for later, so that the channel does not block",
    when,
    check: async ({ open, remote }) => {
      const account = open();
      const { events, unknown } = await casesOf(remote, account);
      if (events === 0) return;
      if (!unknown) throw new Error("the bench must bring a payload of a shape not known yet");
      const reply = await account.connection.webhook?.(unknown);
      expect(reply?.status).toBe(200);
      const parked = account.kept.filter(({ event }) => event.type === "unparsed");
      expect(parked.length + account.log.length, "handed over as unparsed, or at least logged").toBeGreaterThan(0);
      for (const { raw } of parked) expect(raw?.length, "with its bytes").toBeGreaterThan(0);
      const readable = account.connection.reparse !== undefined;
      if (parked.length > 0) expect(readable, "what is parked can be read again").toBe(true);
    },
  },
];

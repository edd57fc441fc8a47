import type { Sent, ThreadKey } from "#contract";
import { expect } from "vitest";
import type { OpenAccount } from "../account.ts";
import type { Customer, Rule, Stage } from "../bench.ts";
import { letterTo } from "../letter.ts";

interface Scene {
  readonly account: OpenAccount;
  readonly customer: Customer;
  readonly sent: Sent;
  readonly thread: ThreadKey;
}

/** One message is at the customer; what follows is done to it. */
const afterOneMessage = async ({ started, remote, eventually }: Stage): Promise<Scene> => {
  const account = await started();
  const customer = await remote.customer(account, "jana");
  const sent = await account.send(letterTo(customer, { text: "Přijďte v pátek." }));
  await eventually("the message arrives", async () => (await customer.received()).length);
  return { account, customer, sent, thread: customer.to.thread };
};

export const abilityRules: readonly Rule[] = [
  {
    says: "changes the message at the customer when the agent edits it",
    when: ({ connection }) => connection.edit !== undefined,
    check: async (stage) => {
      const { account, customer, sent, thread } = await afterOneMessage(stage);
      const before = (await customer.received()).length;
      await account.connection.edit?.(thread, sent.id, "Přijďte v sobotu.");
      await stage.eventually("the customer sees the new text", async () =>
        (await customer.received()).some(({ text }) => text === "Přijďte v sobotu."),
      );
      expect(await customer.received(), "changed in place, not sent anew").toHaveLength(before);
    },
  },
  {
    says: "takes the message away from the customer when the agent removes it",
    when: ({ connection }) => connection.remove !== undefined,
    check: async (stage) => {
      const { account, customer, sent, thread } = await afterOneMessage(stage);
      const before = (await customer.received()).length;
      await account.connection.remove?.(thread, sent.id);
      await stage.eventually("the message is gone", async () => (await customer.received()).length === before - 1);
    },
  },
  {
    says: "shows the agent's reaction to the customer",
    when: ({ connection }) => connection.react !== undefined,
    check: async (stage) => {
      const { account, customer, sent, thread } = await afterOneMessage(stage);
      // The one every channel with reactions has.
      await account.connection.react?.(thread, sent.id, "❤️");
      await stage.eventually("the reaction shows", async () =>
        (await customer.received()).some(({ reactions }) => reactions?.includes("❤️")),
      );
    },
  },
];

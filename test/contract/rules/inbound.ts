import { expect } from "vitest";
import type { OpenAccount } from "../account.ts";
import type { Customer, Rule } from "../bench.ts";
import { letterTo } from "../letter.ts";

const withText = (account: OpenAccount, text: string) =>
  account.messages().filter(({ event }) => event.text.trim() === text);

const textsAt = async (customer: Customer): Promise<ReadonlySet<string>> =>
  new Set((await customer.received()).map(({ text }) => text));

export const inboundRules: readonly Rule[] = [
  {
    says: "brings what a customer writes, with who wrote it, when, and the bytes it came in",
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      await customer.writes({ text: "Dobrý den, ztratila jsem kartu." });
      const [kept] = await eventually("the message is stored", () => {
        const found = withText(account, "Dobrý den, ztratila jsem kartu.");
        return found.length > 0 && found;
      });
      expect(kept?.event.sentAt.getTime(), "a time of the channel").toBeGreaterThan(0);
      expect(
        kept?.event.from.addresses.every(({ value }) => value !== ""),
        "addresses are not empty",
      ).toBe(true);
      expect(kept?.raw?.length, "what the channel sent, for audit and replay").toBeGreaterThan(2);
    },
  },
  {
    says: "does not acknowledge what the hub could not store: it comes again",
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      account.refuseNext(1);
      await customer.writes({ text: "Tohle se nesmí ztratit." });
      await eventually("it comes again and is stored", () => withText(account, "Tohle se nesmí ztratit.").length);
    },
  },
  {
    says: "misses nothing that was written while the hub was down",
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      await customer.writes({ text: "Ještě jste tu" });
      await eventually("it is stored", () => withText(account, "Ještě jste tu").length);
      await account.restart({ meanwhile: () => customer.writes({ text: "Už tu nejste" }) });
      await eventually("it is stored after the restart", () => withText(account, "Už tu nejste").length);
    },
  },
  {
    says: "gives a message that arrives twice the same id",
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      const written = await customer.writes({ text: "Jednou napsáno" });
      await eventually("it is stored", () => withText(account, "Jednou napsáno").length);
      await written.again();
      await customer.writes({ text: "A něco dalšího" });
      await eventually("the next one is stored", () => withText(account, "A něco dalšího").length);
      const ids = new Set(withText(account, "Jednou napsáno").map(({ event }) => event.id));
      expect([...ids]).toHaveLength(1);
      expect(
        withText(account, "A něco dalšího").every(({ event }) => !ids.has(event.id)),
        "another message has another id",
      ).toBe(true);
    },
  },
  {
    says: "never takes our own words for the customer's",
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      await account.send(letterTo(customer, { text: "Napsal agent" }));
      if (!account.connection.peer && !customer.answeredElsewhere) {
        throw new Error("the bench must be able to answer from outside the hub");
      }
      await customer.answeredElsewhere?.("Napsal kolega z telefonu");
      await customer.writes({ text: "Napsal zákazník" });
      await eventually("the customer's message is stored", () => withText(account, "Napsal zákazník").length);
      if (customer.answeredElsewhere) {
        await eventually(
          "the colleague's message is stored",
          () => withText(account, "Napsal kolega z telefonu").length,
        );
      }
      const taken = account.messages().filter(({ event }) => !event.own);
      expect(taken.map(({ event }) => event.text.trim())).toEqual(["Napsal zákazník"]);
    },
  },
  {
    says: "leads an answer back to the customer who wrote",
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const jana = await remote.customer(account, "jana");
      const petr = await remote.customer(account, "petr");
      await jana.writes({ text: "Tady Jana" });
      await petr.writes({ text: "Tady Petr" });
      const answer = async (text: string, words: string): Promise<void> => {
        const [kept] = await eventually("the question is stored", () => {
          const found = withText(account, text);
          return found.length > 0 && found;
        });
        if (!kept) return;
        const { thread, from } = kept.event;
        await account.send({ ...letterTo(jana, { text: words }), thread, to: from.addresses });
      };
      await answer("Tady Jana", "Odpověď Janě");
      await answer("Tady Petr", "Odpověď Petrovi");
      await eventually(
        "both are answered",
        async () => (await textsAt(jana)).size > 0 && (await textsAt(petr)).size > 0,
      );
      expect([...(await textsAt(jana))]).toEqual(["Odpověď Janě"]);
      expect([...(await textsAt(petr))]).toEqual(["Odpověď Petrovi"]);
    },
  },
  {
    says: "keeps the threads of one customer on two accounts apart",
    check: async ({ started, remote, eventually }) => {
      const threads = await Promise.all(
        (["a", "b"] as const).map(async (side) => {
          const account = await started(side);
          const customer = await remote.customer(account, "jana");
          await customer.writes({ text: "Dobrý den" });
          await eventually("it is stored", () => withText(account, "Dobrý den").length);
          return withText(account, "Dobrý den")[0]?.event.thread;
        }),
      );
      expect(threads[0]).not.toBe(threads[1]);
    },
  },
  {
    says: "brings a customer's file byte for byte",
    when: ({ files }) => files,
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      // A picture's signature in front: channels that look at the content take pictures, not every one takes anything.
      const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
      const bytes = Uint8Array.from([...signature, ...Array.from({ length: 3_000 }, (_, index) => (index * 7) % 256)]);
      const file = { name: "faktura č. 7.png", mimeType: "image/png", bytes };
      await customer.writes({ text: "Posílám fakturu", files: [file] });
      const [got] = await eventually("the file is stored", () => {
        const found = withText(account, "Posílám fakturu")[0]?.files;
        return found?.length === 1 && found;
      });
      expect(got?.name).toBe(file.name);
      expect(Buffer.from(got?.bytes ?? []).equals(bytes), "the same bytes").toBe(true);
    },
  },
];

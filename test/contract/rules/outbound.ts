import { randomUUID } from "node:crypto";
import { ConnectorError, type Outbound } from "#contract";
import { expect } from "vitest";
import type { OpenAccount } from "../account.ts";
import type { Customer, Rule } from "../bench.ts";
import { letterTo, longestFor, textOf } from "../letter.ts";

const failureOf = (account: OpenAccount, message: Outbound, signal?: AbortSignal): Promise<unknown> =>
  account.send(message, signal).then(
    (sent) => `sent as ${sent.id}`,
    (thrown: unknown) => thrown,
  );
const textsAt = async (customer: Customer): Promise<string[]> => (await customer.received()).map(({ text }) => text);
const countAt = async (customer: Customer, text: string): Promise<number> =>
  (await textsAt(customer)).filter((each) => each === text).length;

export const outboundRules: readonly Rule[] = [
  {
    says: "delivers one send as one message",
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      const sent = await account.send(letterTo(customer, { text: "Dobrý den, karta je odblokovaná." }));
      expect(sent.id).not.toBe("");
      const received = await eventually("the message arrives", async () => {
        const all = await textsAt(customer);
        return all.length > 0 && all;
      });
      expect(received).toEqual(["Dobrý den, karta je odblokovaná."]);
    },
  },
  {
    says: "does not deliver twice what is sent again under the same key",
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      const letter = letterTo(customer, { text: "Jen jednou." });
      const first = await account.send(letter);
      await eventually("it arrives", () => countAt(customer, "Jen jednou."));
      const before = (await textsAt(customer)).length;
      const again = await account.send(letter);
      expect(again.id).toBe(first.id);
      await account.send(letterTo(customer, { text: "Potom." }));
      await eventually("the next one arrives", () => countAt(customer, "Potom."));
      const rest = (await textsAt(customer)).filter((text) => text !== "Potom.");
      expect(rest).toHaveLength(before);
    },
  },
  {
    says: "names the reason when the channel refuses a message, and throws nothing but that",
    check: async ({ started, remote }) => {
      const account = await started();
      const { refusals } = await remote.customer(account, "jana");
      expect(refusals.length, "the bench knows a way to be refused").toBeGreaterThan(0);
      for (const [number, refusal] of refusals.entries()) {
        const customer = await remote.customer(account, `jana${number}`);
        const arranged = await customer.refusals[number]?.arrange();
        const failure = await failureOf(account, { ...letterTo(customer, { text: "Odmítnuto" }), ...arranged });
        expect(failure, `what "${refusal.code}" becomes`).toBeInstanceOf(ConnectorError);
        expect(failure).toHaveProperty("code", refusal.code);
      }
    },
  },
  {
    says: "passes on how long the channel asks us to wait, and delivers afterwards",
    when: ({ connection }) => connection.peer === undefined,
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      const limit = customer.refusals.find(({ code }) => code === "rate-limited");
      if (!limit) throw new Error("the bench must be able to answer 'slow down'");
      const letter = { ...letterTo(customer, { text: "Pomalu" }), ...(await limit.arrange()) };
      const failure = await failureOf(account, letter);
      expect(failure).toMatchObject({ code: "rate-limited" });
      if (limit.tellsMs !== undefined) expect(failure).toHaveProperty("retryAfterMs", limit.tellsMs);
      await account.send(letter);
      await eventually("the retry arrives", () => countAt(customer, "Pomalu"));
    },
  },
  {
    says: "delivers a text as long as its limit whole",
    check: async ({ connector, started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      const text = longestFor(connector.limits);
      await account.send(letterTo(customer, { text }));
      await eventually(`all ${text.length} characters arrive`, () => countAt(customer, text));
    },
  },
  {
    says: "never cuts a longer text in silence",
    check: async ({ connector, started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      const text = textOf(connector.limits.text + 100);
      const failure = await failureOf(account, letterTo(customer, { text }));
      if (failure instanceof ConnectorError) expect(await textsAt(customer), "a refused text").toEqual([]);
      else await eventually("it is refused or arrives whole", () => countAt(customer, text));
    },
  },
  {
    says: "sends nothing once the hub has given up on it",
    check: async ({ started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      const failure = await failureOf(account, letterTo(customer, { text: "Už ne" }), AbortSignal.abort());
      expect(failure).toBeInstanceOf(ConnectorError);
      expect(failure, "nothing went out, so it may be tried again").toHaveProperty("code", "unreachable");
      await account.send(letterTo(customer, { text: "Další" }));
      await eventually("the next one arrives", () => countAt(customer, "Další"));
      expect(await textsAt(customer)).not.toContain("Už ne");
    },
  },
  {
    says: "says that it does not know when the message went out and no answer came",
    when: ({ connection }) => connection.peer === undefined,
    check: async ({ started, remote, patienceMs }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      if (!customer.stall) throw new Error("the bench must be able to take a message and stay silent");
      const { taken } = await customer.stall();
      const giveUp = new AbortController();
      const late = AbortSignal.timeout(patienceMs);
      const outcome = failureOf(
        account,
        letterTo(customer, { text: "Došlo?" }),
        AbortSignal.any([giveUp.signal, late]),
      );
      await taken;
      giveUp.abort();
      const failure = await outcome;
      expect(failure).toBeInstanceOf(ConnectorError);
      expect(failure, "never repeated blindly").toHaveProperty("code", "uncertain");
    },
  },
  {
    says: "delivers a file to the customer byte for byte",
    when: ({ connection, files }) => files && connection.peer === undefined,
    check: async ({ connector, started, remote, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      const takes = connector.limits.attachments;
      const listed = takes !== false && takes.mimeTypes !== "any" ? takes.mimeTypes[0] : undefined;
      const bytes = Buffer.from(randomUUID().repeat(200)).map((byte, index) => byte ^ (index % 256));
      const file = { name: "výpis z účtu.bin", mimeType: listed ?? "application/octet-stream", bytes };
      await account.send(letterTo(customer, { text: "V příloze", files: [file] }));
      const [got] = await eventually("the file arrives", async () => {
        const arrived = (await customer.received()).find(({ text }) => text === "V příloze");
        return arrived?.files.length === 1 && arrived.files;
      });
      expect(got?.name).toBe(file.name);
      expect(Buffer.from(got?.bytes ?? []).equals(bytes), "the same bytes").toBe(true);
    },
  },
];

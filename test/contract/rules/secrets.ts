import { inspect } from "node:util";
import { expect } from "vitest";
import type { OpenAccount } from "../account.ts";
import type { Remote, Rule } from "../bench.ts";
import { letterTo } from "../letter.ts";

const written = (value: unknown): string =>
  inspect(value, { depth: 12, maxArrayLength: null, maxStringLength: null, showHidden: false });

/** As itself, and in the forms in which it travels. */
const forms = (secret: string): readonly string[] => [
  secret,
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  Buffer.from(secret).toString("hex"),
  encodeURIComponent(secret),
];

/** Everything that goes wrong in a day, and what was thrown meanwhile. */
const badDay = async (account: OpenAccount, remote: Remote): Promise<readonly unknown[]> => {
  const thrown: unknown[] = [];
  const note = (error: unknown): void => void thrown.push(error);
  const customer = await remote.customer(account, "jana");
  for (const refusal of customer.refusals) {
    const arranged = await refusal.arrange();
    await account.send({ ...letterTo(customer, { text: "Pokus" }), ...arranged }).catch(note);
  }
  await customer.writes({ text: "Dobrý den" });
  const cases = await remote.webhook?.(account);
  for (const request of [...(cases?.forged ?? []), ...(cases?.unknown ? [cases.unknown] : [])]) {
    const reply = await account.connection.webhook?.(request).catch(note);
    thrown.push(reply);
  }
  await remote.drop?.();
  await account.send(letterTo(customer, { text: "Do prázdna" })).catch(note);
  await account.connection.probe?.(AbortSignal.timeout(1_000)).catch(note);
  return thrown;
};

export const secretRules: readonly Rule[] = [
  {
    says: "lets no secret into a log line, an error, a status or a webhook's answer",
    check: async ({ connector, started, remote, eventually }) => {
      const settings = new Map(Object.entries(remote.settings.a ?? {}));
      const named = connector.secrets.map((key) => settings.get(key)).filter((value) => typeof value === "string");
      const secrets = [...named, ...(remote.secrets ?? [])];
      const account = await started();
      const thrown = await badDay(account, remote);
      if (remote.drop) {
        const offline = (): boolean => account.statuses.some(({ state }) => state === "offline");
        // Whether it says so at all is the business of another rule.
        await eventually("it says it is offline", offline).catch(() => {});
      }
      const seen = written([account.log, account.statuses, thrown]);
      const leaked = secrets.filter((secret) => forms(secret).some((form) => seen.includes(form)));
      expect(leaked.map((_, number) => `secret ${number + 1} leaked`)).toEqual([]);
    },
  },
];

import { readdir, readFile } from "node:fs/promises";
import type { Inbound } from "#contract";
import { expect } from "vitest";
import type { Rule } from "../bench.ts";

/** What must not change between the live path and a later reading of the same bytes. */
const gist = (event: Inbound): unknown => {
  if (event.type !== "message") return event;
  const { raw: _raw, attachments, ...rest } = event;
  return { ...rest, attachments: attachments.map(({ name, mimeType, bytes }) => ({ name, mimeType, bytes })) };
};

export const readingRules: readonly Rule[] = [
  {
    says: "reads every recorded sample",
    when: ({ connection }) => connection.reparse !== undefined,
    check: async ({ connector, bench, open }) => {
      const folder = bench.samples ?? new URL(`../../../connectors/${connector.kind}/samples/`, import.meta.url);
      const names = (await readdir(folder)).filter((name) => name !== "README.md").sort();
      expect(names.length, "recorded payloads in samples/").toBeGreaterThan(0);
      const { connection } = open();
      for (const name of names) {
        const events = (await connection.reparse?.(await readFile(new URL(name, folder)))) ?? [];
        expect(events.length, `${name} says something`).toBeGreaterThan(0);
        expect(
          events.filter(({ type }) => type === "unparsed"),
          `${name} is understood`,
        ).toEqual([]);
      }
    },
  },
  {
    says: "reads stored bytes again exactly as it read them live",
    when: ({ connection }) => connection.reparse !== undefined,
    check: async ({ started, open, remote, connector, eventually }) => {
      const account = await started();
      const customer = await remote.customer(account, "jana");
      const files =
        connector.limits.attachments === false
          ? []
          : [{ name: "a.bin", mimeType: "application/octet-stream", bytes: Uint8Array.from([1, 2, 3]) }];
      await customer.writes({ text: "Čtěte mě znovu", files });
      const [live] = await eventually("it is stored", () => {
        const found = account.messages().filter(({ event }) => event.text.trim() === "Čtěte mě znovu");
        return found.length > 0 && found;
      });
      const again = (await open().connection.reparse?.(live?.raw ?? new Uint8Array())) ?? [];
      expect(again.map(gist)).toEqual([live && gist(live.event)]);
    },
  },
];

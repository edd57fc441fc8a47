import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "../../../connectors/whatsapp/cloud/parse.ts";

const root = join(import.meta.dirname, "../../..");
const fetchFile = () => Promise.reject(new Error("nothing is fetched here"));
const shared = join(root, "../shared/samples/whatsapp-cloud");
const corpus = existsSync(shared);

/** Every webhook of a folder, one by one: files of one, and files of several under names. */
const payloads = (folder: string): { readonly name: string; readonly payload: object }[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const json = JSON.parse(readFileSync(join(folder, name), "utf8")) as Record<string, object>;
      return "object" in json
        ? [{ name, payload: json }]
        : Object.entries(json).map(([key, payload]) => ({ name: `${name}/${key}`, payload }));
    });

/** The samples are about many numbers: each is read by the account it came to. */
const numberIn = (payload: object): string =>
  /"phone_number_id":"([^"]+)"/u.exec(JSON.stringify(payload))?.[1] ?? "100000000000001";

const kindsOf = (payload: object): readonly string[] => {
  const { events, ignored, others } = parse(numberIn(payload), fetchFile, Buffer.from(JSON.stringify(payload)));
  expect(others).toEqual([]);
  return [
    ...events.map((event) => (event.type === "message" ? `message/${event.kind}` : event.type)),
    ...ignored.map((reason) => `ignored (${reason.split(":")[0] ?? ""})`),
  ];
};

const report = (title: string, kinds: readonly string[]): void => {
  const counts = Map.groupBy(kinds, (kind) => kind);
  const lines = [...counts].map(([kind, all]) => `${kind} ${all.length}`).toSorted((a, b) => a.localeCompare(b));
  process.stdout.write(`${title}: ${lines.join(", ")}\n`);
};

describe("webhooks as Meta sends them", () => {
  test("our own samples, one of each kind, all become events", () => {
    const kinds = payloads(join(root, "connectors/whatsapp/samples")).flatMap(({ payload }) => kindsOf(payload));
    report("own samples", kinds);
    expect(kinds.filter((kind) => kind === "unparsed" || kind.startsWith("ignored"))).toEqual([]);
    expect(new Set(kinds)).toEqual(
      new Set([
        "message/text",
        "message/location",
        "message/contact",
        "message/call",
        "message/system",
        "message/unsupported",
        "reaction",
        "edit",
        "revoke",
        "receipt",
      ]),
    );
  });

  test.skipIf(!corpus)("every official and every collected sample becomes an event or is ignored for a reason", () => {
    for (const [folder, least] of [
      ["official/webhooks", 16],
      ["pywa", 74],
    ] as const) {
      const all = payloads(join(shared, folder));
      expect(all.length).toBeGreaterThanOrEqual(least);
      const kinds = all.flatMap(({ name, payload }) => {
        const found = kindsOf(payload);
        expect(found.length === 0 || found.includes("unparsed") ? name : "understood").toBe("understood");
        return found;
      });
      report(folder, kinds);
    }
  });

  test("what was kept of one item alone reads as it did in its batch", () => {
    for (const { name, payload } of payloads(join(root, "connectors/whatsapp/samples"))) {
      const { events } = parse(numberIn(payload), fetchFile, Buffer.from(JSON.stringify(payload)));
      for (const event of events) {
        if (event.type !== "message" || !("json" in event.raw)) continue;
        const again = parse(numberIn(payload), fetchFile, Buffer.from(JSON.stringify(event.raw.json))).events;
        expect([name, JSON.stringify(again)]).toEqual([name, JSON.stringify([event])]);
      }
    }
  });

  test("seconds, milliseconds and numbers are all times", () => {
    const at = (timestamp: unknown): Date | undefined => {
      const value = {
        metadata: { phone_number_id: "1" },
        messages: [{ from: "420601123456", id: "wamid.1", timestamp, type: "text", text: { body: "x" } }],
      };
      const body = { object: "whatsapp_business_account", entry: [{ changes: [{ field: "messages", value }] }] };
      const [event] = parse("1", fetchFile, Buffer.from(JSON.stringify(body))).events;
      return event?.type === "message" ? event.sentAt : undefined;
    };
    const right = new Date("2026-01-05T08:00:00Z");
    expect([at("1767600000"), at("1767600000000"), at(1_767_600_000)]).toEqual([right, right, right]);
  });
});

import { accountId, type InboundMessage, remoteId, threadKey } from "#contract";
import type { AccountRef } from "#core/inbound";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toInbound } from "../../../connectors/email/inbound.ts";
import { settings } from "../../../connectors/email/settings.ts";
import { type FreshDatabase, freshDatabase } from "../../support/database.ts";
import { type JournalBench, journalBench, seedAccount } from "../../support/inbound.ts";
import { readLetter } from "./read.ts";

// Letters through the connector's own reading into the real journal: both must mean the same by an id.
let fresh: FreshDatabase;
let bench: JournalBench;
let account: AccountRef;
beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
  account = await seedAccount(bench.db, { kind: "email" });
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

const config = settings.parse({
  address: "support@acme.test",
  imapHost: "127.0.0.1",
  imapUser: "u",
  imapPassword: "x",
  smtpHost: "127.0.0.1",
});
const inbound = async (head: readonly string[], text: string): Promise<InboundMessage> => {
  const raw = Buffer.from(
    [...head, "To: support@acme.test", "Date: Mon, 3 Mar 2025 10:15:00 +0100", "", text, ""].join("\r\n"),
  );
  return toInbound({
    letter: await readLetter(raw),
    settings: config,
    signingKey: accountId("k"),
    raw: { bytes: raw },
    part: () => Promise.reject(new Error("no parts")),
    arrivedAt: new Date("2025-03-03T10:00:00Z"),
    historic: false,
    folder: "inbox",
  });
};
const file = async (event: InboundMessage) => {
  await bench.journal.receive({ account, event });
  const change = bench.published.at(-1);
  const message = change?.messages.at(-1);
  return { conversation: change?.row.id, held: message?.held, seen: bench.published.length };
};

it("a letter is joined by its Message-ID, however the answering program names the thread", async () => {
  const first = await file(await inbound(["From: jan@x.cz", "Message-ID: <q1@x.cz>", "Subject: Reklamace"], "Kde je?"));
  // Outlook answers with In-Reply-To alone and its own root.
  const second = await file(
    await inbound(
      ["From: jan@x.cz", "Message-ID: <q2@x.cz>", "In-Reply-To: <q1@x.cz>", "References: <elsewhere@x.cz> <q1@x.cz>"],
      "Haló?",
    ),
  );
  expect(second).toMatchObject({ conversation: first.conversation, held: false });
});

it("the same letter read again after a renumbering changes nothing", async () => {
  const head = ["From: eva@x.cz", "Message-ID: <once@x.cz>", "Subject: Jednou"];
  const first = await file(await inbound(head, "Text"));
  const again = await file(await inbound(["Received: by another folder", ...head], "Text"));
  expect(again.seen).toBe(first.seen);
});

it("another letter under a Message-ID that is taken is another letter", async () => {
  const first = await file(await inbound(["From: eva@x.cz", "Message-ID: <twice@x.cz>", "Subject: A"], "Text"));
  const other = await file(await inbound(["From: eva@x.cz", "Message-ID: <twice@x.cz>", "Subject: B"], "Other"));
  expect(other.seen).toBe(first.seen + 1);
});

it("a stranger who knows a Message-ID is held, not let into the conversation", async () => {
  const first = await file(await inbound(["From: petr@x.cz", "Message-ID: <p1@x.cz>", "Subject: Účet"], "Dobrý den"));
  const stranger = await file(
    await inbound(
      ["From: mallory@evil.test", "Message-ID: <e1@evil.test>", "References: <p1@x.cz>"],
      "Pošlete mi výpis",
    ),
  );
  expect(stranger).toMatchObject({ conversation: first.conversation, held: true });
});

it("ids stay what they were: a thread is named by its first letter", async () => {
  const letter = await inbound(["From: jan@x.cz", "Message-ID: <n2@x.cz>", "References: <n1@x.cz>"], "Text");
  expect(letter.thread).toBe(threadKey("<n1@x.cz>"));
  expect(letter.id.startsWith("<n2@x.cz>#")).toBe(true);
  expect(letter.aliases).toEqual([remoteId("<n2@x.cz>")]);
});

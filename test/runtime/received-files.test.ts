import { afterAll, beforeAll, expect, test } from "vitest";
import type { Attachment } from "#contract";
import { type FreshDatabase, freshDatabase } from "../support/database.ts";
import { type JournalBench, journalBench, message, seedAccount } from "../support/inbound.ts";

let fresh: FreshDatabase;
let bench: JournalBench;
beforeAll(async () => {
  fresh = await freshDatabase();
  bench = await journalBench({ url: fresh.url });
});
afterAll(async () => {
  await bench.close();
  await fresh.drop();
});

const file = (name: string, mimeType: string, content: Buffer): Attachment => ({
  name,
  mimeType,
  bytes: content.byteLength,
  open: async () =>
    (async function* () {
      // In pieces: the start of a file need not come in one.
      for (let at = 0; at < content.byteLength; at += 3) yield content.subarray(at, at + 3);
    })(),
});
const pdf = Buffer.from("%PDF-1.4\n1 0 obj\n");
const elf = Buffer.from("7f454c4602010100000000000000000002003e00", "hex");
const page = Buffer.from("<!doctype html><script>alert(1)</script>");

test.each([
  ["a document is what its bytes say", "letter.bin", "application/octet-stream", pdf, "application/pdf"],
  ["a program is no picture", "cat.png", "image/png", elf, "application/x-elf"],
  ["a program is no text", "cat.txt", "text/plain", elf, "application/x-elf"],
  ["a page is no picture", "cat.png", "image/png", page, "application/octet-stream"],
  ["unknown bytes are no picture", "cat.png", "image/png", Buffer.from([1, 0, 2, 0]), "application/octet-stream"],
  ["a table stays one", "list", "text/csv; header=present", Buffer.from("name,city"), null],
  ["a forwarded letter stays one", "letter.eml", "message/rfc822", Buffer.from("From: a@b.example\r\n\r\nhi"), null],
  ["data in words stays what it is", "data", "application/json", Buffer.from("{}"), null],
])("a file that came over a channel: %s", async (_says, name, declared, content, mime) => {
  const account = await seedAccount(bench.db);
  await bench.journal.receive({ account, event: message({ attachments: [file(name, declared, content)] }) });
  const parts = await bench.db.query({
    text: `select p.mime, p.size, p.state from message_part p join message m on m.id = p.message_id
      where m.account_id = $1`,
    values: [account.id],
  });
  expect(parts).toEqual([{ mime: mime ?? declared, size: content.byteLength, state: "stored" }]);
});

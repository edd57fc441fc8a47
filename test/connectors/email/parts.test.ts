import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { authResults } from "../../../connectors/email/auth-results.ts";
import { readInvitation } from "../../../connectors/email/calendar.ts";
import { readTnef } from "../../../connectors/email/tnef.ts";
import { composed } from "../../fakes/mailbox.ts";
import { readLetter } from "./read.ts";

const corpus = path.join(import.meta.dirname, "../../../../shared/samples/email/mimekit-tnef");

/** One attribute of a winmail.dat. */
const attribute = (level: number, id: number, content: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUInt8(level);
  head.writeUInt32LE(id, 1);
  head.writeUInt32LE(content.length, 5);
  return Buffer.concat([head, content, Buffer.alloc(2)]);
};
const start = Buffer.from([0x78, 0x9f, 0x3e, 0x22, 1, 0]);
const windows1250 = attribute(1, 0x69007, Buffer.from([0xe2, 4, 0, 0, 0, 0, 0, 0]));
/** "smlouva žluť.pdf" in windows-1250. */
const title = Buffer.from("736d6c6f757661209e6c759d2e70646600", "hex");
const winmail = Buffer.concat([
  start,
  windows1250,
  attribute(2, 0x69002, Buffer.alloc(14)),
  attribute(2, 0x18010, title),
  attribute(2, 0x6800f, Buffer.from("%PDF-1.7 obsah")),
]);

describe("Outlook's winmail.dat", () => {
  it("is replaced by the files in it, their names in the sender's charset", async () => {
    const letter = await readLetter(
      await composed({
        from: "jan@x.cz",
        to: "support@acme.test",
        subject: "Smlouva",
        text: "V příloze",
        attachments: [{ filename: "winmail.dat", contentType: "application/ms-tnef", content: winmail }],
      }),
    );
    expect(letter.attachments).toMatchObject([{ name: "smlouva žluť.pdf", bytes: 14, inline: false }]);
  });

  it("stays as it came when it is none, or is broken before its first file", async () => {
    const attachments = [Buffer.from("not at all"), start].map((content) => ({ filename: "winmail.dat", content }));
    const letter = await readLetter(
      await composed({ from: "jan@x.cz", to: "s@acme.test", subject: "x", text: "x", attachments }),
    );
    expect(letter.attachments.map(({ name }) => name)).toEqual(["winmail.dat", "winmail.dat"]);
  });

  it("cut off anywhere, it costs nothing and throws nothing", () => {
    for (let length = 0; length < winmail.length; length++) {
      const read = readTnef(winmail.subarray(0, length));
      expect(read?.files.length ?? 0).toBeLessThanOrEqual(1);
    }
  });

  it.runIf(existsSync(corpus))(
    "of the public samples at least 18 of 19 give every file they hold",
    async ({ annotate }) => {
      let whole = 0;
      const names = (await readdir(corpus)).filter((name) => name.endsWith(".tnef"));
      for (const name of names) {
        const began = performance.now();
        const read = readTnef(await readFile(path.join(corpus, name)));
        expect(performance.now() - began).toBeLessThan(2_000);
        const list = await readFile(path.join(corpus, name.replace(".tnef", ".list")), "utf8");
        const left = read?.files.map((file) => (file.name === "" ? "Untitled Attachment" : file.name)) ?? [];
        if (read?.html !== undefined) left.push("body.html");
        if (read?.rtf !== undefined) left.push("body.rtf");
        const missing = list
          .split("\n")
          .map((line) => line.trim())
          .filter(
            (line) => line !== "" && (left.includes(line) ? left.splice(left.indexOf(line), 1).length === 0 : true),
          );
        if (missing.length === 0) whole++;
      }
      await annotate(`${whole} of ${names.length} winmail.dat samples give every file`);
      expect(whole).toBeGreaterThanOrEqual(18);
    },
  );
});

describe("an invitation", () => {
  const invitation = [
    "BEGIN:VCALENDAR",
    "METHOD:REQUEST",
    "BEGIN:VTIMEZONE",
    "TZID:Central Europe Standard Time",
    "BEGIN:STANDARD",
    "DTSTART:16011028T030000",
    "END:STANDARD",
    "END:VTIMEZONE",
    "BEGIN:VEVENT",
    'ORGANIZER;CN="Novák; Jan":mailto:Jan@X.cz',
    "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Podpora:MAILTO:support@acme.test",
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:eva@x.cz",
    "SUMMARY;LANGUAGE=cs:Předání zboží\\, 2. patro",
    'DTSTART;TZID="Central Europe Standard Time":20260105T093000',
    "DTEND;TZID=Central Europe Standard Time:20260105T100000",
    "UID:040000008200E00074C5B7101A82E008",
    "SEQUENCE:2",
    "LOCATION:Dlouhá 5\\, Pra",
    " ha",
    "BEGIN:VALARM",
    "SUMMARY:not this one",
    "END:VALARM",
    "END:VEVENT",
    "END:VCALENDAR",
  ].join("\r\n");
  const read = {
    method: "REQUEST",
    uid: "040000008200E00074C5B7101A82E008",
    sequence: 2,
    summary: "Předání zboží, 2. patro",
    location: "Dlouhá 5, Praha",
    start: { at: "2026-01-05T09:30:00", zone: "Central Europe Standard Time" },
    end: { at: "2026-01-05T10:00:00", zone: "Central Europe Standard Time" },
    organizer: { address: "jan@x.cz", name: "Novák; Jan" },
    attendees: [
      { address: "support@acme.test", name: "Podpora", answer: "NEEDS-ACTION" },
      { address: "eva@x.cz", answer: "ACCEPTED" },
    ],
  };

  it("in a letter is read for its card, and stays among the files", async () => {
    const letter = await readLetter(
      await composed({
        from: "jan@x.cz",
        to: "support@acme.test",
        subject: "Předání",
        text: "Zvu Vás",
        icalEvent: { method: "REQUEST", content: invitation },
      }),
    );
    expect(letter.calendar).toEqual(read);
    expect(letter.attachments.some(({ mimeType }) => /calendar|ics/.test(mimeType))).toBe(true);
  });

  it("for a whole day, in world time, repeated, or without a method is told as what it is", () => {
    const event = (...lines: string[]) =>
      readInvitation(["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", ...lines, "END:VEVENT", "END:VCALENDAR"].join("\n"));
    expect(event("DTSTART;VALUE=DATE:20260105")).toMatchObject({ method: "PUBLISH", start: { at: "2026-01-05" } });
    expect(event("DTSTART:20260105T093000Z", "RRULE:FREQ=DAILY")).toMatchObject({
      start: { at: "2026-01-05T09:30:00Z" },
      repeats: true,
    });
  });

  it("that says no time or no name is none, and a huge or hostile one ends soon", () => {
    expect(readInvitation("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR")).toBeUndefined();
    const began = performance.now();
    readInvitation(`BEGIN:VCALENDAR\n${"BEGIN:VEVENT\n".repeat(200_000)}`);
    readInvitation(`BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;${'A="'.repeat(100_000)}:20260105`);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe("pictures of a letter", () => {
  const mail = (html: string, headers: string, id = "<p@x>") =>
    [
      "From: jan@x.cz",
      "MIME-Version: 1.0",
      'Content-Type: multipart/related; boundary="B"',
      "",
      "--B",
      "Content-Type: text/html; charset=utf-8",
      "",
      html,
      "--B",
      'Content-Type: image/png; name="a.png"',
      "Content-Transfer-Encoding: base64",
      ...(headers === "" ? [] : [headers]),
      `Content-ID: ${id}`,
      "",
      "iVBORw0KGgo=",
      "--B--",
      "",
    ].join("\r\n");

  it.each([
    ["without a Content-Disposition", mail('<img src="cid:p@x">', ""), true],
    [
      "called an attachment but shown in the text",
      mail('<img src="cid:p@x">', "Content-Disposition: attachment"),
      true,
    ],
    ["whose id is written in percent signs", mail('<img src="cid:p%40x">', "Content-Disposition: inline"), true],
    ["that the text does not show", mail("<p>no picture</p>", "Content-Disposition: inline"), false],
  ])("a picture %s is kept and stands where it belongs", async (_, raw, inline) => {
    const letter = await readLetter(raw);
    expect(letter.attachments).toMatchObject([{ name: "a.png", contentId: "p@x", inline }]);
  });

  it("two pictures under one id are both kept", async () => {
    const raw = mail('<img src="cid:p@x">', "").replace(
      "--B--",
      '--B\r\nContent-Type: image/png; name="b.png"\r\nContent-ID: <p@x>\r\n\r\nx\r\n--B--',
    );
    expect((await readLetter(raw)).attachments.map(({ name }) => name)).toEqual(["a.png", "b.png"]);
  });

  it("a signature keeps its type", async () => {
    const raw = mail("<p>x</p>", "").replace(
      'Content-Type: image/png; name="a.png"',
      'Content-Type: application/pkcs7-signature; name="smime.p7s"',
    );
    expect((await readLetter(raw)).attachments).toMatchObject([
      { name: "smime.p7s", mimeType: "application/pkcs7-signature" },
    ]);
  });
});

describe("what the mailbox's own server found out about the sender", () => {
  it("is read method by method, the best of several signatures counts, and comments say nothing", () => {
    const said =
      "mx.acme.test; dkim=fail (bad key; dmarc=pass) header.d=a.cz; dkim=pass header.d=x.cz;\r\n spf=softfail smtp.mailfrom=x.cz; dmarc=fail (p=REJECT) header.from=x.cz";
    expect(authResults(said)).toEqual({ authserv: "mx.acme.test", dkim: "pass", spf: "softfail", dmarc: "fail" });
  });

  it("nothing at all, or nonsense, is nothing", () => {
    expect(authResults("mx.acme.test; none")).toEqual({ authserv: "mx.acme.test" });
    expect(authResults("")).toEqual({ authserv: "" });
    expect(authResults(`${"(".repeat(50_000)}; dmarc=pass`)).toEqual({ authserv: "" });
  });
});

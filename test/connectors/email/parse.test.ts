import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { readLetter, readSample } from "./read.ts";

const czech = "Dobrý den,\npříliš žluťoučký kůň úpěl ďábelské ódy. Číslo účtu pošlu zítra.";
const slovak = "Dobrý deň,\nľúbozvučný vŕšok, päť ťažkých vriec, kôň a ôsmi. Ďakujem.";
const polish = "Dzień dobry,\nzażółć gęślą jaźń, proszę o odpowiedź.";

describe("letters in Central European charsets", () => {
  it.each([
    ["cs-utf8.eml", czech],
    ["cs-windows-1250.eml", czech],
    ["cs-iso-8859-2.eml", czech],
    ["cs-1250-labelled-utf8.eml", czech],
    ["cs-1250-labelled-latin1.eml", czech],
    ["cs-1250-labelled-latin2.eml", czech],
    ["cs-1250-unlabelled.eml", czech],
    ["cs-latin2-unlabelled.eml", czech],
    ["cs-utf8-labelled-1250.eml", czech],
    ["sk-1250-labelled-latin1.eml", slovak],
    ["pl-1250-labelled-latin1.eml", polish],
    ["pl-iso-8859-2-qp.eml", polish],
    ["fr-latin1.eml", "Bonjour, où est le colis ? Déjà payé, merci à vous, très bientôt."],
  ])("%s is read right, whatever its label says", async (name, text) => {
    expect((await readSample(name)).text).toBe(text);
  });

  it("headers in raw windows-1250 are read right", async () => {
    const letter = await readSample("header-raw-1250.eml");
    expect(letter.subject).toBe("Příliš vysoká faktura");
    expect(letter.from).toEqual([{ address: "jiri@example.cz", name: "Jiří Černý" }]);
  });

  it("encoded words that lie about their charset are read right, and a comma in a name stays in the name", async () => {
    const letter = await readSample("header-word-lies.eml");
    expect(letter.subject).toBe("Příliš žluťoučký");
    expect(letter.from).toEqual([{ address: "jiri@example.cz", name: "Novák, Jiří" }]);
  });

  it("a character cut in two by encoded words is whole again", async () => {
    expect((await readSample("header-split-character.eml")).subject).toBe("Příliš");
  });
});

describe("what a letter consists of", () => {
  it("pictures in the text are kept as such, unreferenced ones become ordinary attachments, remote ones stay away", async () => {
    const letter = await readSample("html-with-pictures.eml");
    expect(letter.attachments.map(({ name, inline, contentId }) => ({ name, inline, contentId }))).toEqual([
      { name: "logo.png", inline: true, contentId: "logo@x" },
      { name: "unreferenced.png", inline: false, contentId: "other@x" },
    ]);
    expect(letter.html).toContain('src="cid:logo@x"');
    expect(letter.html).toContain('data-blocked-src="https://track.example/x.gif"');
    expect(letter.html).not.toMatch(/script|onerror/);
  });

  it("a file keeps its Czech name", async () => {
    const letter = await readSample("attachment-czech-name.eml");
    expect(letter.attachments).toMatchObject([{ name: "faktura č. 7.pdf", mimeType: "application/pdf", bytes: 23 }]);
    expect(letter.text).toBe("Posílám fakturu.");
  });

  it("groups of recipients are opened and addresses compared in lower case", async () => {
    const letter = await readSample("many-recipients.eml");
    expect(letter.to.map(({ address }) => address)).toEqual(["eva@example.cz", "petr@example.cz", "support@acme.test"]);
    expect(letter.cc).toEqual([{ address: "petr@example.cz", name: "Novak, Petr" }]);
  });

  it("addresses with umlauts in the domain, quoted names and five hundred copies are read", async () => {
    const cc = Array.from({ length: 500 }, (_, nth) => `c${nth}@x.cz`).join(",\r\n ");
    const letter = await readLetter(
      `From: "Nov\u00e1k, Jan" <jan@pr\u00edklad.cz>\r\nTo: <eva@xn--pklad-zsa96e.cz>\r\nCc: ${cc}\r\n\r\nText`,
    );
    expect(letter.from).toMatchObject([{ name: "Novák, Jan", address: expect.stringMatching(/^jan@/) }]);
    expect(letter.to.map(({ address }) => address)).toEqual(["eva@příklad.cz"]);
    expect(letter.cc).toHaveLength(500);
  });

  it("a Message-ID of 10 kB names nothing, and of two the first counts", async () => {
    const long = await readLetter(`From: a@x.cz\r\nMessage-ID: <${"x".repeat(10_000)}@x.cz>\r\n\r\nText`);
    expect(long.messageId).toBeUndefined();
    const two = await readLetter("From: a@x.cz\r\nMessage-ID: <1@x.cz>\r\nMessage-ID: <2@x.cz>\r\n\r\nText");
    expect(two.messageId).toBe("<1@x.cz>");
  });

  it("a letter without sender, date and Message-ID is still a letter", async () => {
    const bare = await readSample("no-message-id.eml");
    expect(bare).toMatchObject({ subject: "Bez cisla", text: "Text bez data a bez Message-ID." });
    expect(bare.messageId).toBeUndefined();
    expect((await readSample("no-from.eml")).from).toEqual([]);
  });

  it("NUL and half characters, which a database refuses, are gone", async () => {
    const letter = await readLetter("From: a@b.cz\r\nSubject: a\0b\r\nContent-Type: text/plain\r\n\r\nx\0y\r\n");
    expect(letter).toMatchObject({ subject: "ab", text: "xy" });
  });

  it("what is no mail at all is refused, not guessed at", async () => {
    await expect(readLetter("")).rejects.toThrow("empty");
  });
});

describe("the name of a letter's content", () => {
  const mail = (head: string, body = "Text\r\n"): string =>
    `${head}From: a@b.cz\r\nDate: Mon, 3 Mar 2025 10:15:00 +0100\r\nSubject: S\r\nMessage-ID: <1@b.cz>\r\n\r\n${body}`;

  it("stays when a server adds headers, and changes with the content", async () => {
    const first = await readLetter(mail(""));
    expect((await readLetter(mail("Received: from x\r\nX-Spam: no\r\n"))).hash).toBe(first.hash);
    expect((await readLetter(mail("", "Other\r\n"))).hash).not.toBe(first.hash);
  });

  it("does not depend on how the bytes were cut on their way", async () => {
    const { parseMail } = await import("../../../connectors/email/parse.ts");
    const bytes = Buffer.from(mail("", "Text ".repeat(500)));
    const cut = async function* (size: number) {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const hashes = await Promise.all(
      [1, 7, 1000, 100_000].map(
        async (size) =>
          (await parseMail({ source: cut(size), fallback: "windows-1250", sink: () => Promise.resolve(0) })).hash,
      ),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  it("counts every byte where there is no Message-ID: two equal requests of a form are two letters", async () => {
    const form = (received: string) =>
      readLetter(`Received: ${received}\r\nFrom: a@b.cz\r\nSubject: S\r\n\r\nVolejte\r\n`);
    expect((await form("by x; 10:00")).hash).not.toBe((await form("by x; 10:05")).hash);
  });
});

describe("the public corpora", () => {
  const corpora = path.resolve(import.meta.dirname, "../../../../shared/samples/email");

  it("every mail of them is read, none takes two seconds", { timeout: 60_000 }, async ({ annotate }) => {
    const names = await readdir(corpora, { recursive: true }).catch(() => []);
    const mails = names.filter((name) => /\.(eml|msg)$|sisimai\/.*\.eml/.test(name));
    const slow: string[] = [];
    for (const name of mails) {
      const started = performance.now();
      const letter = await readLetter(await readFile(path.join(corpora, name)));
      expect(letter.hash, `${name} is read`).toMatch(/^[0-9a-f]{24,40}$/);
      if (performance.now() - started > 2000) slow.push(name);
    }
    await annotate(mails.length > 0 ? `${mails.length} mails of public corpora read` : "no corpora beside the project");
    expect(slow).toEqual([]);
  });
});

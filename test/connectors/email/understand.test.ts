import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { foldOf } from "../../../connectors/email/quote.ts";
import { sanitise, textOf } from "../../../connectors/email/sanitise.ts";
import { readLetter, readSample } from "./read.ts";

const answer = "Dobrý den,\nděkuji, to stačí.";
const quoted = "> Dobrý den,\n> posíláme fakturu.\n> Podpora";
const plain = "Dobrý den,\nposíláme fakturu.\nPodpora";

/** What the desk shows before anybody unfolds. */
const visible = (text: string): string => {
  const { quoted: quote, signature } = foldOf(text);
  const folds = [quote, signature].filter((fold) => fold !== undefined).sort((a, b) => b[0] - a[0]);
  return folds.reduce((rest, [from, to]) => rest.slice(0, from) + rest.slice(to), text).trim();
};

describe("quoted text and signatures are folded, never removed", () => {
  it.each([
    ["Gmail, Czech", `${answer}\n\npo 3. 3. 2025 v 10:15 odesílatel Podpora <p@acme.cz> napsal:\n\n${quoted}`],
    [
      "Gmail, Czech, wrapped",
      `${answer}\n\npo 3. 3. 2025 v 10:15 odesílatel Podpora s.r.o. <p@acme.cz>\nnapsal:\n\n${quoted}`,
    ],
    [
      "Seznam",
      `${answer}\n\n---------- Původní e-mail ----------\nOd: Podpora <p@acme.cz>\nKomu: jan@seznam.cz\n${plain}`,
    ],
    [
      "Outlook, Czech",
      `${answer}\n\nOd: Podpora <p@acme.cz>\nOdesláno: pondělí 3. března 2025 10:15\nKomu: Jan <j@f.cz>\nPředmět: Faktura\n\n${plain}`,
    ],
    [
      "Outlook, Czech, ruled",
      `${answer}\n\n________________________________\nOd: Podpora <p@acme.cz>\nOdesláno: pondělí 3. března 2025\n\n${plain}`,
    ],
    ["Thunderbird, Czech", `${answer}\n\nDne 03.03.25 v 10:15 Podpora napsal(a):\n${quoted}`],
    ["Apple, Czech", `${answer}\n\nOdesláno z iPhonu\n\n3. 3. 2025 v 10:15, Podpora <p@acme.cz>:\n\n${quoted}`],
    ["a phone's footer", `${answer}\n\nOdesláno z mého iPhonu`],
    ["Gmail, Slovak", `${answer}\n\nut 4. 3. 2025 o 9:00 Podpora <p@acme.sk> napísal(a):\n\n${quoted}`],
    [
      "Outlook, Slovak",
      `${answer}\n\nOd: Podpora <p@acme.sk>\nOdoslané: pondelok 3. marca 2025\nKomu: Jan <j@x.sk>\nPredmet: Faktúra\n\n${plain}`,
    ],
    ["Gmail, Polish", `${answer}\n\npon., 3 mar 2025 o 10:15 Pomoc <p@acme.pl> napisał(a):\n\n${quoted}`],
    ["Thunderbird, Polish", `${answer}\n\nW dniu 3.03.2025 o 10:15, Pomoc pisze:\n${quoted}`],
    [
      "Apple, Polish",
      `${answer}\n\nWiadomość napisana przez Pomoc <p@acme.pl> w dniu 3 mar 2025, o godz. 10:15:\n\n${quoted}`,
    ],
    ["Gmail, English", `${answer}\n\nOn Mon, Mar 3, 2025 at 10:15 AM Support <s@acme.com> wrote:\n\n${quoted}`],
    [
      "Outlook, German",
      `${answer}\n\nVon: Support <s@acme.de>\nGesendet: Montag, 3. März 2025\nAn: Jan <j@x.de>\nBetreff: Rechnung\n\n${plain}`,
    ],
    ["an answer below the quote", `${quoted}\n\n${answer}`],
    [
      "a signature below the quote",
      `${answer}\n\nDne 03.03.25 v 10:15 Podpora napsal(a):\n${quoted}\n\n-- \nJan Novák\n+420 777 123 456`,
    ],
    ["a signature", `${answer}\n\n-- \nJan Novák\n+420 777 123 456`],
  ])("%s", (_, text) => {
    expect(visible(text)).toBe(answer);
  });

  it.each([
    ["answers between the lines", "> kdy přijdete?\nzítra\n> a kolik to stojí?\nstokorunu"],
    ["a letter without a quote", `${answer}\n\nS pozdravem\nJan Novák`],
    ["a letter that is one quote and nothing else", quoted],
  ])("%s stay whole", (_, text) => {
    expect(visible(text)).toBe(text);
  });

  it("a hostile line of a megabyte takes no time", () => {
    const text = `On ${"a ".repeat(500_000)}\n${"> ".repeat(50_000)}\n${"Dne 3. 3. 2025 ".repeat(20)}\n`.repeat(2);
    const started = performance.now();
    foldOf(text);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("HTML of strangers", () => {
  const dangerous =
    /<(?:script|svg|math|style|form|input|base|iframe|object|meta)|\son\w+\s*=|javascript:|@import|url\(|position:|\ssrc="(?!cid:)/i;
  it.each([
    "<img src=x onerror=alert(1)>",
    "<svg><script>1</script></svg><p onclick=a()>x",
    '<a href="javascript:alert(1)">a</a><a href="https://x.cz">b</a>',
    '<a href="java\tscript:alert(1)">a</a><a href=" &#106;avascript:alert(1)">b</a>',
    '<style>@import "x"</style><div style="position:fixed;background:url(https://t/x.gif);color:red">hi</div>',
    '<img src="https://track/x.gif" width=1><img src="cid:logo@x">',
    "<form action=x><input name=pw></form>",
    '<math><mi//xlink:href="data:x,<script>alert(4)</script>">',
    '<o:p>&nbsp;</o:p><!--[if mso]>x<![endif]--><base href="//evil">',
    '<iframe srcdoc="<script>1</script>">',
    '<meta http-equiv="refresh" content="0;url=//evil"><object data="x"></object>',
    '<img src="cid:x" style="width:1px" srcset="https://track/x 1x">',
    '<a href="//evil.example">protocol relative</a><noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  ])("%s becomes harmless", (html) => {
    expect(sanitise(html) ?? "").not.toMatch(dangerous);
  });

  it("keeps what makes a letter readable", () => {
    const html =
      '<table><tr><td colspan="2" style="color: red">A</td></tr></table><p><b>B</b> <a href="https://x.cz">C</a></p>';
    expect(sanitise(html)).toBe(
      '<table><tr><td colspan="2" style="color:red">A</td></tr></table><p><b>B</b> <a href="https://x.cz" target="_blank" rel="noopener noreferrer nofollow">C</a></p>',
    );
  });

  it("of more than a megabyte is shown as text", async () => {
    const html = `<p>Začátek</p>${"<table><tr><td>x</td></tr></table>".repeat(40_000)}<script>alert(1)</script>`;
    const letter = await readLetter(
      `From: a@b.cz\r\nSubject: S\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}\r\n`,
    );
    expect(letter.html).toBeUndefined();
    expect(letter.text).toContain("Začátek");
    expect(textOf("<b>a</b><script>x<y</script> &lt;c&gt;")).toBe("a <c>");
    expect(textOf("<p>A&nbsp;b</p>\n<div>c<br>d</div><blockquote>e<br>f</blockquote>")).toBe("A b\nc\nd\n\n> e\n> f");
  });
});

describe("who or what wrote a letter", () => {
  it("an out-of-office note is told from a person's answer", async () => {
    expect((await readSample("auto-reply-cs.eml")).verdict.kind).toBe("auto-reply");
    expect((await readSample("reply-gmail-cs.eml")).verdict.kind).toBe("human");
  });

  it("a bounce names whom the letter did not reach, why, and which letter", async () => {
    expect((await readSample("bounce.eml")).verdict).toEqual({
      kind: "bounce",
      failed: [{ address: "gone@example.cz", status: "5.1.1", says: "smtp; 550 5.1.1 user unknown", permanent: true }],
      about: "<m.0123456789abcdef01234567.0123456789@acme.test>",
    });
  });

  it("a newsletter is bulk mail", async () => {
    const letter = await readLetter(
      "From: n@x.cz\r\nList-Unsubscribe: <https://x.cz/u>\r\nSubject: Sleva\r\n\r\nKupte\r\n",
    );
    expect(letter.verdict.kind).toBe("bulk");
  });

  it(
    "of the public machine-made mails at least 96 % are recognised",
    { timeout: 60_000 },
    async ({ annotate, skip }) => {
      const folder = path.resolve(import.meta.dirname, "../../../../shared/samples/email/sisimai");
      const names = (await readdir(folder, { recursive: true }).catch(() => [])).filter((name) =>
        name.endsWith(".eml"),
      );
      skip(names.length === 0, "no corpora beside the project");
      let known = 0;
      for (const name of names) {
        const { kind } = (await readLetter(await readFile(path.join(folder, name)))).verdict;
        if (kind !== "human" && kind !== "bulk") known++;
      }
      await annotate(`${known} of ${names.length} machine-made mails recognised`);
      expect(known / names.length).toBeGreaterThan(0.96);
    },
  );
});

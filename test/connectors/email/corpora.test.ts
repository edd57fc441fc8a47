import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { foldOf } from "../../../connectors/email/quote.ts";
import { readLetter } from "./read.ts";

// Public mails with the results their projects expect; read in place, beside the project, when they are there.
const corpora = path.resolve(import.meta.dirname, "../../../../shared/samples/email");
const has = (name: string): boolean => existsSync(path.join(corpora, name));

const address = z.object({ address: z.string().nullable() });
const addresses = z.union([
  z.object({ Address: z.object({ List: z.array(address) }) }).transform(({ Address }) => Address.List),
  z
    .object({ Address: z.object({ Group: z.array(z.object({ addresses: z.array(address) })) }) })
    .transform(({ Address }) => Address.Group.flatMap((group) => group.addresses)),
]);
const structure = z.object({
  attachments: z.array(z.number()),
  text_body: z.array(z.number()),
  html_body: z.array(z.number()),
  parts: z.array(z.object({ headers: z.array(z.object({ name: z.unknown(), value: z.unknown() })) })),
});
const text = z.object({ Text: z.string() }).transform(({ Text }) => Text);

const squeeze = (words: string): string => words.replace(/\s+/g, " ").trim();

describe.runIf(has("stalwart"))("mails whose structure another parser has told", () => {
  it(
    "give the same sender, recipients, subject and id, and no attachment less",
    { timeout: 60_000 },
    async ({ annotate }) => {
      const same = { from: 0, to: 0, subject: 0, id: 0, files: 0 };
      const all = { from: 0, to: 0, subject: 0, id: 0, files: 0 };
      const names = await readdir(path.join(corpora, "stalwart"), { recursive: true });
      for (const name of names.filter((each) => each.endsWith(".eml"))) {
        const file = path.join(corpora, "stalwart", name.replace(/\.eml$/, ".json"));
        if (!existsSync(file)) continue;
        const expected = structure.parse(JSON.parse(await readFile(file, "utf8")));
        const letter = await readLetter(await readFile(path.join(corpora, "stalwart", name)));
        const header = (wanted: string): unknown =>
          expected.parts[0]?.headers.findLast((each) => each.name === wanted)?.value;
        const list = (wanted: string): string[] | undefined =>
          addresses
            .safeParse(header(wanted))
            .data?.flatMap((each) => (each.address?.includes("@") === true ? each.address.toLowerCase() : []));
        const compare = (key: keyof typeof same, met: boolean | undefined): void => {
          if (met === undefined) return;
          all[key]++;
          if (met) same[key]++;
        };
        const [from, to] = [list("from"), list("to")];
        compare(
          "from",
          from === undefined ? undefined : letter.from.map((each) => each.address).join() === from.join(),
        );
        compare("to", to === undefined ? undefined : letter.to.map((each) => each.address).join() === to.join());
        const subject = text.safeParse(header("subject")).data;
        compare("subject", subject === undefined ? undefined : squeeze(letter.subject) === squeeze(subject));
        const id = text.safeParse(header("message_id")).data;
        compare("id", id === undefined ? undefined : letter.messageId === `<${id}>`);
        const shown = new Set([...expected.text_body, ...expected.html_body]);
        const files = expected.attachments.filter((part) => !shown.has(part)).length;
        compare("files", letter.attachments.length >= files || letter.text.length > 0);
      }
      const rates = Object.entries(same).map(([key, count]) => [key, count / all[key as keyof typeof all]] as const);
      await annotate(
        `${all.from} mails: ${rates.map(([key, rate]) => `${key} ${Math.round(rate * 100)} %`).join(", ")}`,
      );
      // Many of these mails are broken on purpose, and two readers mend them differently.
      for (const [key, rate] of rates) expect([key, rate >= 0.85]).toEqual([key, true]);
    },
  );
});

const expected = z.record(z.string(), z.object({ first: z.string().optional(), visible: z.string().optional() }));

describe.runIf(has("crisp"))("replies with quotes in many languages", () => {
  it("show what their writer wrote, and never nothing", async ({ annotate }) => {
    let [right, judged] = [0, 0];
    const hidden: string[] = [];
    for (const corpus of ["crisp", "github"]) {
      const list = expected.parse(JSON.parse(await readFile(path.join(corpora, corpus, "expected.json"), "utf8")));
      for (const [name, { first, visible }] of Object.entries(list)) {
        const words = (await readFile(path.join(corpora, corpus, name), "utf8")).replace(/\r\n/g, "\n");
        const { quoted, signature } = foldOf(words);
        const cuts = [quoted, signature].filter((cut) => cut !== undefined).toSorted((a, b) => b[0] - a[0]);
        const seen = cuts.reduce((left, [from, to]) => left.slice(0, from) + left.slice(to), words);
        if (words.trim() !== "" && seen.trim() === "") hidden.push(name);
        if (first === undefined && visible === undefined) continue;
        judged++;
        if ([first, visible].some((each) => each !== undefined && squeeze(each) === squeeze(seen))) right++;
      }
    }
    await annotate(`${right} of ${judged} replies are cut exactly as another project expects`);
    expect(hidden).toEqual([]);
    expect(right / judged).toBeGreaterThan(0.45);
  });
});

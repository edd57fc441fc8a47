import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Evidence, readBounce, reportedMessageId } from "../../../connectors/email/bounce.ts";
import { readLetter } from "./read.ts";

const report = (given: Partial<Omit<Evidence, "header">> & { headers?: Record<string, string> }): Evidence => ({
  header: (name) => given.headers?.[name] ?? "",
  from: { address: "mailer-daemon@mx.example.cz", name: "Mail Delivery System" },
  subject: "Undelivered Mail Returned to Sender",
  body: "",
  reports: [],
  ...given,
});
const status = (text: string) => [{ mimeType: "message/delivery-status", text: `Reporting-MTA: dns; mx\n\n${text}` }];

describe("a report about a letter that did not arrive", () => {
  it("names each recipient with what became of it", () => {
    const text = [
      "Final-Recipient: rfc822; gone@x.cz\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User\n unknown",
      "Final-Recipient: rfc822; full@x.cz\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full",
    ].join("\n\n");
    expect(readBounce(report({ reports: status(text) }))).toEqual({
      kind: "bounce",
      failed: [
        { address: "gone@x.cz", status: "5.1.1", says: "smtp; 550 5.1.1 User unknown", permanent: true },
        { address: "full@x.cz", status: "5.2.2", says: "smtp; 552 5.2.2 Mailbox full", permanent: false },
      ],
    });
  });

  it.each([
    ["is disabled", "550 5.2.1 The email account that you tried to reach is disabled."],
    ["is blocked, and the block is ours", "550 5.7.1 IP address blacklisted by recipient"],
    ["belongs to a server that dislikes our letter", "550 <jan@x.cz>: Recipient address rejected: Spam detected"],
    ["is greylisted", "450 4.2.0 <jan@x.cz>: Recipient address rejected: Greylisted"],
  ])("does not call an address gone that %s", (_, says) => {
    const text = `Final-Recipient: rfc822; jan@x.cz\nAction: failed\nStatus: ${/\d\.\d\.\d/.exec(says)?.[0] ?? "5.0.0"}\nDiagnostic-Code: smtp; ${says}`;
    expect(readBounce(report({ reports: status(text) }))?.failed).toMatchObject([{ permanent: false }]);
  });

  it("that a server is still trying is a delay, not a failure", () => {
    const text = "Final-Recipient: rfc822; jan@x.cz\nAction: delayed\nStatus: 4.4.1";
    expect(readBounce(report({ reports: status(text) }))).toMatchObject({ kind: "delay" });
  });

  it("tells which letter it is about, from the copy it carries", () => {
    const headers = "Received: x\nMessage-ID:\n <m.1@acme.test>\nSubject: Re: Faktura\n";
    expect(reportedMessageId(report({ reports: [{ mimeType: "text/rfc822-headers", text: headers }] }))).toBe(
      "<m.1@acme.test>",
    );
  });

  it("a person who writes about undelivered goods is no report", () => {
    const written = report({
      from: { address: "jan@x.cz", name: "Jan" },
      subject: "Nedoručená zásilka",
      body: "Dobrý den, zásilka mi nebyla doručena.",
    });
    expect(readBounce(written)).toBeUndefined();
  });
});

const oracle = z.record(z.string(), z.array(z.object({ dsn: z.string(), hard: z.boolean() })));

describe("public reports with known meaning", () => {
  it(
    "reach the floors: 97 % recognised, 90 % of status codes, 80 % of hard or soft",
    { timeout: 60_000 },
    async ({ annotate, skip }) => {
      const folder = path.resolve(import.meta.dirname, "../../../../shared/samples/email/sisimai");
      const names = (await readdir(path.join(folder, "bsd")).catch(() => [])).filter(
        (name) => !/^(arf|rfc3834)/.test(name),
      );
      skip(names.length === 0, "no corpora beside the project");
      const expected = oracle.parse(JSON.parse(await readFile(path.join(folder, "expected.json"), "utf8")));
      const score = { known: [0, 0], status: [0, 0], hard: [0, 0] };
      const count = (of: keyof typeof score, right: boolean): void => {
        score[of] = [(score[of][0] ?? 0) + (right ? 1 : 0), (score[of][1] ?? 0) + 1];
      };
      for (const name of names) {
        const { kind, failed } = (await readLetter(await readFile(path.join(folder, "bsd", name)))).verdict;
        const known = kind === "bounce" || kind === "delay";
        count("known", known);
        const told = expected[name];
        if (!known || told === undefined) continue;
        count("hard", failed.some(({ permanent }) => permanent) === told.some(({ hard }) => hard));
        const code = told[0]?.dsn ?? "";
        // x.0.9xx are codes of the corpus' own authors.
        if (code !== "" && !/^[45]\.0\.9/.test(code)) count("status", failed[0]?.status === code);
      }
      await annotate(JSON.stringify(score));
      const share = ([right = 0, all = 1]: readonly number[]): number => right / all;
      expect(share(score.known)).toBeGreaterThanOrEqual(0.97);
      expect(share(score.status)).toBeGreaterThanOrEqual(0.9);
      expect(share(score.hard)).toBeGreaterThanOrEqual(0.8);
    },
  );
});

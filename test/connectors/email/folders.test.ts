import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Dovecot, hasDovecot, startDovecot } from "../../fakes/dovecot.ts";
import { startGate } from "../../fakes/gate.ts";
import { composed, inFolder } from "../../fakes/mailbox.ts";
import { makeEmail } from "../../../connectors/email/index.ts";
import { fast, freshMailbox, type Mailbox, online, subjects, until } from "./mailbox.ts";

describe.runIf(hasDovecot())("what a mailbox holds", () => {
  let dovecot: Dovecot;
  const used: Mailbox[] = [];
  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterEach(async () => {
    await Promise.all(used.splice(0).map((each) => each.stop()));
  });
  afterAll(() => dovecot.stop());

  const fresh = (): Mailbox => {
    const mailbox = freshMailbox(dovecot);
    used.push(mailbox);
    return mailbox;
  };
  const letterTo = (mailbox: Mailbox, subject: string, extra: object = {}): Promise<Buffer> =>
    composed({ from: "Jan <jan@example.test>", to: mailbox.address, subject, text: "Text", ...extra });
  const put = async (mailbox: Mailbox, folder: string, raw: Buffer, at = new Date()): Promise<void> => {
    await inFolder({ dovecot, user: mailbox.address, folder }, (client) => client.append(folder, raw, [], at));
  };

  it("mail that comes between saving the mailbox and its first connection is not passed over", async () => {
    const mailbox = fresh();
    await put(mailbox, "INBOX", await letterTo(mailbox, "long before"), new Date(Date.now() - 3_600_000));
    const gate = await startGate(dovecot.ports.imap);
    await gate.shut();
    const account = mailbox.open({ imapPort: gate.port });
    account.start();
    await until("the server is found to be away", () => account.statuses.some(({ state }) => state === "offline"));
    await dovecot.deliver({ subject: "while it was away", text: "x" }, mailbox.address);
    await gate.open();
    await until("it arrives", () => subjects(account).includes("while it was away"), 20_000);
    expect(subjects(account)).toEqual(["while it was away"]);
    await mailbox.stop();
    await gate.shut();
  });

  it("what the server took for spam stands alone as spam, and joins when a person moves it back", async () => {
    const mailbox = fresh();
    const account = await online(mailbox.open());
    const raw = await letterTo(mailbox, "Re: Reklamace", {
      messageId: "<junk-1@example.test>",
      references: "<known@acme.test>",
      headers: { "Reply-To": "elsewhere@example.test" },
    });
    await put(mailbox, "Junk", raw);
    const { event: spam } = await until("it is filed as spam", () => account.messages()[0]);
    expect(spam).toMatchObject({
      spam: true,
      automatic: true,
      id: expect.stringMatching(/^junk:<junk-1@example\.test>/),
    });
    expect(spam).not.toHaveProperty("references");
    expect(spam).not.toHaveProperty("participants");
    await inFolder({ dovecot, user: mailbox.address, folder: "Junk" }, (client) =>
      client.messageMove("1:*", "INBOX", { uid: true }),
    );
    const { event: moved } = await until("the moved one arrives", () => account.messages()[1]);
    expect(moved).toMatchObject({ references: ["<known@acme.test>"], thread: "<known@acme.test>" });
    expect(moved.spam).toBeUndefined();
  });

  it("the spam folder is left alone where the administrator says so", async () => {
    const mailbox = fresh();
    const account = await online(mailbox.open({ junk: false }));
    await put(mailbox, "Junk", await letterTo(mailbox, "spam"));
    await dovecot.deliver({ subject: "ordinary", text: "x" }, mailbox.address);
    await until("the ordinary one arrives", () => subjects(account).includes("ordinary"));
    // One more round: the spam folder would have been looked into with the first.
    await dovecot.deliver({ subject: "second", text: "x" }, mailbox.address);
    await until("the second arrives", () => subjects(account).includes("second"));
    expect(subjects(account)).not.toContain("spam");
  });

  it("letters the cursor passed over are found within the next search, once each", async () => {
    const mailbox = fresh();
    const account = await online(mailbox.open());
    await dovecot.deliver({ subject: "taken", text: "x" }, mailbox.address);
    await until("the first arrives", () => subjects(account).includes("taken"));
    await account.stop();
    for (const subject of ["passed over 1", "passed over 2"])
      await dovecot.deliver({ subject, text: "x" }, mailbox.address);
    const cursor = JSON.parse(mailbox.account.memory.get("inbox") ?? "{}") as { uid: number };
    mailbox.account.memory.set("inbox", JSON.stringify({ ...cursor, uid: cursor.uid + 2 }));
    const again = makeEmail({ ...fast, reconcile: 200, tick: 100 });
    await online(mailbox.open({}, again));
    await until("both are found", () => subjects(account).filter((one) => one.startsWith("passed")).length >= 2);
    await dovecot.deliver({ subject: "after", text: "x" }, mailbox.address);
    await until("the next arrives", () => subjects(account).includes("after"));
    await until("it was searched again", () => mailbox.account.asked.length > 20);
    expect(subjects(account).toSorted()).toEqual(["after", "passed over 1", "passed over 2", "taken"]);
  });

  it(
    "a thousand old letters are read in the background while new ones arrive within a second",
    { timeout: 60_000 },
    async ({ annotate }) => {
      const mailbox = fresh();
      const yesterday = new Date(Date.now() - 86_400_000);
      const old = await Promise.all(
        Array.from({ length: 1_000 }, (_, nth) => letterTo(mailbox, `old ${nth}`, { text: `Text ${nth} `.repeat(50) })),
      );
      await inFolder({ dovecot, user: mailbox.address }, async (client) => {
        for (const raw of old) await client.append("INBOX", raw, [], yesterday);
      });
      const account = await online(mailbox.open({ startFrom: "days:3" }));
      const started = performance.now();
      const times: number[] = [];
      for (let nth = 0; subjects(account).length < 1_000 + nth && nth < 30; nth++) {
        const sent = performance.now();
        await dovecot.deliver({ subject: `new ${nth}`, text: "x" }, mailbox.address);
        await until("the new one arrives", () => subjects(account).includes(`new ${nth}`), 20_000);
        times.push(performance.now() - sent);
      }
      const live = times.length;
      await until("all old ones are here", () => subjects(account).length >= 1_000 + live, 40_000);
      await annotate(
        `1,000 old letters in ${Math.round(performance.now() - started)} ms, ${live} new ones meanwhile, slowest ${Math.round(Math.max(...times))} ms`,
      );
      const events = account.messages().map(({ event }) => event);
      const historic = events.filter((event) => event.historic === true).map((event) => event.subject);
      expect(historic).toEqual(Array.from({ length: 1_000 }, (_, nth) => `old ${nth}`));
      expect(events).toHaveLength(1_000 + live);
      times.sort((a, b) => a - b);
      expect(times[Math.floor(live / 2)]).toBeLessThan(1_000);
      expect(JSON.parse(mailbox.account.memory.get("inbox") ?? "{}")).not.toHaveProperty("backfill");
    },
  );

  it("a hub that stops half way through old mail goes on where it stopped", async () => {
    const mailbox = fresh();
    const yesterday = new Date(Date.now() - 86_400_000);
    await inFolder({ dovecot, user: mailbox.address }, async (client) => {
      for (let nth = 0; nth < 120; nth++)
        await client.append("INBOX", await letterTo(mailbox, `old ${nth}`), [], yesterday);
    });
    const receive = mailbox.account.hub.receive.bind(mailbox.account.hub);
    let offered = 0;
    mailbox.account.hub.receive = (event) =>
      ++offered > 60 ? Promise.reject(new Error("the database is away")) : receive(event);
    const account = await online(mailbox.open({ startFrom: "days:3" }));
    await until("it has offered more than is taken", () => offered > 60);
    await account.stop();
    expect(subjects(account)).toHaveLength(60);
    mailbox.account.hub.receive = receive;
    await online(mailbox.open({ startFrom: "days:3" }));
    await until("all are here", () => new Set(subjects(account)).size === 120);
  });

  it("two processes that read one mailbox at once, for a moment, give the hub the same letters", async () => {
    const mailbox = fresh();
    const [one, two] = [await online(mailbox.open()), await online(mailbox.open())];
    for (let nth = 0; nth < 20; nth++) await dovecot.deliver({ subject: `mail ${nth}`, text: "x" }, mailbox.address);
    await until("all are here", () => new Set(subjects(one)).size === 20);
    await Promise.all([one.stop(), two.stop()]);
    // The hub keeps one message an id.
    expect(new Set(mailbox.account.kept.map(({ event }) => ("id" in event ? event.id : ""))).size).toBe(20);
  });
});

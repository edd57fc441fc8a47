import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { MessageView } from "#wire";
import { launch, seat, type Seat, violations } from "../support/browser.ts";
import { buildDesk } from "../support/build.ts";
import { message } from "../support/data.ts";
import { startFakeHub, type FakeHub } from "../support/fake-hub.ts";

let built: Awaited<ReturnType<typeof buildDesk>>;
let browser: Browser;
let hub: FakeHub;
const seats: Seat[] = [];

beforeAll(async () => {
  [built, browser] = await Promise.all([buildDesk(), launch()]);
}, 60_000);
afterEach(async () => {
  await Promise.all(seats.splice(0).map(({ context }) => context.close()));
  await hub.stop();
});
afterAll(async () => {
  await browser.close();
  await built.remove();
});

const mailbox = (address: string, name = "") => ({ address, name });
const delivery = (more: Partial<MessageView["deliveries"][number]>): MessageView["deliveries"][number] => ({
  id: `d-${more.recipient}`,
  recipient: "",
  role: "to",
  scheduled: false,
  state: "sent",
  dueAt: null,
  attempts: 1,
  errorCode: null,
  errorText: null,
  ...more,
});

/** A mail case whose last message is this one. */
const open = async (letter: Partial<MessageView>): Promise<Seat & { id: string }> => {
  hub = await startFakeHub({ dist: built.dist, conversations: 20 });
  const found = [...hub.cases.values()].find(({ threads }) => threads.length === 1 && threads[0]?.channel === "email");
  const id = found?.row.id ?? "";
  const last = found?.messages.at(-1);
  if (found !== undefined && last !== undefined)
    Object.assign(found, {
      messages: [...found.messages.slice(0, -1), message({ ...last, subject: "Zkouška", detail: {}, ...letter })],
    });
  const one = await seat({ browser, hub, path: `/inbox/all/${id}` });
  seats.push(one);
  await one.page.locator("#composer").waitFor();
  return { ...one, id };
};
const last = (page: Page) => page.getByRole("log").getByRole("article").last();

describe("a letter on the agent's screen", () => {
  it("says for whom it is, who vouches for it, and leads to the original", { timeout: 40_000 }, async () => {
    const { page, complaints } = await open({
      text: "Dobrý den",
      detail: {
        from: [mailbox("jan@seznam.cz", "Jan Novák")],
        to: [mailbox("podpora@acme.test"), mailbox("obchod@acme.test", "Obchod"), mailbox("sklad@acme.test")],
        cc: [mailbox("eva@firma.cz", "Eva Malá")],
        auth: { spf: "pass", dkim: "pass", dmarc: "pass" },
        letter: "bulk",
      },
    });
    const letter = last(page);
    await letter.getByText("Hromadný e-mail").waitFor();
    const who = letter.getByTitle("Podrobnosti dopisu");
    expect(await who.textContent()).toBe("Komu podpora@acme.test, Obchod a 1 další Kopie Eva Malá ");
    await who.click();
    await letter.getByText("Jan Novák <jan@seznam.cz>").waitFor();
    await letter.getByText("SPF pass · DKIM pass · DMARC pass").waitFor();
    expect(await letter.getByRole("link", { name: "Původní e-mail" }).getAttribute("href")).toMatch(
      /^\/api\/messages\/.*\/raw$/,
    );
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it("warns of a spoofed sender, and of answers that are led elsewhere", { timeout: 40_000 }, async () => {
    const { page } = await open({
      text: "Klikněte zde.",
      detail: {
        from: [mailbox("podpora@banka.cz")],
        to: [mailbox("podpora@acme.test")],
        replyTo: [mailbox("podvod@zlo.ru")],
        auth: { dmarc: "fail" },
      },
    });
    await last(page).getByRole("alert").getByText("Odesílatel nejspíš není ten, za koho se vydává").waitFor();
    await last(page).getByText("Odpověď má jít na podvod@zlo.ru").waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("folds what is quoted in its HTML, and fetches pictures only when asked", { timeout: 40_000 }, async () => {
    const text =
      "Dobrý den,\nposílám fakturu.\n\nDne 3. 3. 2025 Podpora <podpora@acme.test> napsal:\n\n> Zboží odešleme.";
    const { page, id } = await open({
      text,
      html: '<p>Dobrý den,</p><p>posílám fakturu.<img alt="" data-blocked-src="https://sledovac.cz/a.png?x=1&amp;y=2"></p><div>Dne 3. 3. 2025 Podpora &lt;podpora@acme.test&gt; napsal:<blockquote>Zboží odešleme.</blockquote></div>',
      detail: { quotedFrom: text.indexOf("Dne 3."), quotedTo: text.length },
    });
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const frame = page.frameLocator("iframe").last();
    await frame.getByText("posílám fakturu").waitFor();
    await expect.poll(() => frame.getByText("Zboží odešleme").isVisible()).toBe(false);
    await last(page).getByRole("button", { name: "Zobrazit citovaný text" }).click();
    await expect.poll(() => frame.getByText("Zboží odešleme").isVisible()).toBe(true);
    expect(asked.filter((url) => url.includes("/pictures/"))).toEqual([]);
    await last(page).getByRole("button", { name: "Zobrazit obrázky" }).click();
    await expect.poll(() => asked.filter((url) => url.includes("/pictures/"))).toHaveLength(1);
    expect(asked.find((url) => url.includes("/pictures/"))).toContain(`/api/messages/${id}-m5/pictures/0`);
    expect(asked.filter((url) => url.includes("sledovac"))).toEqual([]);
  });

  it("draws an invitation and sends the answer", { timeout: 40_000 }, async () => {
    const { page } = await open({
      text: "Zveme vás.",
      detail: {
        calendar: {
          method: "REQUEST",
          uid: "u1",
          sequence: 0,
          summary: "Předání zakázky",
          location: "Brno",
          start: { at: "2026-12-01T09:30:00", zone: "Europe/Prague" },
          end: { at: "2026-12-01T10:00:00", zone: "Europe/Prague" },
          organizer: mailbox("jan@firma.cz", "Jan Novák"),
          attendees: [{ address: "eva@firma.cz", name: "Eva", answer: "ACCEPTED" }],
        },
      },
    });
    const card = page.getByRole("region", { name: "Pozvánka" });
    await card.getByText("Předání zakázky").waitFor();
    await card.getByText("úterý 1. prosince 2026").waitFor();
    await card.getByText("Eva (přijato)").waitFor();
    expect(await violations(page)).toEqual([]);
    const answered = page.waitForRequest((request) => request.url().endsWith("/invitation"));
    await page.route("**/invitation", (route) => route.fulfill({ json: {} }));
    await card.getByRole("button", { name: "Možná" }).click();
    expect((await answered).postDataJSON()).toMatchObject({ answer: "TENTATIVE" });
    await card.getByText("Odpověď je na cestě.").waitFor();
  });

  it("tells how far each copy got, and why one waits", { timeout: 40_000 }, async () => {
    const { page } = await open({
      direction: "out",
      author: { type: "agent", id: null, name: "Anna" },
      text: "Posílám.",
      deliveries: [
        delivery({ recipient: "jan@seznam.cz", state: "sent" }),
        delivery({
          recipient: "plno@x.cz",
          role: "cc",
          state: "queued",
          errorCode: "later",
          dueAt: new Date(Date.now() + 300_000).toISOString(),
        }),
        delivery({ recipient: "pryc@x.cz", role: "cc", state: "failed", errorCode: "recipient-gone" }),
      ],
    });
    await last(page).getByText("Doručení jednotlivým příjemcům").click();
    const lines = last(page).locator(".recipients li");
    expect(await lines.allTextContents()).toEqual([
      "jan@seznam.cz předáno jejich serveru",
      expect.stringMatching(/^plno@x\.cz opožďuje se, další pokus .*: Druhá strana teď zprávu nepřijímá\.$/),
      expect.stringMatching(/^pryc@x\.cz nedoručeno: /),
    ]);
    expect(await violations(page)).toEqual([]);
  });
});

describe("a letter to an address that does not exist", () => {
  it("asks first, with the reason", { timeout: 40_000 }, async () => {
    const { page } = await open({ text: "Dobrý den" });
    hub.failing.set("message.send", "gone-recipients");
    await page.locator("#composer").fill("Ještě jednou.");
    // It can be sent once the hub has said to whom it goes.
    await page.getByRole("button", { name: "Odeslat", exact: true }).click({ trial: true });
    await page.keyboard.press("Control+Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Poslat na adresu, která neexistuje?").waitFor();
    hub.failing.delete("message.send");
    await dialog.getByRole("button", { name: "Odeslat i na ně" }).click();
    await page.getByRole("log").getByText("Ještě jednou.").waitFor();
  });
});

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasDovecot } from "../fakes/dovecot.ts";
import { type Agent, signIn } from "./agent.ts";
import { temporaryFolder } from "../support/database.ts";
import { launch, violations } from "../web/support/browser.ts";
import { startSandbox } from "../sandbox/start.ts";

const patience = 20_000;

/** `npm run sandbox` as a newcomer meets it: the page of the phones in a browser, an agent who answers. */
describe("the sandbox", { timeout: 60_000 }, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;
  let browser: Browser;
  let page: Page;
  let agent: Agent;
  const said: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    [sandbox, browser] = await Promise.all([
      startSandbox({ dataDir: folder.path, hubPort: 0, pagePort: 0, say: (line) => said.push(line) }),
      launch(),
    ]);
    const password = /^jana@linka\.example +(\S+)/mu.exec(sandbox.hub.logins)?.[1] ?? "";
    agent = await signIn({ url: sandbox.hub.url, email: "jana@linka.example", password });
    const context = await browser.newContext({ locale: "cs-CZ", viewport: { width: 1440, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(patience);
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(sandbox.url);
  }, 150_000);
  afterAll(async () => {
    agent?.leave();
    await browser?.close();
    await sandbox?.stop();
    await folder?.remove();
  });

  const arrived = async (text: string): Promise<string> => {
    const { frame } = await agent.heard(
      text,
      ({ changes }) => changes.some(({ row }) => row.preview.includes(text)),
      patience,
    );
    return frame.changes.find(({ row }) => row.preview.includes(text))?.row.id ?? "";
  };
  const take = (name: string, nth = 0) => page.locator("#channels").getByRole("button", { name }).nth(nth).click();
  const write = async (text: string): Promise<void> => {
    await page.getByLabel("Napište zprávu").fill(text);
    await page.keyboard.press("Enter");
  };
  const log = () => page.getByRole("log");
  const answer = (conversationId: string, text: string, more: object = {}) =>
    agent.ask("message.send", { conversationId, clientKey: `sandbox ${text}`, mode: "reply", text, ...more });

  const rounds: readonly (readonly [channel: string, person: string, nth: number])[] = [
    ["whatsapp", "Jana Nováková", 0],
    ["messenger", "Petr Malý", 0],
    ["instagram", "Eva Dvořáková", 0],
  ];
  test.each(rounds)(
    "plays a round over %s: words, an answer, a tapped button, a reaction",
    async (channel, person, nth) => {
      await take(person, nth);
      await page.getByRole("heading", { name: new RegExp(person) }).waitFor();
      const question = `Dobrý den, píšu přes ${channel}.`;
      await write(question);
      const id = await arrived(question);
      expect((await agent.ask("conversation.open", { id })).threads[0]?.channel).toBe(channel);
      const buttons = { content: { type: "buttons", buttons: [{ id: "yes", title: `Ano, ${channel}` }] } };
      await answer(id, `Chcete pomoci přes ${channel}?`, buttons);
      await log().getByText(`Chcete pomoci přes ${channel}?`).waitFor();
      await log().getByRole("button", { name: "❤️" }).first().click();
      await log()
        .getByRole("button", { name: `Ano, ${channel}` })
        .click();
      const conversation = async () => {
        const { messages } = await agent.ask("conversation.open", { id });
        return {
          tapped: messages.some(({ text }) => text === `Ano, ${channel}`),
          liked: messages.some(({ reactions }) => reactions.some(({ emoji }) => emoji === "❤️")),
        };
      };
      await expect.poll(conversation, { timeout: patience }).toEqual({ tapped: true, liked: true });
      await page.getByRole("button", { name: "Označit jako přečtené" }).click();
    },
  );

  test("sends a picture and a voice note, which arrive as files", async () => {
    await take("Jana Nováková", 1);
    await write("Posílám přílohy přes Messenger.");
    const id = await arrived("Posílám přílohy přes Messenger.");
    await page.getByRole("button", { name: "Hlasová zpráva" }).click();
    const png = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
      "base64",
    );
    await page.getByLabel("Soubor").setInputFiles({ name: "zásilka.png", mimeType: "image/png", buffer: png });
    await expect
      .poll(
        async () =>
          (await agent.ask("conversation.open", { id })).messages
            .flatMap(({ attachments }) => attachments)
            .filter(({ state }) => state === "stored")
            .map(({ name }) => name),
        { timeout: patience },
      )
      .toEqual(["voice.wav", "zásilka.png"]);
  });

  test.runIf(hasDovecot())("sends a mail to the demo mailbox and shows the answer", async () => {
    await take("Jana Nováková", 2);
    await page.getByLabel("Předmět").fill("Reklamace bot");
    await write("Dobrý den, boty se rozlepily.");
    const { frame } = await agent.heard(
      "the letter",
      ({ changes }) => changes.some(({ row }) => row.subject === "Reklamace bot"),
      patience,
    );
    const id = frame.changes.find(({ row }) => row.subject === "Reklamace bot")?.row.id ?? "";
    await answer(id, "Pošleme vám nové.");
    // The time to take an answer back comes first.
    await log().getByText("Pošleme vám nové.").waitFor({ timeout: 30_000 });
  });

  test("is for this machine alone, accessible, and links desk and shop", async () => {
    expect(new URL(sandbox.url).hostname).toBe("127.0.0.1");
    const elsewhere = await fetch(`${sandbox.url}/act`, {
      method: "POST",
      headers: { origin: "https://evil.example" },
    });
    expect(elsewhere.status).toBe(403);
    expect(await page.getByRole("link", { name: "Otevřít plochu" }).getAttribute("href")).toBe(sandbox.links.desk);
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

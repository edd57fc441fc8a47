import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { signed } from "../../bench/lib/hub.ts";
import { openDesk } from "../../bench/lib/desk.ts";
import { seedFixture } from "../support/fixture.ts";
import { startHub } from "../support/hub.ts";
import { ownPostgres, temporaryFolder } from "../support/postgres.ts";

it("the most talkative log holds nothing of a customer: no name, number, address, word or search, also when things go wrong", async ({
  onTestFinished,
}) => {
  const canary = {
    name: "Kanárek Žlutý",
    number: "+420777123987",
    mail: "kanarek@zluty.test",
    word: "pípípí-tajemství",
  };
  const postgres = await ownPostgres();
  onTestFinished(() => postgres.drop());
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const secret = randomBytes(32).toString("hex");
  const fixture = await seedFixture({ databaseUrl: postgres.url, secret, queues: 1, agents: 1, chat: true });
  const hub = await startHub({
    dataDir: folder.path,
    env: { DATABASE_URL: postgres.url, LINKA_SECRET: secret, LINKA_DEMO: "0", LOG_LEVEL: "trace" },
  });
  onTestFinished(() => hub.kill("SIGKILL"));
  const hook = async (body: string, headers = signed({ secret: fixture.hookSecret, body })): Promise<number> =>
    (await fetch(hub.url + (fixture.accounts[0]?.hookPath ?? ""), { method: "POST", headers, body })).status;
  const said = {
    id: "m1",
    thread: canary.number,
    from: { id: canary.number, name: canary.name },
    text: `${canary.word} ${canary.mail}`,
    at: new Date().toISOString(),
  };
  expect(await hook(JSON.stringify({ messages: [said] }))).toBe(200);
  // Parked by the database, unreadable, forged, and refused for its size.
  expect(await hook(JSON.stringify({ messages: [{ ...said, id: "m2", at: "-200000-01-01T00:00:00Z" }] }))).toBeLessThan(
    500,
  );
  expect(await hook(`{"messages":[{"text":"${canary.word}"`)).toBeLessThan(500);
  expect(await hook(JSON.stringify({ messages: [said] }), { "x-signature-256": "sha256=00" })).toBe(401);
  await fetch(`${hub.url}/api/login`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: hub.url },
    body: JSON.stringify({ email: canary.mail, password: canary.word }),
  });
  await fetch(`${hub.url}/api/contacts?query=${encodeURIComponent(canary.name)}`);
  const desk = await openDesk({ url: hub.url, cookie: fixture.users[0]?.cookie ?? "", onFrame: () => undefined });
  const found = (await desk.ask("view.open", { kind: "all", query: canary.word })) as {
    value: { rows: { id: string }[] };
  };
  const id = found.value.rows[0]?.id ?? "";
  expect(id).not.toBe("");
  await desk.ask("message.send", { conversationId: id, clientKey: "canary-1", mode: "reply", text: canary.word });
  await desk.ask("message.send", { conversationId: id, clientKey: canary.word, mode: canary.word, text: canary.word });
  desk.close();
  await hub.kill("SIGINT");
  const printed = hub.output();
  // The log was on: it speaks of what happened.
  expect(printed).toContain('"level":');
  for (const secretWord of [...Object.values(canary), "Kanárek", "777123987"])
    expect(printed).not.toContain(secretWord);
}, 60_000);

import * as fc from "fast-check";
import { expect, it, vi } from "vitest";
import { accountId, ConnectorError, remoteId } from "#contract";
import { threadOf } from "../../../connectors/chat/thread.ts";
import { makeAccount } from "../../contract/account.ts";
import { letterTo } from "../../contract/letter.ts";
import { greet, openChannel, refusal, site } from "./open.ts";

const threadIn = (session: string) => threadOf(accountId("account-a"), session);

it("the same message sent three times has one id and answers each time", async () => {
  const account = openChannel();
  const { peer, session } = await greet(account);
  for (let count = 0; count < 3; count += 1) await peer.ask("send", { id: "message-1", text: "Jen jednou" });
  expect(new Set(account.messages().map(({ event }) => event.id))).toEqual(new Set([`${session}.message-1`]));
});

it("a message is acknowledged only when it is stored", async () => {
  const account = openChannel();
  const { peer } = await greet(account);
  account.refuseNext(1);
  expect(await refusal(peer.ask("send", { id: "message-1", text: "Ahoj" }))).toBe("unreachable");
  expect(peer.heard).toEqual([]);
  await peer.ask("send", { id: "message-1", text: "Ahoj" });
  expect(account.messages()).toHaveLength(1);
});

it("carries the page without what may be private in its address", async () => {
  const account = openChannel();
  const { peer } = await greet(account, { page: `${site}/kosik?token=tajne#platba` });
  await peer.ask("send", { id: "message-1", text: "Ahoj" });
  expect(account.messages()[0]?.event.detail).toEqual({ page: `${site}/kosik` });
  const script = await greet(account, { page: "javascript:alert(1)" });
  await script.peer.ask("send", { id: "message-2", text: "Ahoj" });
  expect(account.messages()[1]?.event.detail).toEqual({});
});

it("shows a message in the visitor's other tabs and in no other chat", async () => {
  const account = openChannel();
  const { peer, welcome } = await greet(account);
  const tab = await greet(account, { token: welcome.token });
  const stranger = await greet(account);
  await peer.ask("send", { id: "message-1", text: "Ahoj" });
  expect(tab.peer.heard).toMatchObject([
    { event: "line", payload: { key: "message-1", from: "visitor", text: "Ahoj" } },
  ]);
  expect(stranger.peer.heard).toEqual([]);
});

it("five messages at once pass, the sixth waits, another visitor is not slowed", async () => {
  const account = openChannel();
  const { peer } = await greet(account);
  const codes: string[] = [];
  for (let count = 0; count < 6; count += 1)
    codes.push(await refusal(peer.ask("send", { id: `message-${count}`, text: "Rychle" })));
  expect(codes).toEqual([...Array<string>(5).fill("answered"), "rate-limited"]);
  const other = await greet(account);
  expect(await refusal(other.peer.ask("send", { id: "message-9", text: "Klidně" }))).toBe("answered");
});

it("refuses a text longer than 4,000 characters, an empty one and one of a megabyte", async () => {
  const account = openChannel();
  const { peer } = await greet(account);
  for (const text of ["x".repeat(4001), "   ", "x".repeat(1024 * 1024)])
    expect(await refusal(peer.ask("send", { id: "message-1", text }))).toBe("rejected");
  expect(account.messages()).toEqual([]);
  expect(await refusal(peer.ask("send", { id: "message-1", text: "x".repeat(4000) }))).toBe("answered");
});

it("whatever a socket sends is answered or refused with a ConnectorError, and stores nothing it should not", async () => {
  const account = openChannel();
  const names = fc.oneof(
    fc.string(),
    fc.constantFrom("hello", "send", "form", "after", "got", "read", "constructor", "__proto__"),
  );
  await fc.assert(
    fc.asyncProperty(names, fc.jsonValue(), async (event, payload) => {
      const peer = account.peer({ ip: fc.sample(fc.ipV4(), 1)[0] ?? "", origin: site });
      const outcome: unknown = await peer.ask(event, payload).then(
        () => "answered",
        (thrown: unknown) => (thrown instanceof ConnectorError ? "refused" : thrown),
      );
      peer.leave();
      expect(outcome).toBeOneOf(["answered", "refused"]);
    }),
    { numRuns: 300 },
  );
  expect(account.kept).toEqual([]);
});

it("asks for the form first when the account requires it, then remembers who it is", async () => {
  const account = openChannel({ preChatName: "required", preChatEmail: "optional" });
  const { peer, welcome } = await greet(account);
  expect(welcome.form).toEqual([
    { key: "name", type: "text", required: true },
    { key: "email", type: "email", required: false },
  ]);
  expect(await refusal(peer.ask("send", { id: "message-1", text: "Ahoj" }))).toBe("rejected");
  expect(await refusal(peer.ask("form", { values: { email: "jana@example.cz" } }))).toBe("rejected");
  expect(await refusal(peer.ask("form", { values: { name: "Jana", email: "není adresa" } }))).toBe("rejected");
  expect(await refusal(peer.ask("form", { values: { name: "Jana", role: "admin" } }))).toBe("rejected");
  const { token } = (await peer.ask("form", { values: { name: "Jana", email: "" } })) as { readonly token: string };
  const back = await greet(account, { token });
  expect(back.welcome.form).toEqual([]);
  await back.peer.ask("send", { id: "message-1", text: "Ahoj" });
  expect(account.messages()[0]?.event.from).toMatchObject({ name: "Jana", addresses: [{ kind: "visitor" }] });
});

it("outside the hours the visitor leaves an e-mail address, and the message says that an answer may go there", async () => {
  const account = openChannel({
    hours: ["Mo 00:00-00:01"],
    closedDays: [new Date().toISOString().slice(0, 10)],
    timezone: "UTC",
  });
  const { peer, welcome } = await greet(account);
  expect(welcome.look.open).toBe(false);
  await peer.ask("send", { id: "message-1", text: "Ozvěte se", email: "Jana@Example.cz" });
  const event = account.messages()[0]?.event;
  expect(event?.detail).toMatchObject({ wantsEmail: true });
  expect(event?.from.addresses[1]).toEqual({ kind: "email", value: "jana@example.cz", verified: false });
});

it("passes on typing, what arrived and what was read", async () => {
  const account = openChannel();
  const { peer, session, welcome } = await greet(account);
  const to = { to: { thread: threadIn(session), to: [] } };
  for (const key of ["key-1", "key-2"]) await account.send(letterTo(to as never, { text: "Ano?", key }));
  const tab = await greet(account, { token: welcome.token });
  await peer.ask("typing", { active: true });
  await peer.ask("got", { ids: ["key-1", "key-2"] });
  await peer.ask("read", { id: "key-2" });
  expect(account.kept.map(({ event }) => event)).toMatchObject([
    { type: "typing", thread: threadIn(session), active: true },
    { type: "receipt", id: "key-1", state: "delivered" },
    { type: "receipt", id: "key-2", state: "delivered" },
    { type: "seen", id: "key-2" },
  ]);
  expect(tab.peer.heard).toMatchObject([{ event: "seen", payload: { id: "key-2" } }]);
});

it("what a visitor says of lines that are not in their chat is passed on to nobody", async () => {
  const account = openChannel();
  const other = await greet(account);
  const to = { to: { thread: threadIn(other.session), to: [] } };
  await account.send(letterTo(to as never, { text: "Jen pro druhého", key: "key-of-another" }));
  const { peer } = await greet(account);
  await peer.ask("got", { ids: ["key-of-another", "made-up-1", "made-up-2"] });
  await peer.ask("read", { id: "key-of-another" });
  expect(account.kept).toEqual([]);
  await other.peer.ask("got", { ids: ["key-of-another", "key-of-another"] });
  expect(account.kept.map(({ event }) => event)).toMatchObject([{ type: "receipt", id: "key-of-another" }]);
});

it("an answer reaches every open tab under the agent's alias, and a return later finds it", async () => {
  const account = openChannel({ agentName: "Zákaznická péče" });
  const { peer, session, welcome } = await greet(account);
  const to = { to: { thread: threadIn(session), to: [] } };
  const letter = letterTo(to as never, { text: "Balík je na cestě.", key: "key-1" });
  await account.send(letter);
  await account.send({ ...letterTo(to as never, { text: "Ještě něco?", key: "key-2" }), author: { name: "" } });
  expect(peer.heard).toMatchObject([
    { event: "line", payload: { key: "key-1", from: "agent", author: { name: "Anna" } } },
    { event: "line", payload: { key: "key-2", from: "agent", author: { name: "Zákaznická péče" } } },
  ]);
  peer.leave();
  await account.send(letterTo(to as never, { text: "Nikdo tu není", key: "key-3" }));
  const back = await greet(account, { token: welcome.token });
  expect(back.welcome.lines.map(({ text }) => text)).toEqual(["Balík je na cestě.", "Ještě něco?", "Nikdo tu není"]);
});

it("what an agent has read is told at once and still known after a reload", async () => {
  const account = openChannel();
  const { peer, session, welcome } = await greet(account);
  await peer.ask("send", { id: "message-1", text: "Ahoj" });
  await account.connection.markRead?.(threadIn(session), remoteId(`${session}.message-1`));
  await account.connection.typing?.(threadIn(session), true);
  expect(peer.heard.slice(1)).toEqual([
    { event: "read", payload: { id: "message-1" } },
    { event: "typing", payload: { active: true } },
  ]);
  expect((await greet(account, { token: welcome.token })).welcome.agentRead).toBe("message-1");
});

it("a socket that does not say hello is let go", () => {
  vi.useFakeTimers();
  try {
    const peer = openChannel().peer({ origin: site });
    vi.advanceTimersByTime(19_000);
    expect(peer.closedBecause).toBeUndefined();
    vi.advanceTimersByTime(2_000);
    expect(peer.closedBecause).toBe("no hello");
  } finally {
    vi.useRealTimers();
  }
});

it("an answer that is sent late is not hidden by what came after its place", async () => {
  const suite = makeAccount("a");
  const account = openChannel({}, "a", suite);
  const { peer, welcome } = await greet(account);
  for (const id of ["message-1", "message-2", "message-3"]) await peer.ask("send", { id, text: id });
  const whole = suite.hub.transcript.bind(suite.hub);
  vi.spyOn(suite.hub, "transcript").mockImplementation(async (thread, page) => {
    const { lines, ...rest } = await whole(thread, page);
    const unsent = lines.findIndex(({ seq }) => seq === 2);
    const forward = page.after !== undefined && unsent !== -1;
    return { ...rest, lines: forward ? lines.slice(0, unsent) : lines.filter(({ seq }) => seq !== 2) };
  });
  const back = await greet(account, { token: welcome.token });
  expect(back.welcome.lines.map(({ seq }) => seq)).toEqual([1, 3]);
  expect(back.welcome.cursor).toBe(1);
});

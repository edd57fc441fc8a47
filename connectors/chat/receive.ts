import { ConnectorError, type Peer, remoteId } from "#contract";
import type { z } from "zod";
import { buckets } from "./buckets.ts";
import { hello } from "./hello.ts";
import { type Ask, asks, isAsk } from "./parse.ts";
import { type Here, limited, newest, pageSize, type Side } from "./side.ts";
import { store } from "./store.ts";
import { messageId } from "./thread.ts";
import { formFields, preChatForm, widgetPage } from "./view.ts";

const helloWithinMs = 20_000;

type Taken<A extends Ask> = z.output<(typeof asks)[A]>;

const parsed = <A extends Ask>(event: A, payload: unknown): Taken<A> => {
  const result = asks[event].safeParse(payload);
  if (!result.success) throw new ConnectorError("rejected", `Not a valid ${event}.`);
  return result.data as Taken<A>;
};

const send = async (side: Side, here: Here, takes: Taken<"send">): Promise<unknown> => {
  const { session } = here;
  if (session.form !== true && session.user === undefined && formFields(side.account.config).some((f) => f.required))
    throw new ConnectorError("rejected", "The form comes first.");
  limited(side.limits.messages.take(session.id), "Please write a little slower.");
  if (takes.email !== undefined) here.session = { ...session, email: takes.email, emailVerified: false };
  const at = await store(side, here.session, {
    id: messageId(session.id, takes.id),
    clientId: takes.id,
    text: takes.text,
    attachments: [],
    lang: here.lang,
    detail: {
      ...(here.page === undefined ? {} : { page: here.page }),
      ...(takes.email === undefined ? {} : { wantsEmail: true }),
    },
    raw: { json: { ask: "send", takes, page: here.page ?? null } },
  });
  return takes.email === undefined ? { at } : { at, token: await side.sessions.seal(here.session) };
};

const form = async (side: Side, here: Here, takes: Taken<"form">): Promise<unknown> => {
  const filled = Object.fromEntries(Object.entries(takes.values).filter(([, value]) => value.trim() !== ""));
  const values = preChatForm(side.account.config).safeParse(filled);
  if (!values.success) throw new ConnectorError("rejected", "The form is not filled in correctly.");
  const { name, email } = values.data;
  here.session = {
    ...here.session,
    form: true,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email, emailVerified: false }),
  };
  return { token: await side.sessions.seal(here.session) };
};

interface Asked {
  readonly side: Side;
  readonly here: Here;
  readonly payload: unknown;
  readonly peer: Peer;
}

const page =
  (direction: "after" | "before") =>
  async ({ side, here, payload }: Asked): Promise<unknown> => {
    const { seq } = parsed(direction, payload);
    const lines = await side.hub.transcript(here.thread, { limit: pageSize, [direction]: seq });
    return widgetPage(here.session.id, lines, side.account.config.agentName);
  };

/** Lines one looks back for what a visitor says has arrived. */
const recent = 100;

/** Those of the ids that are answers of this chat: nobody speaks for another chat, or of lines that never were. */
const answersIn = async ({ side, here }: Asked, ids: readonly string[]): Promise<readonly string[]> => {
  const { lines } = await side.hub.transcript(here.thread, { before: newest, limit: recent });
  const known = new Set(lines.filter(({ direction }) => direction === "out").map((line) => line.clientId ?? line.id));
  return [...new Set(ids)].filter((id) => known.has(id));
};

const answers: { readonly [A in Exclude<Ask, "hello">]: (asked: Asked) => Promise<unknown> } = {
  form: ({ side, here, payload }) => form(side, here, parsed("form", payload)),
  send: ({ side, here, payload }) => send(side, here, parsed("send", payload)),
  after: page("after"),
  before: page("before"),
  async typing({ side, here, payload }) {
    const { active } = parsed("typing", payload);
    await side.hub.receive({ type: "typing", thread: here.thread, active });
    return {};
  },
  async got(asked) {
    const { side, here, payload } = asked;
    const at = side.hub.now();
    for (const id of await answersIn(asked, parsed("got", payload).ids))
      await side.hub.receive({ type: "receipt", thread: here.thread, id: remoteId(id), state: "delivered", at });
    return {};
  },
  async read(asked) {
    const { side, here, payload } = asked;
    const [id] = await answersIn(asked, [parsed("read", payload).id]);
    if (id === undefined) return {};
    await side.hub.receive({ type: "seen", thread: here.thread, id: remoteId(id), at: side.hub.now() });
    side.hub.tell(here.thread, "seen", { id });
    return {};
  },
  async logout({ side, here, peer }) {
    await side.sessions.end(here.session);
    side.hub.tell(here.thread, "ended", {});
    setImmediate(() => peer.close("logged out"));
    return {};
  },
};

/** Serves one visitor's socket. Whatever arrives is answered or refused with a ConnectorError; nothing else is thrown. */
export const servePeer = (side: Side, peer: Peer): void => {
  let here: Here | undefined;
  let beginning = false;
  const asksOfPeer = buckets({ perSecond: 20, burst: 60, now: () => side.hub.now() });
  const idle = setTimeout(() => peer.close("no hello"), helloWithinMs);
  idle.unref();
  peer.closed.addEventListener("abort", () => clearTimeout(idle), { once: true });

  const respond = async (event: string, payload: unknown): Promise<unknown> => {
    limited(asksOfPeer.take(""), "Too many questions.");
    if (!isAsk(event)) throw new ConnectorError("unsupported", "Unknown question.");
    if (here && event !== "hello") return answers[event]({ side, here, payload, peer });
    if (here || beginning) throw new ConnectorError("rejected", "The chat has begun already.");
    if (event !== "hello") throw new ConnectorError("auth", "Say hello first.");
    const takes = parsed("hello", payload);
    beginning = true;
    try {
      const begun = await hello(side, peer, takes);
      here = begun.here;
      clearTimeout(idle);
      return begun.answer;
    } finally {
      beginning = false;
    }
  };

  peer.onAsk(async (event, payload) => {
    try {
      return await respond(event, payload);
    } catch (thrown) {
      if (thrown instanceof ConnectorError) throw thrown;
      side.hub.log.warn("a visitor's question failed", { event: event.slice(0, 40), error: String(thrown) });
      throw new ConnectorError("unreachable", "The chat is not available right now.", { cause: thrown });
    }
  });
};

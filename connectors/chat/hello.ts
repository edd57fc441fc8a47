import { ConnectorError, type Hub, type Peer, type ThreadKey, type Transcript } from "#contract";
import type { z } from "zod";
import { proveIdentity } from "./identity.ts";
import { type asks, pageAddress } from "./parse.ts";
import type { Session } from "./session.ts";
import type { Settings } from "./settings.ts";
import { agentReadKey, type Here, limited, newest, pageSize, type Side } from "./side.ts";
import { threadOf } from "./thread.ts";
import { formFields, widgetLook, widgetPage } from "./view.ts";

type Hello = z.output<(typeof asks)["hello"]>;

/** Which page around the frame, or which page's own socket, may talk to this account. */
const originAllowed = (config: Settings, host: string | undefined, socket: string | undefined): boolean => {
  const claimed = host ?? socket;
  return config.allowedOrigins.length === 0 || (claimed !== undefined && config.allowedOrigins.includes(claimed));
};

const begin = async (side: Side, peer: Peer, takes: Hello): Promise<Session> => {
  const { account, sessions, limits, hub } = side;
  if (!originAllowed(account.config, takes.host, peer.origin))
    throw new ConnectorError("rejected", "This site may not embed the chat.");
  const held = takes.token === undefined ? undefined : await sessions.open(takes.token);
  if (takes.token !== undefined && !held) throw new ConnectorError("auth", "The session is not valid.");
  const identity =
    takes.identity &&
    proveIdentity({
      claim: takes.identity,
      secret: account.config.identitySecret,
      account: account.id,
      now: hub.now(),
    });
  if (takes.identity && !identity) throw new ConnectorError("rejected", "The visitor's identity is not proved.");
  const somebodyElse = held?.user !== undefined && identity !== undefined && held.user !== identity.user;
  const fresh = held === undefined || somebodyElse;
  if (fresh) limited(limits.sessions.take(peer.ip), "Too many new chats from this address.");
  const session = fresh ? sessions.create() : held;
  if (!identity) return session;
  return {
    ...session,
    user: identity.user,
    ...(identity.name === undefined ? {} : { name: identity.name }),
    ...(identity.email === undefined ? {} : { email: identity.email, emailVerified: identity.emailVerified }),
  };
};

/**
 * What is newer than `after`, else the newest page, with the seq from which to ask on. An answer that is still to be sent
 * has its place already: the newest page leaves it out and shows what came after it, a forward page ends before it. So
 * only a forward page says how far the widget holds everything.
 */
const firstPage = async (
  hub: Hub,
  thread: ThreadKey,
  after: number | undefined,
): Promise<Transcript & { readonly cursor: number }> => {
  if (after !== undefined) {
    const page = await hub.transcript(thread, { after, limit: pageSize });
    return { ...page, cursor: page.lines.at(-1)?.seq ?? after };
  }
  const page = await hub.transcript(thread, { before: newest, limit: pageSize });
  const start = (page.lines[0]?.seq ?? 1) - 1;
  const { lines } = await hub.transcript(thread, { after: start, limit: pageSize });
  return { ...page, cursor: lines.at(-1)?.seq ?? start };
};

/** Begins or resumes a session. Refuses a forged token, a foreign site and an unproved identity. */
export const hello = async (side: Side, peer: Peer, takes: Hello): Promise<{ here: Here; answer: unknown }> => {
  const { account, hub } = side;
  const session = await begin(side, peer, takes);
  const thread = threadOf(account.id, session.id);
  peer.join(thread);
  const [page, agentRead, token] = await Promise.all([
    firstPage(hub, thread, takes.after),
    hub.memory.get(agentReadKey(session.id)),
    side.sessions.seal(session),
  ]);
  const formDone = session.form === true || session.user !== undefined || page.lines.length > 0;
  return {
    here: { session, thread, lang: takes.lang, page: pageAddress(takes.page) },
    answer: {
      token,
      keep: account.config.storage === "session",
      cursor: page.cursor,
      ...widgetPage(session.id, page, account.config.agentName),
      agentRead: agentRead ?? null,
      form: formDone ? [] : formFields(account.config),
      look: widgetLook({
        account: account.id,
        session: session.id,
        config: account.config,
        lang: takes.lang ?? "en",
        at: hub.now(),
      }),
    },
  };
};

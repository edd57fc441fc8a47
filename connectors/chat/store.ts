import type { Address, InboundMessage, Person } from "#contract";
import type { Session } from "./session.ts";
import type { Side } from "./side.ts";
import { threadOf } from "./thread.ts";

/** Who writes: the session itself first, then what the site proved, then what the visitor typed. */
const personOf = (input: {
  readonly account: string;
  readonly session: Session;
  readonly lang: string | undefined;
}): Person => {
  const { account, session, lang } = input;
  const addresses: Address[] = [{ kind: "visitor", scope: account, value: session.id }];
  if (session.user !== undefined)
    addresses.push({ kind: "site_user", scope: account, value: session.user, verified: true });
  if (session.email !== undefined)
    addresses.push({ kind: "email", value: session.email.toLowerCase(), verified: session.emailVerified === true });
  return {
    addresses,
    ...(session.name === undefined ? {} : { name: session.name }),
    ...(lang === undefined ? {} : { language: lang }),
  };
};

/** Stores one message and shows it to the visitor's other tabs. Rejects when it was not stored. */
export const store = async (
  side: Side,
  session: Session,
  message: Pick<InboundMessage, "id" | "text" | "attachments" | "raw"> & {
    readonly clientId: string;
    readonly lang?: string | undefined;
    readonly detail: Readonly<Record<string, unknown>>;
  },
): Promise<string> => {
  const { account, hub } = side;
  const { clientId, lang, ...rest } = message;
  const thread = threadOf(account.id, session.id);
  const at = hub.now();
  await hub.receive({
    type: "message",
    thread,
    from: personOf({ account: account.id, session, lang }),
    own: false,
    sentAt: at,
    kind: "text",
    ...rest,
  });
  hub.tell(thread, "line", {
    key: clientId,
    from: "visitor",
    text: message.text,
    author: { name: session.name ?? "" },
    files: message.attachments.map(({ name, mimeType, bytes }) => ({ name, type: mimeType, bytes })),
    at: at.toISOString(),
  });
  return at.toISOString();
};

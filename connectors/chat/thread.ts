import { type AccountId, type RemoteId, remoteId, type ThreadKey, threadKey } from "#contract";

/** One widget session is one thread. The account is part of the key: two widgets never share a thread. */
const shape = /^([\w-]{1,64})\/([\w-]{22})$/;

export const threadOf = (account: AccountId, session: string): ThreadKey => threadKey(`${account}/${session}`);

/** The session of a thread of this account; undefined for any other string. */
export const sessionOf = (account: AccountId, thread: ThreadKey): string | undefined => {
  const match = shape.exec(thread);
  return match && match[1] === account ? match[2] : undefined;
};

/** The visitor's own message id within the session makes a repeated send harmless. */
export const messageId = (session: string, clientId: string): RemoteId => remoteId(`${session}.${clientId}`);

export const clientIdOf = (session: string, id: string): string =>
  id.startsWith(`${session}.`) ? id.slice(session.length + 1) : id;

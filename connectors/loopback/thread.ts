import { type ThreadKey, threadKey } from "#contract";

/** "<account name>/<thread of the remote>"; a name never contains a slash. */
export const toThreadKey = (name: string, thread: string): ThreadKey => threadKey(`${name}/${thread}`);

/** The remote's own thread, or undefined when the key belongs to another account. */
export const fromThreadKey = (name: string, key: ThreadKey): string | undefined =>
  key.startsWith(`${name}/`) && key.length > name.length + 1 ? key.slice(name.length + 1) : undefined;

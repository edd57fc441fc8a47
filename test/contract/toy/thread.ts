import { type ThreadKey, threadKey } from "#contract";

/** Our number belongs in the key: the same customer on two of our numbers has two threads. */
export const toThreadKey = (ours: string, customer: string): ThreadKey => threadKey(`${ours}>${customer}`);
export const customerOf = (key: ThreadKey): string => key.slice(key.indexOf(">") + 1);

import { type ThreadKey, threadKey } from "#contract";

/** One call is one thread. */
export const threadOf = (callId: string): ThreadKey => threadKey(`call:${callId}`);

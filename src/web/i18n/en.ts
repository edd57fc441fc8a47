import { around } from "./en/around.ts";
import { outgoing } from "./en/outgoing.ts";
import { work } from "./en/work.ts";
import { signIn } from "./en/sign-in.ts";

/** English, and the list of all messages: the other catalogues must have exactly these keys. */
export const en = { ...work, ...around, ...outgoing, ...signIn } as const;

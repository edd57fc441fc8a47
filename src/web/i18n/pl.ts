import { around } from "./pl/around.ts";
import { outgoing } from "./pl/outgoing.ts";
import { work } from "./pl/work.ts";
import { signIn } from "./pl/sign-in.ts";
import type { Catalogue, FullPlural } from "./words.ts";

export const pl: Catalogue<FullPlural> = { ...work, ...around, ...outgoing, ...signIn };

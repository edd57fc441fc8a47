import type { SandboxChannel } from "../channel.ts";
import { mail } from "./mail.ts";
import { instagram, messenger } from "./social.ts";
import { whatsapp } from "./whatsapp.ts";

/** In the order of the page. */
export const sandboxChannels: readonly SandboxChannel[] = [whatsapp, messenger, instagram, mail];

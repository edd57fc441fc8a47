import { alerts } from "./en/alerts.ts";
import { around } from "./en/around.ts";
import { cards } from "./en/cards.ts";
import { channels } from "./en/channels.ts";
import { inbox } from "./en/inbox.ts";
import { link } from "./en/link.ts";
import { mail } from "./en/mail.ts";
import { outgoing } from "./en/outgoing.ts";
import { phone } from "./en/phone.ts";
import { signIn } from "./en/sign-in.ts";
import { work } from "./en/work.ts";

/** English, and the list of all messages: the other catalogues must have exactly these keys. */
export const en = {
  ...work,
  ...alerts,
  ...around,
  ...cards,
  ...inbox,
  ...channels,
  ...outgoing,
  ...phone,
  ...link,
  ...mail,
  ...signIn,
} as const;

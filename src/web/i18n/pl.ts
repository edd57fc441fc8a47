import { alerts } from "./pl/alerts.ts";
import { around } from "./pl/around.ts";
import { cards } from "./pl/cards.ts";
import { channels } from "./pl/channels.ts";
import { inbox } from "./pl/inbox.ts";
import { link } from "./pl/link.ts";
import { mail } from "./pl/mail.ts";
import { outgoing } from "./pl/outgoing.ts";
import { phone } from "./pl/phone.ts";
import { signIn } from "./pl/sign-in.ts";
import { work } from "./pl/work.ts";
import type { Catalogue, FullPlural } from "./words.ts";

export const pl: Catalogue<FullPlural> = {
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
};

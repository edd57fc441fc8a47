import { alerts } from "./cs/alerts.ts";
import { around } from "./cs/around.ts";
import { cards } from "./cs/cards.ts";
import { channels } from "./cs/channels.ts";
import { inbox } from "./cs/inbox.ts";
import { link } from "./cs/link.ts";
import { mail } from "./cs/mail.ts";
import { outgoing } from "./cs/outgoing.ts";
import { phone } from "./cs/phone.ts";
import { signIn } from "./cs/sign-in.ts";
import { work } from "./cs/work.ts";
import type { Catalogue, FullPlural } from "./words.ts";

export const cs: Catalogue<FullPlural> = {
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

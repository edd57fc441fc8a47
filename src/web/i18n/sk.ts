import { alerts } from "./sk/alerts.ts";
import { around } from "./sk/around.ts";
import { cards } from "./sk/cards.ts";
import { channels } from "./sk/channels.ts";
import { inbox } from "./sk/inbox.ts";
import { link } from "./sk/link.ts";
import { mail } from "./sk/mail.ts";
import { outgoing } from "./sk/outgoing.ts";
import { phone } from "./sk/phone.ts";
import { signIn } from "./sk/sign-in.ts";
import { work } from "./sk/work.ts";
import type { Catalogue, FullPlural } from "./words.ts";

export const sk: Catalogue<FullPlural> = {
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

import type { Connector } from "#contract";
import { chat } from "./chat/index.ts";
import { email } from "./email/index.ts";
import { loopback } from "./loopback/index.ts";
import { instagram, messenger } from "./meta/index.ts";
import { phone } from "./phone/index.ts";
import { whatsapp } from "./whatsapp/index.ts";
import { whatsappWeb } from "./whatsapp/web/index.ts";

/** Every channel this build knows. Adding one is a folder and a line here. */
export const connectors: readonly Connector[] = [
  chat,
  email,
  loopback,
  messenger,
  instagram,
  phone,
  whatsapp,
  whatsappWeb,
];

import { randomInt } from "node:crypto";
import type { App } from "./call.ts";
import type { FakeGraph } from "./server.ts";
import { makeSocial, type SocialKind } from "./social.ts";

const kind: SocialKind = {
  object: "instagram",
  maxText: (text) => Buffer.byteLength(text) <= 1_000,
  metadata: false,
  deliveries: false,
  reactions: (reaction) => reaction === "love",
  uploads: (type, bytes) =>
    type.startsWith("image/")
      ? bytes <= 8_000_000
      : bytes <= 25_000_000 && /^(audio|video)\/|^application\/pdf$/u.test(type),
  permission: "instagram_manage_messages",
};

/** An Instagram professional account linked to a page, on the stand-in. */
export const makeInstagram = (
  graph: FakeGraph,
  input: { readonly app: App; readonly id?: string; readonly pageId?: string; readonly name?: string },
) => {
  const {
    app,
    id = String(randomInt(1e13, 9e13)),
    pageId = String(randomInt(1e13, 9e13)),
    name = "nase.firma",
  } = input;
  return makeSocial({ graph, app, kind, node: pageId, own: id, name });
};

export const instagramScopes = ["instagram_basic", "instagram_manage_messages", "pages_manage_metadata"];

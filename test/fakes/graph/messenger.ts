import { randomInt } from "node:crypto";
import type { App } from "./call.ts";
import type { FakeGraph } from "./server.ts";
import { makeSocial, type SocialKind } from "./social.ts";

const kind: SocialKind = {
  object: "page",
  maxText: (text) => text.length <= 2_000,
  metadata: true,
  deliveries: true,
  reactions: (reaction) => reaction !== "",
  uploads: (_type, bytes) => bytes <= 25_000_000,
  permission: "pages_messaging",
};

/** A Facebook page on the stand-in. */
export const makePage = (
  graph: FakeGraph,
  input: { readonly app: App; readonly id?: string; readonly name?: string },
) => {
  const { app, id = String(randomInt(1e13, 9e13)), name = "Naše stránka" } = input;
  return makeSocial({ graph, app, kind, node: id, own: id, name });
};

/** What a page's token must be allowed. */
export const pageScopes = ["pages_messaging", "pages_manage_metadata", "pages_read_engagement"];

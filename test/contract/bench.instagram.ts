import { instagramScopes, makeInstagram } from "../fakes/graph/instagram.ts";
import type { Bench } from "./bench.ts";
import { socialBench } from "./social.ts";

export const bench: Bench = socialBench({
  bad: [{}, { accountId: "1", token: "short", appId: "1", appSecret: "12345678", verify: "12345678" }],
  kind: "igsid",
  samples: new URL("../../connectors/meta/samples/instagram/", import.meta.url),
  sampled: "17841400000000001",
  make: (graph, app, id) => makeInstagram(graph, { app, id }),
  settings: ({ own, node }) => ({ accountId: own, pageId: node }),
  scopes: instagramScopes,
});

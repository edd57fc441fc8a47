import { makePage, pageScopes } from "../fakes/graph/messenger.ts";
import type { Bench } from "./bench.ts";
import { socialBench } from "./social.ts";

export const bench: Bench = socialBench({
  bad: [{}, { pageId: "stránka", token: "12345678", appId: "1", appSecret: "12345678", verify: "12345678" }],
  kind: "psid",
  samples: new URL("../../connectors/meta/samples/messenger/", import.meta.url),
  sampled: "104000000000001",
  make: (graph, app, id) => makePage(graph, { app, id }),
  settings: ({ own }) => ({ pageId: own }),
  scopes: pageScopes,
});

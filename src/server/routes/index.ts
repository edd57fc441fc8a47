import type { Route } from "../route.ts";
import { adminAutoReplyRoutes } from "./admin-auto-reply.ts";
import { adminChannelRoutes } from "./admin-channels.ts";
import { adminDeadLetterRoutes } from "./admin-dead-letters.ts";
import { adminLinkRoutes } from "./admin-link.ts";
import { adminSignInRoutes } from "./admin-sign-in.ts";
import { adminTenantRoutes } from "./admin-tenants.ts";
import { adminTokenRoutes } from "./admin-tokens.ts";
import { adminUserRoutes } from "./admin-users.ts";
import { cannedRoutes } from "./canned.ts";
import { contactRoutes } from "./contacts.ts";
import { fileRoutes } from "./files.ts";
import { letterRoutes } from "./letters.ts";
import { recordingRoutes } from "./recordings.ts";
import { sessionRoutes } from "./session.ts";

/** The whole API, in the order it is described. */
export const allRoutes = (input: { readonly now: () => Date }): readonly Route[] => [
  ...sessionRoutes(input.now),
  ...fileRoutes,
  ...letterRoutes,
  ...recordingRoutes,
  ...contactRoutes,
  ...cannedRoutes,
  ...adminTenantRoutes,
  ...adminChannelRoutes,
  ...adminLinkRoutes,
  ...adminAutoReplyRoutes,
  ...adminSignInRoutes,
  ...adminUserRoutes,
  ...adminDeadLetterRoutes,
  ...adminTokenRoutes,
];

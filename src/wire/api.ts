import { z } from "zod";
import { contactView, profile, role } from "./views.ts";

/** HTTP bodies. All under /api; mutating calls carry the header x-csrf-token. Refusals: {refusal} with a fitting status. */

export const loginBody = z.object({ email: z.email().max(254), password: z.string().min(1).max(200) });

export const me = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  locale: z.string(),
  platformAdmin: z.boolean(),
});

/** GET /api/boot: everything the desk needs for its first paint. 401 when not logged in. */
export const boot = z.object({
  me,
  csrf: z.string(),
  memberships: z.array(z.object({ tenantId: z.string(), role, profile, alias: z.string().nullable() })),
  tenants: z.array(
    z.object({
      id: z.string(),
      key: z.string(),
      name: z.string(),
      color: z.string(),
      greeting: z.string(),
      undoSeconds: z.record(z.string(), z.number()),
    }),
  ),
  queues: z.array(z.object({ id: z.string(), tenantId: z.string(), name: z.string() })),
  agents: z.array(z.object({ id: z.string(), name: z.string(), tenantIds: z.array(z.string()) })),
  channels: z.array(
    z.object({
      kind: z.string(),
      title: z.string(),
      textLimit: z.int(),
      attachments: z.boolean(),
      subject: z.boolean(),
      abilities: z.array(z.string()),
    }),
  ),
  uploadMaxBytes: z.int(),
  /** One's own, as PATCH /api/me stored them: saved views and the like. */
  settings: z.record(z.string(), z.unknown()),
  version: z.string(),
});

/** PATCH /api/me */
export const meUpdate = z
  .object({ locale: z.enum(["en", "cs", "sk", "pl"]), settings: z.record(z.string(), z.unknown()) })
  .partial();
/** POST /api/me/password */
export const passwordChange = z.object({ current: z.string().max(200), next: z.string().min(10).max(200) });

/** POST /api/uploads?conversationId=&name= with the raw bytes. */
export const upload = z.object({ id: z.string(), name: z.string(), mime: z.string(), size: z.int() });

export const cannedReply = z.object({
  id: z.string(),
  tenantId: z.string(),
  shortcut: z
    .string()
    .min(1)
    .max(40)
    .regex(/^[\p{L}\p{N}_-]+$/u),
  title: z.string().min(1).max(120),
  body: z.string().min(1).max(10_000),
});
export const cannedReplyBody = cannedReply.omit({ id: true });

/** POST /api/contacts/:id/merge */
export const mergeBody = z.object({ fromId: z.string(), reason: z.string().min(1).max(300) });
export const contactPatch = z
  .object({
    name: z.string().min(1).max(200),
    language: z.string().max(20).nullable(),
    /** null: what was set is forgotten, answers decide again. */
    preferred: z.object({ channel: z.string().min(1).max(40), source: z.enum(["stated", "agent"]) }).nullable(),
    /** Consent to marketing messages, entered into the ledger with who heard it. */
    marketing: z.enum(["granted", "withdrawn"]),
  })
  .partial();
/** GET /api/contacts?tenantId=&query= */
export const contactList = z.object({
  contacts: z.array(
    z.object({ id: z.string(), tenantId: z.string(), name: z.string(), identities: z.array(z.string()) }),
  ),
});
export const mergeResult = z.object({ mergeId: z.string(), contact: contactView });

/** One field of a connector's settings, for drawing the form. */
export const settingField = z.object({
  key: z.string(),
  title: z.string(),
  description: z.string(),
  type: z.enum(["string", "number", "boolean", "enum", "list"]),
  options: z.array(z.string()).optional(),
  required: z.boolean(),
  secret: z.boolean(),
  default: z.unknown().optional(),
});
/** GET /api/admin/channel-kinds */
export const channelKinds = z.object({
  kinds: z.array(z.object({ kind: z.string(), title: z.string(), fields: z.array(settingField) })),
});

export const channelAccountView = z.object({
  id: z.string(),
  tenantId: z.string(),
  kind: z.string(),
  name: z.string(),
  address: z.string(),
  queueId: z.string().nullable(),
  enabled: z.boolean(),
  config: z.record(z.string(), z.unknown()),
  /** field -> "last four": shown as "set, ends in ...". */
  secrets: z.record(z.string(), z.string()),
  state: z.enum(["stopped", "connecting", "online", "needs-login", "offline"]),
  stateText: z.string(),
  stateAt: z.iso.datetime(),
  lastInAt: z.iso.datetime().nullable(),
  lastOutAt: z.iso.datetime().nullable(),
  lastError: z.string(),
  webhookUrl: z.string().nullable(),
  /** What the provider asks for beside it; null where nothing is asked. */
  webhookToken: z.string().nullable(),
  /** Whether it works through a linked phone: its link can be looked at and changed. */
  linkable: z.boolean(),
  /** The line of HTML that puts the chat into a web page; null for a channel that is no chat or is not open. */
  embed: z.string().nullable(),
});
/** GET and POST /api/admin/channels/:id/link; a code lets its reader in, so people only, and nothing keeps it. */
export const channelLink = z.object({
  phase: z.enum(["off", "starting", "code", "linking", "ready", "degraded", "waiting"]),
  says: z.string(),
  since: z.iso.datetime(),
  qr: z.string().nullable(),
  code: z.string().nullable(),
  memoryBytes: z.number().nullable(),
  linked: z.string().nullable(),
});
export const channelLinkBody = z.object({ do: z.enum(["reconnect", "logout", "code"]) });

/** POST /api/admin/channels, PATCH /api/admin/channels/:id; a secret left out keeps its value. */
export const channelAccountBody = z.object({
  tenantId: z.string(),
  kind: z.string(),
  name: z.string().min(1).max(120),
  queueId: z.string().nullable(),
  enabled: z.boolean(),
  config: z.record(z.string(), z.unknown()),
});
export const channelTest = z.object({
  ok: z.boolean(),
  says: z.string(),
  /** What the account needs, one by one; empty where the channel does not tell. */
  checks: z.array(z.object({ id: z.string(), says: z.string(), ok: z.boolean() })),
});

const timezone = z
  .string()
  .max(60)
  .refine(
    (zone) => {
      try {
        return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
      } catch {
        return false;
      }
    },
    { error: "Not a time zone known here; one is Europe/Prague." },
  );

/** A client company with its policy, where a value never set is what the hub goes by. */
export const tenantView = z.object({
  id: z.string(),
  /** Short name in addresses and exports; it stays when the company is renamed. */
  key: z.string(),
  name: z.string(),
  color: z.string(),
  greeting: z.string(),
  /** Under every letter; may name {{agent.alias}}, {{tenant.name}}, {{case.number}}, {{contact.name}}. */
  signature: z.string(),
  locale: z.enum(["en", "cs", "sk", "pl"]),
  timezone: z.string(),
  /** By kind of channel; a kind left out keeps the hub's own. */
  undoSeconds: z.record(z.string(), z.number()),
  reopenDays: z.number(),
});
/** PATCH /api/admin/tenants/:id; what is left out stays. */
export const tenantPatch = z
  .object({
    name: z.string().trim().min(1).max(120),
    color: z.string().regex(/^#[0-9a-f]{6}$/i),
    greeting: z.string().trim().max(500),
    signature: z.string().trim().max(2_000),
    locale: tenantView.shape.locale,
    timezone,
    undoSeconds: z.record(z.string().min(1).max(40), z.number().min(0).max(300)),
    reopenDays: z.int().min(0).max(365),
  })
  .partial();
/** POST /api/admin/tenants */
export const tenantBody = tenantPatch.required({ name: true }).extend({
  key: z
    .string()
    .max(40)
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/),
});

export const queueView = z.object({ id: z.string(), tenantId: z.string(), key: z.string(), name: z.string() });
/** PATCH /api/admin/queues/:id */
export const queuePatch = z.object({ name: z.string().trim().min(1).max(80) });
/** POST /api/admin/queues; a key left out is made of the name. */
export const queueBody = queuePatch.extend({ tenantId: z.string(), key: tenantBody.shape.key.optional() });

export const userView = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  disabled: z.boolean(),
  locked: z.boolean(),
  memberships: z.array(
    z.object({
      tenantId: z.string(),
      role,
      profile,
      alias: z.string().nullable(),
      avatarUrl: z.string().nullable(),
      queueIds: z.array(z.string()),
    }),
  ),
});
export const userBody = z.object({
  email: z.email().max(254),
  name: z.string().min(1).max(120),
  password: z.string().min(10).max(200).optional(),
  disabled: z.boolean().optional(),
  memberships: z.array(
    z.object({
      tenantId: z.string(),
      role,
      profile: profile.default("normal"),
      alias: z.string().max(80).nullable().default(null),
      /** The picture customers see beside an answer; left out it stays as it is. */
      avatarUrl: z
        .url({ protocol: /^https$/ })
        .max(500)
        .nullable()
        .optional(),
      queueIds: z.array(z.string()).default([]),
    }),
  ),
});

export const deadLetter = z.object({
  id: z.string(),
  tenantId: z.string(),
  accountId: z.string(),
  accountName: z.string(),
  channel: z.string(),
  type: z.string(),
  error: z.string(),
  attempts: z.int(),
  receivedAt: z.iso.datetime(),
  /** First characters of what arrived, masked for whoever may not see it. */
  excerpt: z.string(),
});
/** GET /api/admin/dead-letters?tenantId= */
export const deadLetters = z.object({ items: z.array(deadLetter), total: z.int() });

export const apiTokenView = z.object({
  id: z.string(),
  tenantId: z.string(),
  name: z.string(),
  endsIn: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
});
export const apiTokenBody = z.object({
  tenantId: z.string(),
  name: z.string().min(1).max(80),
  scopes: z.array(z.enum(["read", "write", "admin"])).min(1),
});
export const apiTokenCreated = apiTokenView.extend({ token: z.string() });

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);
/** GET, PUT /api/admin/channels/:id/auto-reply: what the hub answers by itself, at most once a sender a day. */
export const autoReply = z.object({
  on: z.boolean().default(false),
  text: z.string().max(4_000).default(""),
  /** Outside the hours; empty = the same text. */
  closedText: z.string().max(4_000).default(""),
  /** In the client company's time zone; days are 1 (Monday) to 7. None = always open. */
  hours: z
    .array(z.object({ days: z.array(z.int().min(1).max(7)).min(1).max(7), from: clock, to: clock }))
    .max(14)
    .default([]),
});

/** POST /api/messages/:id/invitation */
export const invitationAnswer = z.object({
  answer: z.enum(["ACCEPTED", "TENTATIVE", "DECLINED"]),
  clientKey: z.string().min(8).max(64),
});

export type AutoReply = z.output<typeof autoReply>;
export type Boot = z.output<typeof boot>;
export type Me = z.output<typeof me>;
export type CannedReply = z.output<typeof cannedReply>;
export type ChannelAccountView = z.output<typeof channelAccountView>;
export type ChannelTest = z.output<typeof channelTest>;
export type ChannelLink = z.output<typeof channelLink>;
export type ChannelAccountBody = z.output<typeof channelAccountBody>;
export type SettingField = z.output<typeof settingField>;
export type TenantView = z.output<typeof tenantView>;
export type TenantPatch = z.output<typeof tenantPatch>;
export type QueueView = z.output<typeof queueView>;
export type UserView = z.output<typeof userView>;
export type UserBody = z.output<typeof userBody>;
export type DeadLetter = z.output<typeof deadLetter>;
export type ApiTokenView = z.output<typeof apiTokenView>;
export type UploadView = z.output<typeof upload>;

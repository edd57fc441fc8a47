import { randomBytes } from "node:crypto";
import { z } from "zod";
import { abilitiesOf, type Connector } from "#contract";
import type { Boot, ChannelAccountView, SettingField, TakesView } from "#wire";
import type { ChannelRow } from "#store/channels";
import type { Context } from "../parts.ts";

/** What each channel can do, read off the connections that are open. */
export const channelsOf = (context: Pick<Context, "connectors" | "supervisor">): Boot["channels"] => {
  const health = context.supervisor.health();
  return context.connectors.map((connector) => {
    const connections = health
      .filter(({ kind }) => kind === connector.kind)
      .flatMap(({ accountId }) => context.supervisor.connection(accountId) ?? []);
    return {
      kind: connector.kind,
      title: connector.title,
      textLimit: connector.limits.text,
      attachments: connector.limits.attachments !== false,
      subject: connector.limits.subject,
      abilities: [...new Set(connections.flatMap(abilitiesOf))],
    };
  });
};

/** What one account takes: the connector's limits, and the abilities of its connection where one is open. */
export const takesOf = (
  input: Pick<Context, "connectors" | "supervisor"> & { readonly accountId: string; readonly kind: string },
): TakesView => {
  const connection = input.supervisor.connection(input.accountId);
  const kind =
    input.kind === "" ? input.supervisor.health().find((one) => one.accountId === input.accountId)?.kind : input.kind;
  const limits = input.connectors.find((connector) => connector.kind === kind)?.limits;
  return {
    text: limits?.text ?? 0,
    attachments: limits !== undefined && limits.attachments !== false,
    subject: limits?.subject === true,
    window: limits !== undefined && limits.replyWindowHours !== false,
    humanAgentHours:
      limits?.humanAgentHours === undefined ? null : limits.humanAgentHours - (limits.replyWindowHours || 0),
    content: [...(limits?.content ?? [])],
    abilities: connection === undefined ? [] : [...abilitiesOf(connection)],
  };
};

const property = z.looseObject({
  type: z.unknown().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.looseObject({ type: z.unknown().optional(), const: z.unknown().optional() })).optional(),
  default: z.unknown().optional(),
});
const objectSchema = z.looseObject({
  properties: z.record(z.string(), property).default({}),
  required: z.array(z.string()).default([]),
});

const typeOf = (field: z.output<typeof property>): SettingField["type"] => {
  if (field.enum !== undefined) return "enum";
  const type = field.type ?? field.anyOf?.find((option) => option.type !== undefined)?.type;
  if (type === "number" || type === "integer") return "number";
  if (type === "boolean") return "boolean";
  return type === "array" ? "list" : "string";
};

/** The fields of a connector's settings form, drawn from its zod schema. */
export const settingFields = (connector: Connector): SettingField[] => {
  const schema = objectSchema.parse(z.toJSONSchema(connector.config, { io: "input", unrepresentable: "any" }));
  return Object.entries(schema.properties).map(([key, field]) => ({
    key,
    title: field.title ?? key,
    description: field.description ?? "",
    type: typeOf(field),
    ...(field.enum === undefined ? {} : { options: field.enum.map(String) }),
    required: schema.required.includes(key),
    secret: connector.secrets.includes(key),
    ...(field.default === undefined || connector.secrets.includes(key) ? {} : { default: field.default }),
    // A word the provider is to be told: nobody has to think one up.
    ...(key === connector.webhookToken ? { default: randomBytes(12).toString("hex") } : {}),
  }));
};

const states = ["stopped", "connecting", "online", "needs-login", "offline"] as const;
const record = z.record(z.string(), z.unknown()).catch({});
const hints = z.record(z.string(), z.string()).catch({});

/** An account for its administrator: settings, health, and of secrets only how they end. */
export const presentChannel = (input: {
  row: ChannelRow;
  connector: Connector | undefined;
  origin: string;
  webhook: boolean;
  webhookToken: string | null;
  peer: boolean;
  link: boolean;
}): ChannelAccountView => {
  const { row, connector } = input;
  const secret = new Set(connector?.secrets ?? []);
  return {
    id: row.id,
    tenantId: row.tenantId,
    kind: row.kind,
    name: row.name,
    address: row.address,
    queueId: row.queueId,
    enabled: row.enabled,
    config: Object.fromEntries(Object.entries(record.parse(row.config)).filter(([key]) => !secret.has(key))),
    secrets: hints.parse(row.secretHints),
    state: states.find((state) => state === row.state) ?? "stopped",
    stateText: row.stateText,
    stateAt: row.stateAt.toISOString(),
    lastInAt: row.lastInAt?.toISOString() ?? null,
    lastOutAt: row.lastOutAt?.toISOString() ?? null,
    lastError: row.lastError,
    webhookUrl: input.webhook ? `${input.origin}/hooks/${row.id}` : null,
    webhookToken: input.webhook ? input.webhookToken : null,
    linkable: input.link,
    embed: input.peer
      ? `<script src="${input.origin}/widget/loader.js" data-account="${row.id}" defer></script>`
      : null,
  };
};

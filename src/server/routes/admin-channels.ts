import { z } from "zod";
import type { Connector } from "#contract";
import { Refused } from "#core/refused";
import { isUuid, uuid } from "#core/uuid";
import { type ChannelAccountBody, channelAccountBody, channelAccountView, channelKinds, channelTest } from "#wire";
import { mustAdminister } from "#store/admin-scope";
import { appendAudit } from "#store/audit";
import { openChannelSecrets, sealChannelSecrets, secretHint } from "#store/channel-secrets";
import {
  type ChannelRow,
  type ChannelSetting,
  createChannel,
  deleteChannel,
  getChannel,
  listChannels,
  updateChannel,
} from "#store/channels";
import type { Who } from "../auth/who.ts";
import type { Context } from "../parts.ts";
import { presentChannel, settingFields } from "../present/channels.ts";
import { done, idParam, route, type Route } from "../route.ts";

const connectorOf = (context: Context, kind: string): Connector => {
  const connector = context.connectors.find((candidate) => candidate.kind === kind);
  if (connector === undefined) throw new Refused("bad-request", "There is no such kind of channel.");
  return connector;
};

const maySetUp = (who: Who, connector: Connector): boolean => connector.forOperators !== true || who.platformAdmin;

/** `config`: complete settings, where the answer may depend on them. */
const mustSetUp = (context: Context, who: Who, kind: string, config?: unknown): void => {
  const connector = connectorOf(context, kind);
  if (who.platformAdmin) return;
  if (connector.forOperators === true || (config !== undefined && connector.leadsElsewhere(config)))
    throw new Refused(
      "forbidden",
      `${connector.title} reaches addresses of the hub's own machine: only a platform administrator may set it up.`,
    );
};

/** The word the provider asks for when the webhook is set up: no secret, and nothing without it. */
const webhookTokenOf = (row: ChannelRow, connector: Connector | undefined): string | null => {
  const word = storedConfig(row)[connector?.webhookToken ?? ""];
  return typeof word === "string" && word !== "" ? word : null;
};

const shown = (context: Context, row: ChannelRow) => {
  const connection = context.supervisor.connection(row.id);
  const connector = context.connectors.find(({ kind }) => kind === row.kind);
  return presentChannel({
    row,
    connector,
    webhookToken: webhookTokenOf(row, connector),
    origin: context.origin(),
    webhook: connection?.webhook !== undefined,
    peer: connection?.peer !== undefined,
    link: connection?.link !== undefined,
  });
};

/** The settings with secrets as the connector wants them: given ones count, those left out keep their stored value. */
const complete = (
  context: Context,
  connector: Connector,
  body: Pick<ChannelAccountBody, "config">,
  before: ChannelRow | null,
) => {
  const stored =
    before === null
      ? {}
      : openChannelSecrets({ secrets: context.secrets, accountId: before.id, sealed: before.secretsEnc });
  const kept = Object.fromEntries(Object.entries(stored).filter(([key]) => connector.secrets.includes(key)));
  const given = Object.fromEntries(
    Object.entries(body.config).filter(([, value]) => value !== null && value !== undefined),
  );
  const config = { ...kept, ...given };
  const parsed = connector.config.safeParse(config);
  if (!parsed.success) {
    const faults = parsed.error.issues.slice(0, 10).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Refused("bad-request", faults.join("\n"));
  }
  const lent = Object.keys(kept).filter((key) => !(key in given));
  if (before !== null && lent.length > 0)
    mustGoTheSameWay({ connector, lent, before: { ...storedConfig(before), ...kept }, after: parsed.data });
  return config;
};

const values = z.record(z.string(), z.unknown());
const storedConfig = (row: ChannelRow) => values.parse(row.config);

/**
 * Refuses to send a stored secret anywhere but where it was stored for: whoever may change the server must know the
 * password, or an administrator could have it sent to a server of their own.
 */
const mustGoTheSameWay = (input: {
  connector: Connector;
  lent: readonly string[];
  before: Readonly<Record<string, unknown>>;
  after: unknown;
}): void => {
  const { connector } = input;
  const was = values.catch({}).parse(connector.config.safeParse(input.before).data);
  const is = values.parse(input.after);
  const moved = (connector.secretsGoTo ?? []).filter((key) => JSON.stringify(was[key]) !== JSON.stringify(is[key]));
  if (moved.length === 0) return;
  const title = titlesOf(connector);
  throw new Refused(
    "bad-request",
    `Changed: ${title(moved)}. Enter again: ${title(input.lent)}. A stored secret is sent only where it was stored for.`,
  );
};

const titlesOf = (connector: Connector) => {
  const fields = new Map(settingFields(connector).map(({ key, title }) => [key, title]));
  return (keys: readonly string[]): string => keys.map((key) => fields.get(key) ?? key).join(", ");
};

const settingOf = (
  context: Context,
  who: Who,
  input: { id: string; body: ChannelAccountBody; before: ChannelRow | null },
): ChannelSetting => {
  const { id, body, before } = input;
  const connector = connectorOf(context, body.kind);
  const config = complete(context, connector, body, before);
  mustSetUp(context, who, body.kind, config);
  const isSecret = ([key]: [string, unknown]): boolean => connector.secrets.includes(key);
  const values = Object.fromEntries(
    Object.entries(config)
      .filter(isSecret)
      .map(([key, value]) => [key, String(value)])
      .filter(([, value]) => value !== ""),
  ) as Record<string, string>;
  return {
    tenantId: body.tenantId,
    kind: body.kind,
    name: body.name,
    address: connector.address(config),
    queueId: body.queueId,
    enabled: body.enabled,
    config: {
      // The column channel_account.channel reads it there.
      ...(connector.channel !== undefined && { as: connector.channel }),
      ...Object.fromEntries(Object.entries(config).filter((entry) => !isSecret(entry))),
    },
    secretsEnc: sealChannelSecrets({ secrets: context.secrets, accountId: id, values }),
    secretHints: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, secretHint(value)])),
  };
};

const note = (context: Context, who: Who, action: string, row: ChannelRow, data: Record<string, unknown> = {}) =>
  appendAudit({
    db: context.db,
    now: context.now(),
    tenantId: row.tenantId,
    actorId: who.id,
    action: `channel.${action}`,
    target: row.id,
    data,
  });

const probe = async (context: Context, who: Who, body: ChannelAccountBody, id: string | undefined) => {
  const { scope } = who;
  mustAdminister(scope, body.tenantId);
  mustSetUp(context, who, body.kind);
  const before = id === undefined ? null : await getChannel({ prisma: context.prisma, scope, id });
  // Stored secrets go only where they were stored for: another kind or company gets none.
  if (before !== null && (before.kind !== body.kind || before.tenantId !== body.tenantId))
    throw new Refused("bad-request", "An account keeps its client company and its kind.");
  const config = complete(context, connectorOf(context, body.kind), body, before);
  mustSetUp(context, who, body.kind, config);
  return context.supervisor.probe({ kind: body.kind, config });
};

export const adminChannelRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/admin/channel-kinds",
    says: "Kinds of channels with the fields of their settings.",
    access: "admin",
    token: "admin",
    gives: channelKinds,
    handle: async ({ context, who }) => ({
      kinds: context.connectors
        .filter((connector) => maySetUp(who, connector))
        .map((connector) => ({
          kind: connector.kind,
          title: connector.title,
          fields: settingFields(connector),
        })),
    }),
  }),
  route({
    method: "get",
    path: "/api/admin/channels",
    says: "Channel accounts with their health. Secrets are told only by how they end.",
    access: "admin",
    token: "admin",
    gives: z.object({ channels: z.array(channelAccountView) }),
    handle: async ({ context, who }) => ({
      channels: (await listChannels({ prisma: context.prisma, scope: who.scope })).map((row) => shown(context, row)),
    }),
  }),
  route({
    method: "post",
    path: "/api/admin/channels",
    says: "Adds a channel account and starts it.",
    access: "admin",
    token: "admin",
    body: channelAccountBody,
    gives: channelAccountView,
    handle: async ({ context, who, body }) => {
      mustAdminister(who.scope, body.tenantId);
      mustSetUp(context, who, body.kind);
      const id = uuid();
      const setting = settingOf(context, who, { id, body, before: null });
      const row = await createChannel({ prisma: context.prisma, scope: who.scope, id, setting });
      await note(context, who, "created", row, { kind: row.kind });
      await context.supervisor.reload(row.id);
      return shown(context, row);
    },
  }),
  route({
    method: "patch",
    path: "/api/admin/channels/:id",
    says: "Changes a channel account; a secret left out keeps its value.",
    access: "admin",
    token: "admin",
    params: idParam,
    body: channelAccountBody.partial(),
    gives: channelAccountView,
    handle: async ({ context, who, params, body }) => {
      const before = await getChannel({ prisma: context.prisma, scope: who.scope, id: params.id });
      mustSetUp(context, who, before.kind);
      const whole: ChannelAccountBody = {
        tenantId: body.tenantId ?? before.tenantId,
        kind: body.kind ?? before.kind,
        name: body.name ?? before.name,
        queueId: body.queueId === undefined ? before.queueId : body.queueId,
        enabled: body.enabled ?? before.enabled,
        config: body.config ?? storedConfig(before),
      };
      const setting = settingOf(context, who, { id: before.id, body: whole, before });
      const row = await updateChannel({ prisma: context.prisma, scope: who.scope, id: before.id, setting });
      await note(context, who, "changed", row, { fields: Object.keys(body), settings: Object.keys(body.config ?? {}) });
      await context.supervisor.reload(row.id);
      return shown(context, row);
    },
  }),
  route({
    method: "delete",
    path: "/api/admin/channels/:id",
    says: "Removes a channel account that was never used.",
    access: "admin",
    token: "admin",
    params: idParam,
    gives: done,
    handle: async ({ context, who, params }) => {
      const before = await getChannel({ prisma: context.prisma, scope: who.scope, id: params.id });
      if (context.connectors.some(({ kind }) => kind === before.kind)) mustSetUp(context, who, before.kind);
      const row = await deleteChannel({ prisma: context.prisma, scope: who.scope, id: params.id });
      await note(context, who, "removed", row);
      await context.supervisor.reload(row.id);
      return {};
    },
  }),
  route({
    method: "post",
    path: "/api/admin/channels/test",
    says: "Tries settings against the real remote before they are stored; `id` lends the stored secrets.",
    access: "admin",
    token: "admin",
    query: z.object({ id: z.string().refine(isUuid).optional() }),
    body: channelAccountBody,
    gives: channelTest,
    handle: ({ context, who, query, body }) => probe(context, who, body, query.id),
  }),
  route({
    method: "post",
    path: "/api/admin/channels/:id/test",
    says: "Tries the stored settings against the real remote.",
    access: "admin",
    token: "admin",
    params: idParam,
    gives: channelTest,
    handle: async ({ context, who, params }) => {
      const before = await getChannel({ prisma: context.prisma, scope: who.scope, id: params.id });
      const config = complete(context, connectorOf(context, before.kind), { config: storedConfig(before) }, before);
      return context.supervisor.probe({ kind: before.kind, config });
    },
  }),
];

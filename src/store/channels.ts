import { isUuid } from "#core/uuid";
import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import { administered, mustAdminister } from "./admin-scope.ts";
import type { Prisma } from "./prisma.ts";

interface Asker {
  readonly prisma: Prisma;
  readonly scope: Scope;
}

/** A channel account as administration sees it; `secretsEnc` never goes further than the caller. */
export type ChannelRow = Awaited<ReturnType<Prisma["channelAccount"]["findFirstOrThrow"]>>;

/** Everything an administrator sets about an account, already checked by its connector's schema. */
export interface ChannelSetting {
  readonly tenantId: string;
  readonly kind: string;
  readonly name: string;
  readonly address: string;
  readonly queueId: string | null;
  readonly enabled: boolean;
  readonly config: Readonly<Record<string, unknown>>;
  readonly secretsEnc: Buffer | null;
  readonly secretHints: Readonly<Record<string, string>>;
}

export const listChannels = (input: Asker): Promise<ChannelRow[]> =>
  input.prisma.channelAccount.findMany({
    where: { tenantId: { in: [...administered(input.scope)] } },
    orderBy: [{ tenantId: "asc" }, { name: "asc" }],
  });

/** Throws `not-found` for a foreign account, `forbidden` for one the asker does not administer. */
export const getChannel = async (input: Asker & { id: string }): Promise<ChannelRow> => {
  const row = isUuid(input.id)
    ? await input.prisma.channelAccount.findFirst({
        where: { id: input.id, tenantId: { in: [...input.scope.tenantIds] } },
      })
    : null;
  if (row === null) throw new Refused("not-found", "There is no such channel account.");
  mustAdminister(input.scope, row.tenantId);
  return row;
};

const check = async (input: Asker & { id: string; setting: ChannelSetting }): Promise<void> => {
  const { tenantId, kind, address, queueId } = input.setting;
  mustAdminister(input.scope, tenantId);
  if (queueId !== null) {
    const known = isUuid(queueId) && (await input.prisma.queue.count({ where: { id: queueId, tenantId } })) > 0;
    if (!known) throw new Refused("bad-request", "There is no such queue.");
  }
  if (address === "") return;
  const taken = await input.prisma.channelAccount.count({ where: { kind, address, NOT: { id: input.id } } });
  if (taken > 0) throw new Refused("conflict", "Another account has this address already.");
};

const columns = (setting: ChannelSetting) => ({
  name: setting.name,
  address: setting.address,
  queueId: setting.queueId,
  enabled: setting.enabled,
  config: JSON.parse(JSON.stringify(setting.config)) as object,
  secretsEnc: setting.secretsEnc === null ? null : Uint8Array.from(setting.secretsEnc),
  secretHints: { ...setting.secretHints },
});

/** `id` is made by the caller: the secrets are sealed for it. */
export const createChannel = async (input: Asker & { id: string; setting: ChannelSetting }): Promise<ChannelRow> => {
  await check(input);
  const { tenantId, kind } = input.setting;
  return input.prisma.channelAccount.create({ data: { id: input.id, tenantId, kind, ...columns(input.setting) } });
};

export const updateChannel = async (input: Asker & { id: string; setting: ChannelSetting }): Promise<ChannelRow> => {
  const row = await getChannel(input);
  if (row.tenantId !== input.setting.tenantId || row.kind !== input.setting.kind)
    throw new Refused("bad-request", "An account keeps its client company and its kind.");
  await check(input);
  return input.prisma.channelAccount.update({ where: { id: row.id }, data: columns(input.setting) });
};

/** Deletes an account nothing ever came through; one with threads can only be disabled, its history needs it. */
export const deleteChannel = async (input: Asker & { id: string }): Promise<ChannelRow> => {
  const row = await getChannel(input);
  const used =
    (await input.prisma.thread.count({ where: { accountId: row.id }, take: 1 })) +
    (await input.prisma.inboundEvent.count({ where: { accountId: row.id }, take: 1 }));
  if (used > 0) throw new Refused("conflict", "Messages came through this account: disable it instead.");
  await input.prisma.$transaction([
    input.prisma.channelMemory.deleteMany({ where: { accountId: row.id } }),
    input.prisma.accountTemplates.deleteMany({ where: { accountId: row.id } }),
    input.prisma.channelAccount.delete({ where: { id: row.id } }),
  ]);
  return row;
};

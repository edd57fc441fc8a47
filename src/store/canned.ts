import { isUuid, uuid } from "#core/uuid";
import { Refused } from "#core/refused";
import { mayWork, type Scope } from "#core/scope";
import type { CannedReply } from "#wire";
import type { Prisma } from "./prisma.ts";

interface Asker {
  readonly prisma: Prisma;
  readonly scope: Scope;
}
type Body = Omit<CannedReply, "id">;

const shown = { id: true, tenantId: true, shortcut: true, title: true, body: true } as const;

export const listCanned = (input: Asker): Promise<CannedReply[]> =>
  input.prisma.cannedReply.findMany({
    where: { tenantId: { in: [...input.scope.tenantIds] } },
    orderBy: [{ tenantId: "asc" }, { shortcut: "asc" }],
    select: shown,
  });

/** Supervisors and administrators keep the replies; everybody of the tenant uses them. */
const mustKeep = (scope: Scope, tenantId: string): void => {
  const role = scope.grants.get(tenantId)?.role;
  if (role === undefined) throw new Refused("not-found", "There is no such canned reply.");
  if (!mayWork(scope, tenantId) || role === "agent")
    throw new Refused("forbidden", "Only supervisors and administrators change canned replies.");
};

const mustBeFree = async (input: Asker & { body: Body; id: string }): Promise<void> => {
  const { tenantId, shortcut } = input.body;
  const taken = await input.prisma.cannedReply.count({ where: { tenantId, shortcut, NOT: { id: input.id } } });
  if (taken > 0) throw new Refused("conflict", "Another reply has this shortcut.");
};

export const createCanned = async (input: Asker & { body: Body }): Promise<CannedReply> => {
  mustKeep(input.scope, input.body.tenantId);
  const id = uuid();
  await mustBeFree({ ...input, id });
  return input.prisma.cannedReply.create({ data: { id, ...input.body }, select: shown });
};

const existing = async (input: Asker & { id: string }): Promise<CannedReply> => {
  const row = isUuid(input.id)
    ? await input.prisma.cannedReply.findFirst({
        where: { id: input.id, tenantId: { in: [...input.scope.tenantIds] } },
        select: shown,
      })
    : null;
  if (row === null) throw new Refused("not-found", "There is no such canned reply.");
  mustKeep(input.scope, row.tenantId);
  return row;
};

export const updateCanned = async (input: Asker & { id: string; body: Body; now: Date }): Promise<CannedReply> => {
  const row = await existing(input);
  if (row.tenantId !== input.body.tenantId) throw new Refused("bad-request", "A reply stays with its client company.");
  await mustBeFree(input);
  return input.prisma.cannedReply.update({
    where: { id: row.id },
    data: { ...input.body, updatedAt: input.now },
    select: shown,
  });
};

export const deleteCanned = async (input: Asker & { id: string }): Promise<CannedReply> => {
  const row = await existing(input);
  return input.prisma.cannedReply.delete({ where: { id: row.id }, select: shown });
};

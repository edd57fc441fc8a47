import { isUuid, uuid } from "#core/uuid";
import { Refused } from "#core/refused";
import type { Scope } from "#core/scope";
import type { Profile, Role, UserBody, UserView } from "#wire";
import { administered, mustAdminister } from "./admin-scope.ts";
import type { Prisma } from "./prisma.ts";

interface Asker {
  readonly prisma: Prisma;
  readonly scope: Scope;
}

type UserRow = Awaited<ReturnType<Prisma["user"]["findFirstOrThrow"]>>;
type MembershipRow = Awaited<ReturnType<Prisma["membership"]["findFirstOrThrow"]>>;

const view = (user: UserRow, memberships: readonly MembershipRow[], now: Date): UserView => ({
  id: user.id,
  email: user.email,
  name: user.name,
  disabled: user.disabledAt !== null,
  locked: user.lockedUntil !== null && user.lockedUntil > now,
  memberships: memberships.map((row) => ({
    tenantId: row.tenantId,
    role: row.role as Role,
    profile: row.profile as Profile,
    alias: row.alias,
    avatarUrl: row.avatarUrl,
    queueIds: row.queueIds,
  })),
});

/** Users with a membership in a tenant the asker administers, with those memberships only. */
export const listUsers = async (input: Asker & { now: Date }): Promise<UserView[]> => {
  const memberships = await input.prisma.membership.findMany({
    where: { tenantId: { in: [...administered(input.scope)] } },
    orderBy: { tenantId: "asc" },
  });
  const users = await input.prisma.user.findMany({
    where: { id: { in: [...new Set(memberships.map((row) => row.userId))] } },
    orderBy: { name: "asc" },
  });
  return users.map((user) =>
    view(
      user,
      memberships.filter((row) => row.userId === user.id),
      input.now,
    ),
  );
};

const checkMemberships = async (input: Asker & { body: UserBody }): Promise<void> => {
  for (const wanted of input.body.memberships) {
    mustAdminister(input.scope, wanted.tenantId);
    if (wanted.role === "client_viewer" && wanted.profile !== "normal")
      throw new Refused("bad-request", "A client's viewer has the normal profile.");
    const queues = await input.prisma.queue.count({
      where: { tenantId: wanted.tenantId, id: { in: wanted.queueIds.filter(isUuid) } },
    });
    if (queues !== new Set(wanted.queueIds).size) throw new Refused("bad-request", "There is no such queue.");
  }
};

const membershipRow = (userId: string, wanted: UserBody["memberships"][number], before?: MembershipRow) => ({
  userId,
  tenantId: wanted.tenantId,
  role: wanted.role,
  profile: wanted.profile,
  alias: wanted.alias,
  avatarUrl: wanted.avatarUrl === undefined ? (before?.avatarUrl ?? null) : wanted.avatarUrl,
  queueIds: [...new Set(wanted.queueIds)],
});

/** `passwordHash` is null when the new user gets no password yet. Refuses an address that is taken with `conflict`. */
export const createUser = async (
  input: Asker & { body: UserBody; passwordHash: string | null; now: Date },
): Promise<UserView> => {
  if (input.body.memberships.length === 0) throw new Refused("bad-request", "A user needs at least one membership.");
  await checkMemberships(input);
  const email = input.body.email.toLowerCase();
  if ((await input.prisma.user.count({ where: { email } })) > 0)
    throw new Refused("conflict", "Somebody has this e-mail address already.");
  const id = uuid();
  const rows = input.body.memberships.map((wanted) => membershipRow(id, wanted));
  const [user] = await input.prisma.$transaction([
    input.prisma.user.create({
      data: {
        id,
        email,
        name: input.body.name,
        passwordHash: input.passwordHash,
        disabledAt: input.body.disabled === true ? input.now : null,
      },
    }),
    ...rows.map((data) => input.prisma.membership.create({ data })),
  ]);
  return view(user, await input.prisma.membership.findMany({ where: { userId: id } }), input.now);
};

type Within = Pick<Prisma, "user" | "membership">;

const mustKeepAdministrator = async (tx: Within, tenantIds: readonly string[]): Promise<void> => {
  for (const tenantId of tenantIds) {
    const admins = await tx.membership.findMany({ where: { tenantId, role: "admin" } });
    const able = await tx.user.count({ where: { id: { in: admins.map((row) => row.userId) }, disabledAt: null } });
    if (able === 0)
      throw new Refused("conflict", "A client company needs an administrator: make somebody else one first.");
  }
};

/**
 * Replaces the user's memberships in the tenants the asker administers and leaves the others alone. The person itself
 * (name, address, password, disabled) may be changed only by who administers every tenant the user serves. Refuses with
 * `conflict` to leave a tenant without an administrator.
 */
export const updateUser = async (
  input: Asker & { id: string; body: UserBody; passwordHash: string | null; platformAdmin: boolean; now: Date },
): Promise<UserView> => {
  const mine = [...administered(input.scope)];
  const { id, body } = input;
  const email = body.email.toLowerCase();
  const inMine = { userId: id, tenantId: { in: mine } };
  if (!isUuid(id) || (await input.prisma.membership.count({ where: inMine })) === 0)
    throw new Refused("not-found", "There is no such user.");
  await checkMemberships(input);
  return input.prisma.$transaction(async (tx) => {
    // Administrators of several companies change the same person one after the other, and so do those of one company.
    await tx.$queryRaw`select id from tenant where id = any(${mine}::uuid[]) order by id for no key update`;
    await tx.$queryRaw`select id from app_user where id = ${id}::uuid for no key update`;
    const user = await tx.user.findUnique({ where: { id } });
    const before = await tx.membership.findMany({ where: { userId: id } });
    if (user === null || !before.some((row) => mine.includes(row.tenantId)))
      throw new Refused("not-found", "There is no such user.");
    const touchesPerson =
      email !== user.email ||
      body.name !== user.name ||
      input.passwordHash !== null ||
      (body.disabled !== undefined && body.disabled !== (user.disabledAt !== null));
    const whole = input.platformAdmin || before.every((row) => mine.includes(row.tenantId));
    if (touchesPerson && (!whole || (user.platformAdmin && !input.platformAdmin)))
      throw new Refused("forbidden", "This user also works for a client company you do not administer.");
    if (email !== user.email && (await tx.user.count({ where: { email } })) > 0)
      throw new Refused("conflict", "Somebody has this e-mail address already.");
    const updated = await tx.user.update({
      where: { id },
      data: {
        email,
        name: body.name,
        ...(input.passwordHash === null
          ? {}
          : { passwordHash: input.passwordHash, failedLogins: 0, lockedUntil: null }),
        ...(body.disabled === undefined ? {} : { disabledAt: body.disabled ? (user.disabledAt ?? input.now) : null }),
      },
    });
    await tx.membership.deleteMany({ where: inMine });
    const held = new Map(before.map((row) => [row.tenantId, row]));
    await tx.membership.createMany({
      data: body.memberships.map((wanted) => membershipRow(id, wanted, held.get(wanted.tenantId))),
    });
    const wasAdmin = user.disabledAt === null ? before.filter((row) => row.role === "admin") : [];
    await mustKeepAdministrator(
      tx,
      wasAdmin.map((row) => row.tenantId),
    );
    const after = await tx.membership.findMany({ where: inMine, orderBy: { tenantId: "asc" } });
    return view(updated, after, input.now);
  });
};

import { useState, type ReactNode } from "react";
import type { UserView } from "#wire";
import { Avatar } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { tenantOf, useDesk, useWords } from "../context.ts";
import { Load } from "../query.tsx";
import { usersPath } from "./paths.ts";
import { UserForm } from "./user-form.tsx";

export const Users = (): ReactNode => {
  const { t, compare } = useWords();
  const { boot } = useDesk();
  const [edited, setEdited] = useState<UserView | "new" | null>(null);
  return (
    <>
      <div className="toolbar">
        <Button look="primary" icon="plus" onClick={() => setEdited("new")}>
          {t("users.add")}
        </Button>
      </div>
      <Load<{ users: readonly UserView[] }> path={usersPath}>
        {({ users }) => (
          <div className="table-frame">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{t("common.person")}</th>
                  <th scope="col">{t("users.rights")}</th>
                  <th scope="col">{t("users.state")}</th>
                  <th scope="col">
                    <span className="hidden">{t("common.edit")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {users
                  .toSorted((a, b) => compare(a.name, b.name))
                  .map((user) => (
                    <tr key={user.id}>
                      <td>
                        <span className="person">
                          <Avatar id={user.id} name={user.name} small />
                          <span>
                            <strong>{user.name}</strong>
                            <span className="muted">{user.email}</span>
                          </span>
                        </span>
                      </td>
                      <td>
                        {user.memberships.map((membership) => (
                          <span key={membership.tenantId} className="tag">
                            {tenantOf(boot, membership.tenantId)?.name ?? "?"}: {t(`role.${membership.role}`)}
                          </span>
                        ))}
                      </td>
                      <td>{t(user.disabled ? "users.disabled" : user.locked ? "users.locked" : "users.active")}</td>
                      <td>
                        <Button aria-label={t("users.editOne", { name: user.name })} onClick={() => setEdited(user)}>
                          {t("common.edit")}
                        </Button>
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </div>
        )}
      </Load>
      {edited === null ? null : <UserForm user={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
    </>
  );
};

import { useState, type ReactNode } from "react";
import type { UserBody, UserView } from "#wire";
import { toast } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Check, Select, TextField } from "../../kit/field.tsx";
import { Refused, refusalOf } from "../../state/refused.ts";
import { useDesk, useWords } from "../context.ts";
import { useReload } from "../query.tsx";
import { usersPath } from "./paths.ts";

type Membership = UserView["memberships"][number];
const roles = ["agent", "supervisor", "admin", "client_viewer"] as const;
const profiles = ["normal", "restricted", "crisis"] as const;

export const UserForm = ({ user, onClose }: { user: UserView | null; onClose: () => void }): ReactNode => {
  const { t } = useWords();
  const { api, boot } = useDesk();
  const reload = useReload();
  const [name, setName] = useState(user?.name ?? "");
  const [email, setEmail] = useState(user?.email ?? "");
  const [password, setPassword] = useState("");
  const [disabled, setDisabled] = useState(user?.disabled ?? false);
  const [memberships, setMemberships] = useState<readonly Membership[]>(user?.memberships ?? []);
  const [fault, setFault] = useState<string | null>(null);

  const save = async () => {
    const body: UserBody = {
      name,
      email,
      disabled,
      memberships: memberships.map((one) => ({ ...one, queueIds: [...one.queueIds] })),
      ...(password === "" ? {} : { password }),
    };
    try {
      if (user === null) await api.send("POST", usersPath, body);
      else await api.send("PUT", `${usersPath}/${user.id}`, body);
      await reload(usersPath);
      toast({ text: t("common.saved") });
      onClose();
    } catch (thrown) {
      const words = thrown instanceof Refused && thrown.code === "bad-request" ? ` ${thrown.message}` : "";
      setFault(t(`refusal.${refusalOf(thrown)}`) + words);
    }
  };
  const change = (tenantId: string, patch: Partial<Membership>) =>
    setMemberships(memberships.map((one) => (one.tenantId === tenantId ? { ...one, ...patch } : one)));

  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={user === null ? t("users.add") : user.name}
      closeLabel={t("common.close")}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <div className="form-pair">
          <TextField
            label={t("common.person")}
            required
            maxLength={120}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <TextField
            label={t("login.email")}
            type="email"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </div>
        <TextField
          label={t(user === null ? "users.password" : "users.newPassword")}
          help={t("profile.nextHelp")}
          type="password"
          autoComplete="new-password"
          minLength={10}
          required={user === null}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {boot.tenants.map((tenant) => {
          const membership = memberships.find((one) => one.tenantId === tenant.id);
          const queues = boot.queues.filter((queue) => queue.tenantId === tenant.id);
          return (
            <fieldset key={tenant.id} className="membership">
              <legend>
                <span className="dot" style={{ background: tenant.color }} /> {tenant.name}
              </legend>
              <div className="form-pair">
                <Select
                  label={t("users.role")}
                  value={membership?.role ?? ""}
                  choices={[
                    { value: "", label: t("users.noAccess") },
                    ...roles.map((role) => ({ value: role, label: t(`role.${role}`) })),
                  ]}
                  onValue={(value) => {
                    const role = roles.find((one) => one === value);
                    if (role === undefined) setMemberships(memberships.filter((one) => one.tenantId !== tenant.id));
                    else if (membership === undefined)
                      setMemberships([
                        ...memberships,
                        { tenantId: tenant.id, role, profile: "normal", alias: null, avatarUrl: null, queueIds: [] },
                      ]);
                    else change(tenant.id, { role });
                  }}
                />
                {membership === undefined ? null : (
                  <Select
                    label={t("users.profile")}
                    value={membership.profile}
                    choices={profiles.map((one) => ({ value: one, label: t(`users.profile.${one}`) }))}
                    onValue={(value) =>
                      change(tenant.id, { profile: profiles.find((one) => one === value) ?? "normal" })
                    }
                  />
                )}
              </div>
              {membership === undefined ? null : (
                <>
                  <div className="form-pair">
                    <TextField
                      label={t("users.alias")}
                      help={t("users.aliasHelp")}
                      maxLength={80}
                      value={membership.alias ?? ""}
                      onChange={(event) =>
                        change(tenant.id, { alias: event.target.value === "" ? null : event.target.value })
                      }
                    />
                    <TextField
                      label={t("users.avatar")}
                      help={t("users.avatarHelp")}
                      type="url"
                      pattern="https://.+"
                      maxLength={500}
                      value={membership.avatarUrl ?? ""}
                      onChange={(event) =>
                        change(tenant.id, { avatarUrl: event.target.value === "" ? null : event.target.value })
                      }
                    />
                  </div>
                  {queues.length === 0 ? null : (
                    <div className="queues" role="group" aria-label={t("users.queues")}>
                      <span className="muted">{t("users.queuesHelp")}</span>
                      {queues.map((queue) => (
                        <Check
                          key={queue.id}
                          label={queue.name}
                          checked={membership.queueIds.includes(queue.id)}
                          onChecked={(on) =>
                            change(tenant.id, {
                              queueIds: on
                                ? [...membership.queueIds, queue.id]
                                : membership.queueIds.filter((one) => one !== queue.id),
                            })
                          }
                        />
                      ))}
                    </div>
                  )}
                </>
              )}
            </fieldset>
          );
        })}
        {user === null ? null : <Check label={t("users.disable")} checked={disabled} onChecked={setDisabled} />}
        {fault === null ? null : (
          <p className="notice notice-bad" role="alert">
            {fault}
          </p>
        )}
        <div className="form-actions">
          <span className="spacer" />
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary">
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

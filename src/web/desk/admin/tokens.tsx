import { useState, type ReactNode } from "react";
import type { ApiTokenView } from "#wire";
import { Empty, toast } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Check, Select, TextField } from "../../kit/field.tsx";
import { explain } from "../actions.ts";
import { tenantOf, useDesk, useWords } from "../context.ts";
import { Load, useReload } from "../query.tsx";

const path = "/api/admin/tokens";
const scopes = ["read", "write", "admin"] as const;
type Scope = (typeof scopes)[number];

/** Keys for programs. A token is shown once, at its birth. */
export const Tokens = (): ReactNode => {
  const { t, dateTime } = useWords();
  const { api, boot } = useDesk();
  const reload = useReload();
  const [tenantId, setTenantId] = useState(boot.tenants[0]?.id ?? "");
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly Scope[]>(["read"]);
  const [fresh, setFresh] = useState<string | null>(null);

  const create = async () => {
    try {
      const made = await api.send<{ token: string }>("POST", path, { tenantId, name, scopes: chosen });
      setFresh(made.token);
      setName("");
      await reload(path);
    } catch (thrown) {
      explain(thrown);
    }
  };
  const revoke = async (token: ApiTokenView) => {
    try {
      await api.send("DELETE", `${path}/${token.id}`);
      toast({ text: t("tokens.revoked", { name: token.name }) });
      await reload(path);
    } catch (thrown) {
      explain(thrown);
    }
  };

  return (
    <>
      <form
        className="card form"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <div className="form-pair">
          <Select
            label={t("common.client")}
            value={tenantId}
            choices={boot.tenants.map((tenant) => ({ value: tenant.id, label: tenant.name }))}
            onValue={setTenantId}
          />
          <TextField
            label={t("common.name")}
            required
            maxLength={80}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className="queues" role="group" aria-label={t("tokens.scopes")}>
          {scopes.map((scope) => (
            <Check
              key={scope}
              label={t(`tokens.scope.${scope}`)}
              checked={chosen.includes(scope)}
              onChecked={(on) => setChosen(on ? [...chosen, scope] : chosen.filter((one) => one !== scope))}
            />
          ))}
        </div>
        <div className="form-actions">
          <Button type="submit" look="primary" disabled={chosen.length === 0}>
            {t("tokens.create")}
          </Button>
        </div>
        {fresh === null ? null : (
          <p className="notice notice-good" role="alert">
            {t("tokens.once")} <code>{fresh}</code>
          </p>
        )}
      </form>
      <Load<{ tokens: readonly ApiTokenView[] }> path={path}>
        {({ tokens }) =>
          tokens.length === 0 ? (
            <Empty icon="key" title={t("tokens.none")} />
          ) : (
            <ul className="accounts">
              {tokens.map((token) => (
                <li key={token.id} className="card account-head">
                  <div className="account-name">
                    <h2>{token.name}</h2>
                    <p className="muted">
                      {tenantOf(boot, token.tenantId)?.name} · {token.scopes.join(", ")} ·{" "}
                      {t("tokens.endsIn", { end: token.endsIn })} ·{" "}
                      {token.lastUsedAt === null
                        ? t("tokens.unused")
                        : t("tokens.used", { at: dateTime(token.lastUsedAt) })}
                    </p>
                  </div>
                  <Button look="danger" onClick={() => void revoke(token)}>
                    {t("tokens.revoke")}
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Load>
    </>
  );
};

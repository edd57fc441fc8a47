import { useState, type ReactNode } from "react";
import type { QueueView, TenantView } from "#wire";
import { Empty } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { useDesk, useWords } from "../context.ts";
import { languageNames } from "../login.tsx";
import { Load } from "../query.tsx";
import { queuesPath, tenantsPath } from "./paths.ts";
import { QueueForm } from "./queue-form.tsx";
import { TenantForm } from "./tenant-form.tsx";

type Edited =
  | { readonly what: "tenant"; readonly tenant: TenantView | null }
  | { readonly what: "queue"; readonly tenant: TenantView; readonly queue: QueueView | null };

const Queues = ({
  tenant,
  queues,
  onEdit,
}: {
  tenant: TenantView;
  queues: readonly QueueView[];
  onEdit: (edited: Edited) => void;
}): ReactNode => {
  const { t, compare } = useWords();
  return (
    <>
      {queues.length === 0 ? (
        <p className="muted">{t("queues.none")}</p>
      ) : (
        <ul className="plain-list" aria-label={t("queues.of", { name: tenant.name })}>
          {queues
            .toSorted((a, b) => compare(a.name, b.name))
            .map((queue) => (
              <li key={queue.id} className="account-head">
                <span className="account-name">
                  {queue.name} <code>{queue.key}</code>
                </span>
                <Button
                  look="quiet"
                  aria-label={t("queues.renameOne", { name: queue.name })}
                  onClick={() => onEdit({ what: "queue", tenant, queue })}
                >
                  {t("queues.rename")}
                </Button>
              </li>
            ))}
        </ul>
      )}
      <div className="form-actions">
        <Button
          icon="plus"
          aria-label={t("queues.addTo", { name: tenant.name })}
          onClick={() => onEdit({ what: "queue", tenant, queue: null })}
        >
          {t("queues.add")}
        </Button>
      </div>
    </>
  );
};

/** The client companies one administers and their queues: where an installation without anything begins. */
export const Tenants = (): ReactNode => {
  const { t, compare } = useWords();
  const { boot } = useDesk();
  const [edited, setEdited] = useState<Edited | null>(null);
  const close = () => setEdited(null);
  const mayAdd = boot.me.platformAdmin;
  return (
    <>
      {mayAdd ? (
        <div className="toolbar">
          <Button look="primary" icon="plus" onClick={() => setEdited({ what: "tenant", tenant: null })}>
            {t("tenants.add")}
          </Button>
        </div>
      ) : null}
      <Load<{ tenants: readonly TenantView[] }> path={tenantsPath}>
        {({ tenants }) =>
          tenants.length === 0 ? (
            <Empty icon="panel" title={t("tenants.none")}>
              <p className="muted">{t(mayAdd ? "tenants.noneHelp" : "tenants.noneForYou")}</p>
            </Empty>
          ) : (
            <Load<{ queues: readonly QueueView[] }> path={queuesPath}>
              {({ queues }) => (
                <ul className="accounts">
                  {tenants
                    .toSorted((a, b) => compare(a.name, b.name))
                    .map((tenant) => (
                      <li key={tenant.id} className="card account">
                        <div className="account-head">
                          <span className="row-stripe" style={{ background: tenant.color }} />
                          <div className="account-name">
                            <h2>{tenant.name}</h2>
                            <p className="muted">
                              <code>{tenant.key}</code> · {languageNames[tenant.locale]} · {tenant.timezone}
                            </p>
                          </div>
                          <Button
                            aria-label={t("tenants.editOne", { name: tenant.name })}
                            onClick={() => setEdited({ what: "tenant", tenant })}
                          >
                            {t("common.edit")}
                          </Button>
                        </div>
                        <Queues
                          tenant={tenant}
                          queues={queues.filter(({ tenantId }) => tenantId === tenant.id)}
                          onEdit={setEdited}
                        />
                      </li>
                    ))}
                </ul>
              )}
            </Load>
          )
        }
      </Load>
      {edited?.what === "tenant" ? <TenantForm tenant={edited.tenant} onClose={close} /> : null}
      {edited?.what === "queue" ? <QueueForm tenant={edited.tenant} queue={edited.queue} onClose={close} /> : null}
    </>
  );
};

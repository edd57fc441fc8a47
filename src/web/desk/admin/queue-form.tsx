import { useState, type ReactNode } from "react";
import type { QueueView, TenantView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextField } from "../../kit/field.tsx";
import { useWords } from "../context.ts";
import { queuesPath } from "./paths.ts";
import { useSave } from "./save.ts";

export const QueueForm = ({
  tenant,
  queue,
  onClose,
}: {
  tenant: TenantView;
  queue: QueueView | null;
  onClose: () => void;
}): ReactNode => {
  const { t } = useWords();
  const { save, fault, busy } = useSave({ taken: t("queues.taken"), onDone: onClose });
  const [name, setName] = useState(queue?.name ?? "");
  return (
    <Dialog
      open
      onClose={onClose}
      title={queue === null ? t("queues.addTo", { name: tenant.name }) : t("queues.renameOne", { name: queue.name })}
      closeLabel={t("common.close")}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void (queue === null
            ? save("POST", queuesPath, { tenantId: tenant.id, name })
            : save("PATCH", `${queuesPath}/${queue.id}`, { name }));
        }}
      >
        <TextField
          label={t("common.name")}
          required
          maxLength={80}
          value={name}
          fault={fault ?? undefined}
          onChange={(event) => setName(event.target.value)}
        />
        <div className="form-actions">
          <span className="spacer" />
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" disabled={busy}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

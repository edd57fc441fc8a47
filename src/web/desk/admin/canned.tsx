import { useState, type ReactNode } from "react";
import type { CannedReply } from "#wire";
import { Empty, toast } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Select, TextArea, TextField } from "../../kit/field.tsx";
import { explain } from "../actions.ts";
import { tenantOf, useDesk, useWords } from "../context.ts";
import { Load, useReload } from "../query.tsx";

const path = "/api/canned-replies";

export const Canned = (): ReactNode => {
  const { t, compare } = useWords();
  const { boot } = useDesk();
  const [edited, setEdited] = useState<CannedReply | "new" | null>(null);
  return (
    <>
      <div className="toolbar">
        <Button look="primary" icon="plus" onClick={() => setEdited("new")}>
          {t("canned.add")}
        </Button>
      </div>
      <Load<{ replies: readonly CannedReply[] }> path={path}>
        {({ replies }) =>
          replies.length === 0 ? (
            <Empty icon="text" title={t("canned.none")} />
          ) : (
            <ul className="accounts">
              {replies
                .toSorted((a, b) => compare(a.tenantId, b.tenantId) || compare(a.shortcut, b.shortcut))
                .map((reply) => (
                  <li key={reply.id} className="card account-head">
                    <span
                      className="row-stripe"
                      style={{ background: tenantOf(boot, reply.tenantId)?.color ?? "transparent" }}
                    />
                    <div className="account-name">
                      <h2>
                        <code>/{reply.shortcut}</code> {reply.title}
                      </h2>
                      <p className="muted clamp">{reply.body}</p>
                    </div>
                    <Button aria-label={t("canned.editOne", { name: reply.title })} onClick={() => setEdited(reply)}>
                      {t("common.edit")}
                    </Button>
                  </li>
                ))}
            </ul>
          )
        }
      </Load>
      {edited === null ? null : <Form reply={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
    </>
  );
};

const Form = ({ reply, onClose }: { reply: CannedReply | null; onClose: () => void }): ReactNode => {
  const { t } = useWords();
  const { api, boot } = useDesk();
  const reload = useReload();
  const [tenantId, setTenantId] = useState(reply?.tenantId ?? boot.tenants[0]?.id ?? "");
  const [shortcut, setShortcut] = useState(reply?.shortcut ?? "");
  const [title, setTitle] = useState(reply?.title ?? "");
  const [body, setBody] = useState(reply?.body ?? "");
  const work = async (run: () => Promise<unknown>) => {
    try {
      await run();
      await reload(path);
      toast({ text: t("common.saved") });
      onClose();
    } catch (thrown) {
      explain(thrown);
    }
  };
  const content = { tenantId, shortcut, title, body };
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={reply === null ? t("canned.add") : reply.title}
      closeLabel={t("common.close")}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void work(() =>
            reply === null ? api.send("POST", path, content) : api.send("PUT", `${path}/${reply.id}`, content),
          );
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
            label={t("canned.shortcut")}
            help={t("canned.shortcutHelp")}
            required
            maxLength={40}
            pattern="[\p{L}\p{N}_\-]+"
            value={shortcut}
            onChange={(event) => setShortcut(event.target.value)}
          />
        </div>
        <TextField
          label={t("canned.title")}
          required
          maxLength={120}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
        />
        <TextArea label={t("canned.body")} rows={7} required value={body} onValue={setBody} />
        <div className="form-actions">
          {reply === null ? null : (
            <Button look="danger" onClick={() => void work(() => api.send("DELETE", `${path}/${reply.id}`))}>
              {t("common.delete")}
            </Button>
          )}
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

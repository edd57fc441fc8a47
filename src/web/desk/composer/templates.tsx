import { useEffect, useRef, useState, type ReactNode } from "react";
import type { TemplateView, UploadView } from "#wire";
import { templateText } from "#wire/fill";
import { Skeleton } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextField } from "../../kit/field.tsx";
import { Icon } from "../../kit/icons.tsx";
import { explain } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";
import { Files, useUploads } from "./uploads.tsx";

const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const keyOf = (template: TemplateView): string => `${template.name} ${template.language}`;

/** The text with what is not filled in yet named instead of numbered. */
const named = (template: TemplateView, values: Readonly<Record<string, string>>): string =>
  templateText(template, {
    ...Object.fromEntries(template.variables.map(({ key, title }) => [key, `‹${title}›`])),
    ...Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== "")),
  });

export interface Chosen {
  readonly template: TemplateView;
  readonly values: Readonly<Record<string, string>>;
  readonly uploads: readonly UploadView[];
  /** What the customer will read. */
  readonly text: string;
}

/** Approved messages of an account: found by a word, filled in beside a live preview. */
export const Templates = ({
  accountId,
  conversationId,
  contactName,
  onSend,
  onClose,
}: {
  accountId: string;
  conversationId: string;
  contactName: string;
  onSend: (chosen: Chosen) => void;
  onClose: () => void;
}): ReactNode => {
  const { t, dateTime } = useWords();
  const { ask } = useDesk();
  const [list, setList] = useState<readonly TemplateView[] | null>(null);
  const [syncedAt, setSyncedAt] = useState<string | null>(null);
  const [query, setQuery] = useState("");
  const [picked, setPicked] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const load = (refresh: boolean) => {
    setBusy(true);
    const failed = (thrown: unknown) => {
      setList((before) => before ?? []);
      explain(thrown);
    };
    const show = async () => {
      const found = await ask("templates.list", { accountId, refresh });
      setList(found.templates);
      setSyncedAt(found.syncedAt);
    };
    void show()
      .catch(failed)
      .finally(() => setBusy(false));
  };
  // once for the account: the button asks again
  useEffect(() => load(false), [accountId]);

  const words = plain(query);
  const found = (list ?? []).filter((one) => plain(`${one.name} ${one.body} ${one.header ?? ""}`).includes(words));
  const template = found.find((one) => keyOf(one) === picked) ?? found.find((one) => one.unusable === undefined);
  return (
    <Dialog open wide onClose={onClose} title={t("template.title")} closeLabel={t("common.close")}>
      <div className="templates">
        <div className="templates-list">
          <TextField
            label={t("template.search")}
            type="search"
            value={query}
            autoFocus
            onChange={(event) => setQuery(event.target.value)}
          />
          {list === null ? <Skeleton lines={4} /> : null}
          {list !== null && found.length === 0 ? <p className="muted">{t("template.none")}</p> : null}
          <ul>
            {found.map((one) => (
              <li key={keyOf(one)}>
                <button
                  type="button"
                  className="template-row"
                  aria-pressed={template !== undefined && keyOf(one) === keyOf(template)}
                  disabled={one.unusable !== undefined}
                  onClick={() => setPicked(keyOf(one))}
                >
                  <strong>{one.name.replaceAll("_", " ")}</strong>
                  <span className="tag">{one.language}</span>
                  {one.category === "marketing" ? <span className="tag">{t("template.marketing")}</span> : null}
                  <span className="template-body">
                    {one.unusable === undefined ? named(one, {}) : t("template.unusable", { why: one.unusable })}
                  </span>
                </button>
              </li>
            ))}
          </ul>
          <p className="templates-sync muted">
            {syncedAt === null ? null : t("template.synced", { at: dateTime(syncedAt) })}
            <button type="button" className="link" disabled={busy} onClick={() => load(true)}>
              {t("template.refresh")}
            </button>
          </p>
        </div>
        {template === undefined ? null : (
          <Fill
            key={keyOf(template)}
            template={template}
            conversationId={conversationId}
            contactName={contactName}
            onSend={onSend}
          />
        )}
      </div>
    </Dialog>
  );
};

const Fill = ({
  template,
  conversationId,
  contactName,
  onSend,
}: {
  template: TemplateView;
  conversationId: string;
  contactName: string;
  onSend: (chosen: Chosen) => void;
}): ReactNode => {
  const { t } = useWords();
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const uploads = useUploads(conversationId);
  const picker = useRef<HTMLInputElement>(null);
  const firstText = template.variables.find(({ type }) => type === "text")?.key;
  const media = template.variables.find(({ type }) => type !== "text");
  const file = uploads.done[0];
  const all = media === undefined || file === undefined ? values : { ...values, [media.key]: file.id };
  const missing = template.variables.filter(({ key }) => (all[key] ?? "").trim() === "");
  const text = templateText(template, all);
  const set = (key: string, value: string) => setValues((before) => ({ ...before, [key]: value.replace(/\s+/g, " ") }));
  return (
    <form
      className="template-fill"
      onSubmit={(event) => {
        event.preventDefault();
        if (missing.length === 0 && !uploads.busy) onSend({ template, values: all, uploads: uploads.done, text });
      }}
    >
      {template.variables.map(({ key, title, type, example }) =>
        type === "text" ? (
          <div key={key} className="template-variable">
            <TextField
              label={title}
              value={values[key] ?? ""}
              placeholder={example ?? ""}
              maxLength={1000}
              required
              onChange={(event) => set(key, event.target.value)}
            />
            {key === firstText && contactName !== "" && (values[key] ?? "") === "" ? (
              <button type="button" className="link" onClick={() => set(key, contactName)}>
                {contactName}
              </button>
            ) : null}
          </div>
        ) : (
          <div key={key}>
            <p className="field-label">{title}</p>
            <input
              ref={picker}
              type="file"
              hidden
              accept={type === "document" ? "*/*" : `${type}/*`}
              onChange={(event) => {
                uploads.clear();
                uploads.add([...(event.target.files ?? [])].slice(0, 1));
                event.target.value = "";
              }}
            />
            <Button icon="clip" onClick={() => picker.current?.click()}>
              {t("template.file")}
            </Button>
            <Files uploads={uploads} />
          </div>
        ),
      )}
      <p className="field-label">{t("template.preview")}</p>
      <div className="template-preview">
        {file === undefined ? null : (
          <p className="muted">
            <Icon name="clip" size={13} /> {file.name}
          </p>
        )}
        <p className="text">{named(template, values)}</p>
        {template.buttons.map((title) => (
          <span key={title} className="content-button">
            {title}
          </span>
        ))}
      </div>
      <Button type="submit" look="primary" icon="send" disabled={missing.length > 0 || uploads.busy}>
        {t("template.send")}
      </Button>
      {missing.length === 0 ? null : (
        <p className="muted">{t("template.missing", { names: missing.map(({ title }) => title).join(", ") })}</p>
      )}
    </form>
  );
};

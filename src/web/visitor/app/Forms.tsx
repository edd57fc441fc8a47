/** @jsxImportSource preact */
import { useState } from "preact/hooks";
import type { Chat } from "./chat.ts";
import type { FormField, Look } from "./protocol.ts";
import type { State } from "./state.ts";
import type { Key, Texts } from "./texts/index.ts";

const isEmail = (value: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(value.trim());

/** What is wrong with a value, a key of the catalogue. */
const fault = (field: FormField, value: string): Key | undefined => {
  if (value.trim() === "") return field.required ? "missing" : undefined;
  return field.type === "email" && !isEmail(value) ? "badEmail" : undefined;
};

const titles: Readonly<Record<string, Key>> = { name: "name", email: "email" };

interface FieldProps {
  readonly field: FormField;
  readonly texts: Texts;
  readonly first: boolean;
  readonly wrong: Key | undefined;
}

const Field = ({ field, texts, first, wrong }: FieldProps) => {
  const id = `field-${field.key}`;
  const title = titles[field.key];
  const shared = {
    id,
    name: field.key,
    required: field.required,
    "aria-invalid": wrong !== undefined,
    ...(wrong ? { "aria-describedby": `${id}-wrong` } : {}),
    ...(first ? { "data-first": true } : {}),
  };
  return (
    <div class="entry">
      <label for={id}>
        {title ? texts.t(title) : field.key}
        {!field.required && <small> {texts.t("optional")}</small>}
      </label>
      {field.type === "email" ? (
        <input {...shared} type="email" autocomplete="email" />
      ) : (
        <input {...shared} autocomplete="name" />
      )}
      {wrong && (
        <p class="wrong" id={`${id}-wrong`}>
          {texts.t(wrong)}
        </p>
      )}
    </div>
  );
};

const valueOf = (data: FormData, key: string): string => {
  const value = data.get(key);
  return typeof value === "string" ? value : "";
};

/** Values of a form by field, and where the first fault is. */
const read = (form: HTMLFormElement, fields: readonly FormField[]) => {
  const data = new FormData(form);
  const values = Object.fromEntries(fields.map(({ key }) => [key, valueOf(data, key)]));
  const faults = new Map(
    fields.flatMap((field) => {
      const wrong = fault(field, values[field.key] ?? "");
      return wrong ? [[field.key, wrong] as const] : [];
    }),
  );
  const [first] = faults.keys();
  if (first !== undefined) form.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
  return { values, faults };
};

const Privacy = ({ look, texts }: { look: Look; texts: Texts }) =>
  look.privacyUrl ? (
    <a class="privacy" href={look.privacyUrl} target="_blank" rel="noopener noreferrer">
      {texts.t("privacy")}
    </a>
  ) : null;

interface FormProps {
  readonly chat: Chat;
  readonly texts: Texts;
  readonly look: Look;
}

/** Asked before the first message; which fields is the account's choice. */
export const FirstForm = ({ chat, state, texts, look }: FormProps & { readonly state: State }) => {
  const [faults, setFaults] = useState<ReadonlyMap<string, Key>>(new Map());
  const [failed, setFailed] = useState(false);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const got = read(form, state.form);
    setFaults(got.faults);
    if (got.faults.size > 0) return;
    setFailed(false);
    await chat.fill(got.values).catch(() => setFailed(true));
  };
  return (
    <form
      class="sheet"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit(event.currentTarget);
      }}
    >
      <h2>{texts.t("formTitle")}</h2>
      <p>{look.greeting || texts.t("greeting")}</p>
      {state.form.map((field, index) => (
        <Field key={field.key} field={field} texts={texts} first={index === 0} wrong={faults.get(field.key)} />
      ))}
      {failed && (
        <p class="wrong" role="alert">
          {texts.t("formFailed")}
        </p>
      )}
      <button class="primary">{texts.t("start")}</button>
      <Privacy look={look} texts={texts} />
    </form>
  );
};

const left: FormField = { key: "email", type: "email", required: true };

/** Outside the hours: a message and where the answer may go. */
export const LeaveMessage = ({ chat, texts, look }: FormProps) => {
  const [wrong, setWrong] = useState<{ readonly email?: Key | undefined; readonly text?: Key | undefined }>({});
  const submit = (form: HTMLFormElement): void => {
    const { values, faults } = read(form, [left]);
    const text = valueOf(new FormData(form), "text").trim();
    setWrong({ email: faults.get("email"), text: text ? undefined : "missing" });
    if (faults.size === 0 && text) chat.send(text, values["email"]?.trim());
  };
  return (
    <form
      class="sheet"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit(event.currentTarget);
      }}
    >
      <h2>{texts.t("closed")}</h2>
      <p>{look.offlineText || texts.t("closedText")}</p>
      <Field field={left} texts={texts} first wrong={wrong.email} />
      <div class="entry">
        <label for="field-text">{texts.t("message")}</label>
        <textarea
          id="field-text"
          name="text"
          rows={4}
          required
          maxLength={look.textLimit}
          aria-invalid={wrong.text !== undefined}
          {...(wrong.text ? { "aria-describedby": "field-text-wrong" } : {})}
        />
        {wrong.text && (
          <p class="wrong" id="field-text-wrong">
            {texts.t(wrong.text)}
          </p>
        )}
      </div>
      <button class="primary">{texts.t("leave")}</button>
      <Privacy look={look} texts={texts} />
    </form>
  );
};

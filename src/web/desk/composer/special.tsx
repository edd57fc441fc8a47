import { useState, type FormEvent, type ReactNode } from "react";
import type { ContentType, ContentView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextField, typed } from "../../kit/field.tsx";
import { useWords } from "../context.ts";

type Kind = Exclude<ContentType, "template">;

const number = (text: string): number => Number(text.trim().replace(",", "."));

const example = "50.0875, 14.4213";

/** "50.0875, 14.4213", as every map copies it. */
const place = (text: string): { lat: number; lng: number } | null => {
  const [lat, lng, more] = text
    .split(/[;\s]+|,\s*(?=-?\d)/u)
    .filter((part) => part !== "")
    .map(number);
  if (lat === undefined || lng === undefined || more !== undefined) return null;
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng } : null;
};

const lines = (text: string): readonly string[] =>
  text
    .split(/[,;\n]+/u)
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** Reads the form of a kind; null = something is missing. */
const read = (kind: Kind, form: FormData): ContentView | null => {
  const field = (name: string): string => typed(form, name).trim();
  if (kind === "location") {
    const at = place(field("place"));
    if (at === null) return null;
    const [name, address] = [field("name"), field("address")];
    return { type: "location", ...at, ...(name === "" ? {} : { name }), ...(address === "" ? {} : { address }) };
  }
  if (kind === "contacts") {
    const name = field("name");
    const [phones, emails] = [lines(field("phones")), lines(field("emails"))];
    if (name === "" || phones.length + emails.length === 0) return null;
    return { type: "contacts", contacts: [{ name, phones, emails }] };
  }
  const titles = Array.from({ length: kind === "buttons" ? 3 : 10 }, (_, i) => field(`title${i}`));
  const chosen = titles.flatMap((title, i) => {
    const description = field(`about${i}`);
    return title === "" ? [] : [{ id: `choice-${i + 1}`, title, ...(description === "" ? {} : { description }) }];
  });
  if (chosen.length === 0) return null;
  if (kind === "buttons") return { type: "buttons", buttons: chosen.map(({ id, title }) => ({ id, title })) };
  return { type: "list", button: field("button"), sections: [{ title: "", rows: chosen }] };
};

/** What the customer taps instead of writing, a place on a map, or somebody's card. */
export const Special = ({
  kind,
  text,
  onSend,
  onClose,
}: {
  kind: Kind;
  /** What is written in the composer: the question above buttons and lists. */
  text: string;
  onSend: (input: { content: ContentView; text: string }) => void;
  onClose: () => void;
}): ReactNode => {
  const { t } = useWords();
  const [rows, setRows] = useState(kind === "buttons" ? 2 : 3);
  const [bad, setBad] = useState(false);
  const chooses = kind === "buttons" || kind === "list";
  const most = kind === "buttons" ? 3 : 10;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const content = read(kind, form);
    setBad(content === null);
    if (content !== null) onSend({ content, text: chooses ? typed(form, "question") : text });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t(`content.${kind}`)}
      closeLabel={t("common.close")}
      actions={
        <Button type="submit" form="special" look="primary" icon="send">
          {t("composer.send")}
        </Button>
      }
    >
      <form id="special" className="form" onSubmit={submit}>
        {chooses ? (
          <>
            <TextField label={t("content.question")} name="question" defaultValue={text} required maxLength={1000} />
            {kind === "list" ? (
              <TextField
                label={t("content.opens")}
                name="button"
                defaultValue={t("content.choose")}
                required
                maxLength={20}
              />
            ) : null}
            {Array.from({ length: rows }, (_, i) => (
              <div key={i} className="content-row">
                <TextField
                  label={t("content.choice", { n: i + 1 })}
                  name={`title${i}`}
                  required={i === 0}
                  maxLength={kind === "buttons" ? 20 : 24}
                />
                {kind === "list" ? <TextField label={t("content.about")} name={`about${i}`} maxLength={72} /> : null}
              </div>
            ))}
            {rows < most ? (
              <Button icon="plus" look="quiet" onClick={() => setRows(rows + 1)}>
                {t("content.more")}
              </Button>
            ) : null}
          </>
        ) : kind === "location" ? (
          <>
            <TextField label={t("content.place")} name="place" placeholder={example} required autoFocus />
            <TextField label={t("content.name")} name="name" maxLength={200} />
            <TextField label={t("content.address")} name="address" maxLength={300} />
          </>
        ) : (
          <>
            <TextField label={t("content.name")} name="name" required maxLength={100} autoFocus />
            <TextField label={t("content.phones")} name="phones" />
            <TextField label={t("content.emails")} name="emails" />
          </>
        )}
        {bad ? (
          <p className="field-fault" role="alert">
            {t("content.bad")}
          </p>
        ) : null}
      </form>
    </Dialog>
  );
};

import { useId, useState, type KeyboardEvent, type ReactNode } from "react";
import type { RecipientView } from "#wire";
import { Button, Menu } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import { useWords } from "../context.ts";
import type { How, LetterState } from "./letter.ts";

const mailbox = /^[^\s@<>,;"]{1,64}@[^\s@<>,;"]+\.[^\s@<>,;."]{2,}$/;
/** "Jana <jana@x.cz>, petr@x.cz" as its addresses. */
const split = (text: string): readonly string[] =>
  text
    .split(/[\s,;]+/u)
    .map((part) => part.replace(/^<|>$/g, ""))
    .filter((part) => mailbox.test(part));

const Field = ({
  label,
  list,
  onList,
  fixed,
}: {
  label: string;
  list: readonly RecipientView[];
  onList: (list: readonly RecipientView[]) => void;
  fixed: boolean;
}): ReactNode => {
  const { t } = useWords();
  const id = useId();
  const [text, setText] = useState("");
  const take = (): boolean => {
    const found = split(text).filter((address) => list.every((one) => one.address !== address));
    if (found.length === 0) return false;
    onList([...list, ...found.map((address) => ({ address, name: "", known: false }))]);
    setText("");
    return true;
  };
  const keys = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      take();
    } else if ((event.key === "," || event.key === ";" || event.key === " ") && take()) event.preventDefault();
    else if (event.key === "Backspace" && text === "") onList(list.slice(0, -1));
  };
  return (
    <div className="to-line">
      <label htmlFor={id}>{label}</label>
      <ul className="to-chips">
        {list.map((one) => (
          <li key={one.address} className={one.known ? "to-chip" : "to-chip to-new"}>
            <span title={one.address}>{one.name === "" ? one.address : `${one.name} <${one.address}>`}</span>
            {one.known ? null : <em>{t("letter.new")}</em>}
            {fixed ? null : (
              <button
                type="button"
                className="icon-button icon-small"
                aria-label={t("composer.removeFile", { name: one.address })}
                onClick={() => onList(list.filter(({ address }) => address !== one.address))}
              >
                <Icon name="close" size={12} />
              </button>
            )}
          </li>
        ))}
        {fixed ? null : (
          <li className="to-input">
            <input
              id={id}
              value={text}
              type="email"
              multiple
              autoComplete="off"
              aria-invalid={text !== "" && split(text).length === 0}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={keys}
              onBlur={take}
            />
          </li>
        )}
      </ul>
    </div>
  );
};

/** To, Cc and Bcc of a letter, and whether it answers one, all, or is passed on. */
export const Recipients = ({ letter, fixed }: { letter: LetterState; fixed: boolean }): ReactNode => {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const copies = open || letter.cc.length > 0 || letter.bcc.length > 0;
  const hows: readonly How[] = fixed ? ["reply"] : ["reply", "all", "forward"];
  return (
    <div className="to-head">
      <div className="to-first">
        <Menu
          trigger={
            <Button look="quiet" className="to-how">
              {t(`letter.${letter.how}`)} <Icon name="down" size={12} />
            </Button>
          }
          entries={hows.map((how) => ({
            label: t(`letter.${how}`),
            checked: how === letter.how,
            run: () => letter.setHow(how),
          }))}
        />
        <Field label={t("letter.to")} list={letter.to} onList={(list) => letter.set("to", list)} fixed={fixed} />
        {copies || fixed ? null : (
          <button type="button" className="link" onClick={() => setOpen(true)}>
            {t("letter.copies")}
          </button>
        )}
      </div>
      {copies ? (
        <>
          <Field label={t("letter.cc")} list={letter.cc} onList={(list) => letter.set("cc", list)} fixed={fixed} />
          {fixed ? null : (
            <Field label={t("letter.bcc")} list={letter.bcc} onList={(list) => letter.set("bcc", list)} fixed={fixed} />
          )}
        </>
      ) : null}
      {letter.parts.length === 0 ? null : (
        <ul className="uploads">
          {letter.parts.map((part) => (
            <li key={part.id} className="upload">
              <Icon name="clip" size={14} />
              <span className="file-name">{part.name}</span>
              <button
                type="button"
                className="icon-button icon-small"
                aria-label={t("composer.removeFile", { name: part.name })}
                onClick={() => letter.dropPart(part.id)}
              >
                <Icon name="close" size={13} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
};

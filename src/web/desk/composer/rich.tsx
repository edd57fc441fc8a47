import { baseKeymap, toggleMark, wrapIn } from "prosemirror-commands";
import { history, redo, undo } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { type Command, EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import type { UploadView } from "#wire";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextField, typed } from "../../kit/field.tsx";
import { useWords } from "../context.ts";
import { docOf, htmlOf, schema, textOf } from "./rich-schema.ts";

const { nodes, marks } = schema;

/** Node and mark types of our own schema: the index signature of the library cannot promise them. */
const need = <T,>(found: T | undefined): T => {
  if (found === undefined) throw new Error("the letter's schema lacks a part");
  return found;
};
const [strong, em, link] = [need(marks["strong"]), need(marks["em"]), need(marks["link"])];
const [item, bullets, numbers, quote] = [
  need(nodes["list_item"]),
  need(nodes["bullet_list"]),
  need(nodes["ordered_list"]),
  need(nodes["blockquote"]),
];

const linkTo =
  (href: string): Command =>
  (state, dispatch) => {
    if (state.selection.empty) {
      dispatch?.(
        state.tr
          .insertText(href)
          .addMark(state.selection.from, state.selection.from + href.length, link.create({ href })),
      );
      return true;
    }
    return toggleMark(link, { href })(state, dispatch);
  };

const LinkTo = ({ onHref }: { onHref: (href: string | null) => void }): ReactNode => {
  const { t } = useWords();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onHref(typed(new FormData(event.currentTarget), "href").trim());
  };
  return (
    <Dialog
      open
      onClose={() => onHref(null)}
      title={t("rich.link")}
      closeLabel={t("common.close")}
      actions={
        <Button type="submit" form="link-to" look="primary">
          {t("common.save")}
        </Button>
      }
    >
      <form id="link-to" className="form" onSubmit={submit}>
        <TextField
          label={t("rich.linkTo")}
          name="href"
          defaultValue="https://"
          required
          pattern="(https?://|mailto:)\S+"
          maxLength={2000}
        />
      </form>
    </Dialog>
  );
};

/** A letter with formatting and pictures. Ctrl+Enter is left to the composer around it. */
const Rich = ({
  label,
  text,
  onChange,
  onPicture,
  onBlur,
}: {
  label: string;
  /** What it begins with; later changes of it are not followed. */
  text: string;
  onChange: (letter: { html: string; text: string }) => void;
  onPicture: (file: File) => Promise<UploadView>;
  onBlur: () => void;
}): ReactNode => {
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const told = useRef({ onChange, onPicture, onBlur });
  told.current = { onChange, onPicture, onBlur };
  const picker = useRef<HTMLInputElement>(null);
  const [linking, setLinking] = useState(false);

  const place = async (file: File): Promise<void> => {
    const upload = await told.current.onPicture(file);
    const now = view.current;
    if (now === null) return;
    const node = need(nodes["image"]).create({ id: upload.id, src: URL.createObjectURL(file), alt: upload.name });
    now.dispatch(now.state.tr.replaceSelectionWith(node));
  };
  const insert = (files: readonly File[]): boolean => {
    const pictures = files.filter(({ type }) => /^image\/(?:png|jpeg|gif|webp)$/.test(type));
    // a refused one: it was said where the file was taken
    for (const file of pictures) place(file).catch(() => undefined);
    return pictures.length > 0;
  };

  useEffect(() => {
    const inside = box.current;
    if (inside === null) return undefined;
    const editor = new EditorView(inside, {
      state: EditorState.create({
        doc: docOf(text),
        plugins: [
          history(),
          keymap({
            "Mod-z": undo,
            "Mod-y": redo,
            "Mod-Shift-z": redo,
            "Mod-b": toggleMark(strong),
            "Mod-i": toggleMark(em),
            Enter: splitListItem(item),
            "Mod-]": sinkListItem(item),
            "Mod-[": liftListItem(item),
            // the composer sends
            "Mod-Enter": () => true,
            "Mod-Shift-Enter": () => true,
          }),
          keymap(baseKeymap),
        ],
      }),
      attributes: {
        id: "composer",
        class: "rich-text",
        role: "textbox",
        "aria-multiline": "true",
        "aria-label": label,
      },
      dispatchTransaction: (transaction) => {
        editor.updateState(editor.state.apply(transaction));
        const { doc } = editor.state;
        if (transaction.docChanged) told.current.onChange({ html: htmlOf(doc), text: textOf(doc) });
      },
      handlePaste: (_, event) => insert([...(event.clipboardData?.files ?? [])]),
      handleDrop: (_, event) => insert([...(event.dataTransfer?.files ?? [])]),
      handleDOMEvents: {
        blur: () => {
          told.current.onBlur();
          return false;
        },
      },
    });
    view.current = editor;
    told.current.onChange({ html: htmlOf(editor.state.doc), text: textOf(editor.state.doc) });
    editor.focus();
    return () => {
      view.current = null;
      editor.destroy();
    };
    // the editor keeps its own text from here on
  }, []);

  const run = (command: Command) => () => {
    const now = view.current;
    if (now === null) return;
    command(now.state, now.dispatch);
    now.focus();
  };
  const tools: readonly { label: string; face: ReactNode; run: () => void }[] = [
    { label: t("rich.bold"), face: <strong>B</strong>, run: run(toggleMark(strong)) },
    { label: t("rich.italic"), face: <em>I</em>, run: run(toggleMark(em)) },
    { label: t("rich.bullets"), face: "•", run: run(wrapInList(bullets)) },
    { label: t("rich.numbers"), face: "1.", run: run(wrapInList(numbers)) },
    { label: t("rich.quote"), face: "❝", run: run(wrapIn(quote)) },
    {
      label: t("rich.link"),
      face: "🔗",
      run: () => setLinking(true),
    },
    { label: t("rich.picture"), face: "🖼", run: () => picker.current?.click() },
  ];
  return (
    <div className="rich">
      <div className="rich-tools" role="toolbar" aria-label={t("rich.tools")}>
        {tools.map((tool) => (
          <button key={tool.label} type="button" title={tool.label} onClick={tool.run}>
            <span className="hidden">{tool.label}</span>
            <span aria-hidden="true">{tool.face}</span>
          </button>
        ))}
        <input
          ref={picker}
          type="file"
          accept="image/png,image/jpeg,image/gif,image/webp"
          hidden
          onChange={(event) => {
            insert([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </div>
      <div ref={box} className="rich-box" />
      {linking ? (
        <LinkTo
          onHref={(href) => {
            setLinking(false);
            // after the dialog has given the focus back
            if (href !== null) setTimeout(run(linkTo(href)), 0);
          }}
        />
      ) : null}
    </div>
  );
};
export default Rich;

import { DOMSerializer, type Node, Schema } from "prosemirror-model";
import { schema as basic } from "prosemirror-schema-basic";
import { addListNodes } from "prosemirror-schema-list";

/** What a formatted letter is made of. A picture is an upload: shown from memory here, sent as a part of the letter. */
export const schema = new Schema({
  nodes: addListNodes(basic.spec.nodes, "paragraph block*", "block").update("image", {
    inline: true,
    group: "inline",
    draggable: true,
    attrs: { id: {}, src: {}, alt: { default: "" } },
    toDOM: (node) => ["img", { src: String(node.attrs["src"]), alt: String(node.attrs["alt"]) }],
  }),
  marks: basic.spec.marks,
});

const letter = new DOMSerializer(
  {
    ...DOMSerializer.nodesFromSchema(schema),
    image: (node) => ["img", { src: `cid:${String(node.attrs["id"])}`, alt: String(node.attrs["alt"]) }],
  },
  DOMSerializer.marksFromSchema(schema),
);

/** The letter's HTML; pictures by the id of their upload. */
export const htmlOf = (doc: Node): string => {
  // In a document of its own: in this one the browser would try to load what cid: names.
  const inert = document.implementation.createHTMLDocument("");
  const box = inert.createElement("div");
  letter.serializeFragment(doc.content, { document: inert }, box);
  return box.innerHTML;
};

/** What the letter says without markup: for the plain part, the draft and the search. */
export const textOf = (node: Node, mark = ""): string => {
  const lines: string[] = [];
  node.forEach((child, _, index) => {
    if (child.isTextblock) {
      let text = "";
      child.forEach((leaf) => {
        text += leaf.isText ? (leaf.text ?? "") : leaf.type.name === "hard_break" ? "\n" : "";
      });
      lines.push(`${index === 0 ? mark : ""}${text}`);
    } else if (child.type.name === "bullet_list" || child.type.name === "ordered_list") {
      const items: string[] = [];
      child.forEach((item, __, at) => {
        items.push(textOf(item, child.type.name === "bullet_list" ? "- " : `${at + 1}. `));
      });
      lines.push(items.join("\n"));
    } else if (child.type.name === "blockquote") lines.push(textOf(child).replaceAll(/^/gm, "> "));
    else lines.push(textOf(child));
  });
  return lines.join(node.type.name === "list_item" ? "\n" : "\n\n");
};

/** A plain text as a document: a paragraph a block of lines. */
export const docOf = (text: string): Node =>
  schema.node(
    "doc",
    null,
    (text === "" ? [""] : text.split(/\n{2,}/u)).map((block) =>
      schema.node(
        "paragraph",
        null,
        block
          .split("\n")
          .flatMap((line, i) => [
            ...(i === 0 ? [] : [schema.node("hard_break")]),
            ...(line === "" ? [] : [schema.text(line)]),
          ]),
      ),
    ),
  );

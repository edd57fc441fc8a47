/** Text as it is compared: white space and quote marks aside. */
const plain = (text: string): string => text.replace(/[\s>\u00a0]+/g, " ").trim();

/** Shorter beginnings of a quotation stand elsewhere in a letter too. */
const shortest = 8;

/** What of the text stands visible before the quoted part begins, and how that part begins; null = nothing to fold. */
const quotedStart = (text: string, from: unknown, to: unknown): string | null => {
  if (typeof from !== "number" || from <= 0 || from >= text.length) return null;
  // An answer below the quotation: what is folded would be in the middle.
  if (typeof to === "number" && plain(text.slice(to)) !== "") return null;
  const start = plain(text.slice(from)).slice(0, 60);
  return start.length < shortest || plain(text.slice(0, from)) === "" ? null : start;
};

/**
 * Hides the quoted end of a letter's HTML: everything from where the plain text says that it begins. Gives the hidden
 * elements, none when the place was not found.
 */
export const hideQuoted = (input: {
  readonly body: HTMLElement;
  readonly text: string;
  readonly from: unknown;
  readonly to: unknown;
}): readonly HTMLElement[] => {
  const start = quotedStart(input.text, input.from, input.to);
  if (start === null) return [];
  const { body } = input;
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  let found: Node | null = null;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const here = plain(node.textContent ?? "");
    if (here.length >= shortest && (here.startsWith(start) || start.startsWith(here))) found = node;
  }
  if (found === null) return [];
  const hidden: HTMLElement[] = [];
  const hide = (node: Node): void => {
    // Loose text gets an element of its own, so that it can be hidden.
    const view = body.ownerDocument.defaultView;
    if (view === null) return;
    if (node instanceof view.HTMLElement) {
      node.hidden = true;
      hidden.push(node);
    } else if (plain(node.textContent ?? "") !== "") {
      const span = body.ownerDocument.createElement("span");
      node.parentNode?.replaceChild(span, node);
      span.append(node);
      span.hidden = true;
      hidden.push(span);
    }
  };
  let at: Node = found;
  for (const later of after(found)) hide(later);
  while (at.parentNode !== null && at.parentNode !== body) {
    at = at.parentNode;
    for (const later of after(at)) hide(later);
  }
  // Empty lines in front would leave a gap.
  for (
    let before = at.previousSibling;
    before !== null && plain(before.textContent ?? "") === "";
    before = before.previousSibling
  )
    if (before.nodeName === "BR") hide(before);
  hide(found);
  return hidden;
};

const after = (node: Node): readonly Node[] => {
  const later: Node[] = [];
  for (let next = node.nextSibling; next !== null; next = next.nextSibling) later.push(next);
  return later;
};

import sanitizeHtml from "sanitize-html";

/** Longer HTML is shown as text: sanitising costs about half a second a megabyte. */
const longestHtml = 1_000_000;

const options: sanitizeHtml.IOptions = {
  allowedTags:
    "p div span br b strong i em u s a ul ol li blockquote pre code table thead tbody tfoot tr td th h1 h2 h3 h4 h5 h6 img hr font center sub sup small big".split(
      " ",
    ),
  allowedAttributes: {
    "*": ["style", "align", "valign", "dir", "lang", "title", "width", "height", "bgcolor", "color"],
    a: ["href", "name", "target", "rel"],
    img: ["src", "alt", "data-blocked-src"],
    td: ["colspan", "rowspan"],
    th: ["colspan", "rowspan"],
    table: ["border", "cellpadding", "cellspacing"],
    font: ["face", "size"],
  },
  allowedSchemes: ["http", "https", "mailto", "tel"],
  allowedSchemesByTag: { img: ["cid"] },
  allowProtocolRelative: false,
  allowedStyles: {
    "*": {
      color: [/^[#\w(), .%]+$/],
      "background-color": [/^[#\w(), .%]+$/],
      "text-align": [/^\w+$/],
      "font-weight": [/^\w+$/],
      "font-size": [/^[\d.]+(px|pt|em|%)$/],
      "font-family": [/^[\w ,"'-]+$/],
    },
  },
  nestingLimit: 200,
  disallowedTagsMode: "discard",
  nonTextTags: ["script", "style", "textarea", "option", "noscript", "title"],
  transformTags: {
    a: (_, attribs) => ({
      tagName: "a",
      attribs: { ...attribs, target: "_blank", rel: "noopener noreferrer nofollow" },
    }),
    // A remote picture tells its sender when and where it was looked at: kept aside until somebody asks for it.
    img: (_, attribs) => ({
      tagName: "img",
      attribs: /^cid:/i.test(attribs["src"] ?? "")
        ? attribs
        : { alt: attribs["alt"] ?? "", "data-blocked-src": attribs["src"] ?? "" },
    }),
  },
};

/** HTML that is safe in a sandboxed frame; undefined when there is too much of it. */
export const sanitise = (html: string): string | undefined =>
  html.length > longestHtml ? undefined : sanitizeHtml(html, options);

/** Text without the insides of <script> and <style>; one pass. */
const withoutCode = (html: string): string => {
  const lower = html.toLowerCase();
  let kept = "";
  let at = 0;
  for (const opening of lower.matchAll(/<(script|style)\b/g)) {
    if (opening.index < at) continue;
    kept += html.slice(at, opening.index);
    const end = lower.indexOf(`</${opening[1]}`, opening.index);
    at = end < 0 ? html.length : end;
  }
  return kept + html.slice(at);
};

const lineEnds = /<br\b[^<>]{0,1000}>|<\/(?:p|div|tr|li|h[1-6]|table|ul|ol|pre)\s*>|<hr\b[^<>]{0,1000}>/gi;

/** One piece of HTML without quotations in it, as lines. */
const linesOf = (html: string): string =>
  html
    .replace(/\s+/g, " ")
    .replace(lineEnds, "\n")
    .replace(/<[^<>]{0,10000}>/g, " ")
    .replace(/&nbsp;/g, " ")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&")
    .split("\n")
    .map((line) => line.replace(/[ \t]{2,}/g, " ").trim())
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();

/** Readable text of HTML the mail parser gives none for: lines and quotations are kept, nothing else is understood. Linear. */
export const textOf = (html: string): string => {
  let depth = 0;
  const parts: string[] = [];
  for (const piece of withoutCode(html.slice(0, 4 * longestHtml)).split(/(<\/?blockquote\b[^<>]{0,1000}>)/i)) {
    if (/^<\/blockquote/i.test(piece)) depth = Math.max(0, depth - 1);
    else if (/^<blockquote/i.test(piece)) depth = Math.min(20, depth + 1);
    else {
      const text = linesOf(piece);
      if (text !== "") parts.push(depth === 0 ? text : text.replace(/^/gm, `${">".repeat(depth)} `));
    }
  }
  return parts.join("\n\n");
};

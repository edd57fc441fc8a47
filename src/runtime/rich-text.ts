import type sanitizeHtml from "sanitize-html";

const options: sanitizeHtml.IOptions = {
  allowedTags: "p div span br b strong i em u s a ul ol li blockquote pre code h1 h2 h3 img hr".split(" "),
  allowedAttributes: { a: ["href"], img: ["src", "alt", "width", "height"] },
  allowedSchemes: ["http", "https", "mailto", "tel"],
  // Pictures travel with the letter: one fetched from elsewhere would tell us when it is read.
  allowedSchemesByTag: { img: ["cid"] },
  allowProtocolRelative: false,
  nestingLimit: 50,
};

/** An agent's formatted text as it may be stored and sent. The library is loaded with the first one. */
export const sanitiseAnswer = async (html: string): Promise<string> => {
  const { default: sanitize } = await import("sanitize-html");
  return sanitize(html, options);
};

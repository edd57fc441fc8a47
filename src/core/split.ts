const characters = new Intl.Segmenter("und", { granularity: "grapheme" });

/** Where a text longer than `limit` breaks best: after a line, else after a word, else between two characters. */
const breakAt = (text: string, limit: number): number => {
  const window = text.slice(0, limit + 1);
  const least = Math.floor(limit / 2);
  const line = window.lastIndexOf("\n");
  if (line >= least) return line;
  const space = window.search(/\s\S*$/u);
  if (space >= least) return space;
  let end = 0;
  for (const { index, segment } of characters.segment(text.slice(0, limit + 64))) {
    if (index + segment.length > limit) break;
    end = index + segment.length;
  }
  return end > 0 ? end : limit;
};

/**
 * A text as the messages a channel can carry, each at most `limit` UTF-16 code units. Breaks on a line or a word where
 * one is near; a character is never cut. What is lost is only the white space at the breaks.
 */
export const splitText = (text: string, limit: number): readonly string[] => {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > limit) {
    const at = breakAt(rest, limit);
    pieces.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  pieces.push(rest);
  return pieces.filter((piece, index) => piece !== "" || (index === 0 && pieces.length === 1));
};

/** The same where a channel also counts bytes of UTF-8: a piece too long in bytes is split again. */
export const splitFor = (
  text: string,
  limits: { readonly text: number; readonly textBytes?: number },
): readonly string[] => {
  const { textBytes } = limits;
  const pieces = splitText(text, limits.text);
  if (textBytes === undefined) return pieces;
  return pieces.flatMap((piece) => {
    const bytes = Buffer.byteLength(piece);
    if (bytes <= textBytes || piece.length < 2) return [piece];
    // As many characters as fit on average; what does not fit then is split once more.
    const fitting = Math.max(1, Math.min(piece.length - 1, Math.floor((piece.length * textBytes) / bytes)));
    return splitFor(piece, { text: fitting, textBytes });
  });
};

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

/**
 * Finds the quoted text and the signature of a plain-text reply: line-based, linear time. Nothing is ever removed;
 * the desk folds what these ranges name. Phrases are those of real clients in cs, sk, pl, en, de (and some more).
 */
export interface Fold {
  /** [from, to) in UTF-16 code units of the text. */
  readonly quoted?: readonly [number, number];
  readonly signature?: readonly [number, number];
}

/** Longer lines are never an attribution; also what keeps the expressions cheap. */
const longestLine = 400;
const wrote =
  /(?:napsal(?:a|\(a\)|i)?|napísal(?:a|\(a\))?|napisał(?:a|\(a\))?|pisze|wrote|schrieb|a écrit|ha scritto|escribió|escreveu|пишет|написал(?:а|\(а\))?)\s*:?\s*$/iu;
const hasDate =
  /\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}\b|\b\d{4}-\d\d-\d\d\b|\b(?:19|20)\d\d\b|\b\d{1,2}:\d{2}\b|\S+@\S+\.\S+/;
const bareApple = /^\d{1,2}\.\s?\d{1,2}\.\s?\d{4}\s+(?:v|o|o godz\.)\s+\d{1,2}:\d{2},?\s+.{1,200}<\S+@\S+>:?\s*$/iu;
const wroteInFront =
  /^(?:Wiadomość napisana przez|Le .{1,80} a écrit|W dniu .{1,120}(?:pisze|napisał(?:a|\(a\))?))(?!\p{L}).{0,200}:?\s*$/iu;
const original =
  /^[\s>*]*[-_–—]{2,}\s*(?:p[uů]vodn[ií] (?:e-?mail|zpr[aá]va)|p[oô]vodn[aáyý] (?:spr[aá]va|e-?mail)|p[rř]eposlan[aá] zpr[aá]va|preposlan[aá] spr[aá]va|odpov[eě]zen[aá] zpr[aá]va|wiadomo[sś][cć] oryginalna|oryginalna wiadomo[sś][cć]|original message|original appointment|urspr[uü]ngliche nachricht|forwarded message|message d'origine)\s*[-_–—]{2,}\s*$/iu;
const fromLine = /^\s*\*?(?:Od|From|Von|De|Da|От)\s?:\*?\s+\S/iu;
const headerLine =
  /^\s*\*?(?:Odesl[aá]no|Odoslan[eé]|Posl[aá]no|Wys[lł]ano|Sent|Gesendet|Envoy[eé]|Datum|D[aá]tum|Date|Data|Komu|To|An|Do|Kopie|Cc|DW|P[rř]edm[eě]t|Predmet|Subject|Betreff|Temat|Objet)\s?:\*?\s/iu;
const rule = /^\s*_{10,}\s*$/;
const mobile =
  /^\s*(?:Odesl[aá]no z |Odoslan[eé] z |Posl[aá]no z |Wys[lł]ano z |Z[ií]skejte Outlook pro |Z[ií]skajte Outlook pre |Pobierz Outlook|Get Outlook for |Sent from (?:my |Outlook|Mail |Yahoo)|Von meinem .{1,40} gesendet|Gesendet von )/iu;

interface Lines {
  readonly count: number;
  raw(line: number): string;
  /** Trimmed; "" for a line too long to be looked at. */
  at(line: number): string;
  quoted(line: number): boolean;
  empty(line: number): boolean;
  nextText(line: number): number;
  /** Offset of a line's first character; the text's length behind the last. */
  offset(line: number): number;
}

const linesOf = (text: string): Lines => {
  const lines = text.split("\n");
  const offsets: number[] = [];
  let at = 0;
  for (const line of lines) {
    offsets.push(at);
    at += line.length + 1;
  }
  const raw = (line: number): string => lines[line] ?? "";
  const empty = (line: number): boolean => raw(line).trim() === "";
  return {
    count: lines.length,
    raw,
    at: (line) => (raw(line).length <= longestLine ? raw(line).trim() : ""),
    quoted: (line) => /^\s*>/.test(raw(line)),
    empty,
    nextText: (line) => {
      let next = line;
      while (next < lines.length && empty(next)) next++;
      return next;
    },
    offset: (line) => offsets[line] ?? text.length,
  };
};

/** "inline" = the author answers between the quoted lines: nothing may be folded. */
type Cut = { readonly from: number; readonly to: number } | "inline" | undefined;

const attribution = (lines: Lines, line: number): Cut => {
  const first = lines.at(line);
  const joined = [first, `${first} ${lines.at(line + 1)}`, `${first} ${lines.at(line + 1)} ${lines.at(line + 2)}`];
  for (const [extra, phrase] of joined.entries()) {
    if (phrase.length > longestLine || (extra > 0 && lines.at(line + extra) === "")) return undefined;
    if (!(wrote.test(phrase) || wroteInFront.test(phrase) || bareApple.test(phrase)) || !hasDate.test(phrase)) continue;
    const next = lines.nextText(line + extra + 1);
    if (next < lines.count && !lines.quoted(next) && !/:\s*$/.test(phrase)) continue;
    let end = next;
    while (end < lines.count && (lines.quoted(end) || lines.empty(end))) end++;
    if (lines.quoted(next) && end < lines.count) return lines.nextText(0) >= line ? { from: 0, to: end } : "inline";
    return { from: line, to: lines.count };
  }
  return undefined;
};

const headerBlock = (lines: Lines, line: number): boolean =>
  fromLine.test(lines.at(line)) &&
  [1, 2, 3, 4, 5].filter((below) => headerLine.test(lines.at(line + below))).length >= 2;

/** A block of ">" lines without a phrase before it: at the end, or at the head when the answer stands below. */
const unannounced = (lines: Lines): Cut => {
  let last = lines.count - 1;
  while (last >= 0 && lines.empty(last)) last--;
  const quotes = Array.from({ length: lines.count }, (_, line) => lines.quoted(line));
  if (last < 0) return undefined;
  if (quotes[last] === true) {
    let start = last;
    while (start >= 0 && (quotes[start] === true || lines.empty(start))) start--;
    return start >= 0 && !quotes.slice(0, start + 1).includes(true) ? { from: start + 1, to: lines.count } : undefined;
  }
  const first = lines.nextText(0);
  if (quotes[first] !== true) return undefined;
  let end = first;
  while (end < lines.count && (quotes[end] === true || lines.empty(end))) end++;
  return end < lines.count && !quotes.slice(end).includes(true) ? { from: 0, to: end } : undefined;
};

const quotedLines = (lines: Lines): Cut => {
  for (let line = 0; line < lines.count; line++) {
    const text = lines.at(line);
    if (text === "") continue;
    const announced =
      original.test(text) ||
      (rule.test(text) && fromLine.test(lines.at(lines.nextText(line + 1)))) ||
      headerBlock(lines, line);
    if (announced) return { from: line, to: lines.count };
    const found = attribution(lines, line);
    if (found !== undefined) return found;
  }
  return unannounced(lines);
};

/** Only the "-- " mark and the footers of mobile clients; a greeting is part of the letter. */
const signatureLine = (lines: Lines, end: number): number => {
  for (let line = Math.max(1, end - 15); line < end; line++) if (/^-- ?$/.test(lines.raw(line))) return line;
  for (let line = 1; line < end; line++) {
    if (lines.raw(line).length >= 120 || !mobile.test(lines.raw(line))) continue;
    let below = 0;
    for (let next = line + 1; next < end && below <= 2; next++) if (!lines.empty(next)) below++;
    if (below <= 2) return line;
  }
  return -1;
};

/** Some programs put the signature below the quotation: then it does not make the quotation one in the middle. */
const signedBelow = (text: string, lines: Lines): Fold | undefined => {
  const signature = signatureLine(lines, lines.count);
  if (signature <= 0 || !/^-- ?$/.test(lines.raw(signature))) return undefined;
  const at = lines.offset(signature);
  const above = linesOf(text.slice(0, at).trimEnd());
  const cut = quotedLines(above);
  if (cut === undefined || cut === "inline" || cut.from === 0 || cut.to < above.count) return undefined;
  return { quoted: [above.offset(cut.from), at], signature: [at, text.length] };
};

/** What of this text (line ends "\n") is quoted, what is a signature. A text that would vanish whole is not folded. */
export const foldOf = (text: string): Fold => {
  const lines = linesOf(text);
  const cut = quotedLines(lines);
  const quoted = cut === undefined || cut === "inline" ? undefined : cut;
  const below = quoted === undefined ? signedBelow(text, lines) : undefined;
  if (below !== undefined) return below;
  const visibleFrom = quoted?.from === 0 ? quoted.to : 0;
  const visibleTo = quoted !== undefined && quoted.from > 0 ? quoted.from : lines.count;
  const signature = signatureLine(lines, visibleTo);
  const end = signature > visibleFrom ? signature : visibleTo;
  const seen = text.slice(lines.offset(visibleFrom), lines.offset(end));
  if (seen.trim() === "") return {};
  return {
    ...(quoted === undefined ? {} : { quoted: [lines.offset(quoted.from), lines.offset(quoted.to)] as const }),
    ...(end === visibleTo ? {} : { signature: [lines.offset(end), lines.offset(visibleTo)] as const }),
  };
};

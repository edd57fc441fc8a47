/**
 * Mail of Central Europe lies about its charset: windows-1250 labelled latin1, utf-8 or nothing at all.
 * Bytes decide before the label does.
 */
const utf8 = new TextDecoder("utf-8", { fatal: true });
const repairable =
  /^(|us-?ascii|ascii|ansi_x3\.4-1968|utf-?8|iso-8859-(1|2|15)|latin-?[12]|windows-125[02]|cp125[02])$/i;
const western = /^(iso-8859-1|iso-8859-15|latin-?1|windows-1252|cp1252)$/i;
const central = /^(iso-8859-2|latin-?2|windows-1250|cp1250)$/i;

/** Whether we decode this label ourselves; others (Japanese, Cyrillic ...) are left to the mail parser. */
export const decodesCharset = (label: string): boolean => repairable.test(label.trim());

const asUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
};

/** Letters of cs/sk/pl/de count for a decoding, symbols and controls in its place against it. */
const plausibility = (text: string): number =>
  (text.match(/[áčďéěíňóřšťúůýžľĺŕôäąćęłńśźżüößÁČĎÉĚÍŇÓŘŠŤÚŮÝŽĽĹŔÔÄĄĆĘŁŃŚŹŻÜÖ]/g)?.length ?? 0) -
  3 * (text.match(/[\u0080-\u009f\ufffd©®«»µ¤¦¬¶·¸¹¾¼¿×÷]/g)?.length ?? 0);

const centralEuropean = (bytes: Uint8Array, fallback: string): string => {
  const candidates = [...new Set([fallback, "windows-1250", "iso-8859-2"])].map((label) =>
    new TextDecoder(label).decode(bytes),
  );
  return candidates.reduce((best, next) => (plausibility(next) > plausibility(best) ? next : best));
};

/**
 * Whether text decoded as latin1 is really Czech, Slovak or Polish: letters no Western language mixes
 * (ì ø ù ý beside á í ý, or a superscript inside a word), and no Nordic ones.
 */
const misread = (text: string): boolean =>
  /\p{Ll}[³¹¿¼¾¶]\p{Ll}/u.test(text) || (/[ìøùýØÌÙÝ]/.test(text) && /[áíýÁÍÝ]/.test(text) && !/[åæðþÅÆÐÞ]/.test(text));

/** Text of a part, by its bytes, its label ("" = none) and the mailbox's fallback charset. */
export const decodeText = (input: { bytes: Uint8Array; label: string; fallback: string }): string => {
  const label = input.label.trim().toLowerCase();
  const valid = asUtf8(input.bytes);
  if (valid !== undefined) return valid;
  if (western.test(label)) {
    const text = new TextDecoder("windows-1252").decode(input.bytes);
    return misread(text) ? centralEuropean(input.bytes, input.fallback) : text;
  }
  if (central.test(label)) {
    // A byte that iso-8859-2 leaves to control codes is a letter of windows-1250, whatever the label says.
    const windows = label.includes("1250") || input.bytes.some((byte) => byte >= 0x80 && byte <= 0x9f);
    return new TextDecoder(windows ? "windows-1250" : "iso-8859-2").decode(input.bytes);
  }
  // A mostly valid utf-8 text with one broken character stays utf-8.
  const lenient = new TextDecoder("utf-8").decode(input.bytes);
  const broken = lenient.match(/\ufffd/g)?.length ?? 0;
  const sound = lenient.match(/[\u0080-\ufffc]/g)?.length ?? 0;
  return label.startsWith("utf") && sound > 4 * broken ? lenient : centralEuropean(input.bytes, input.fallback);
};

const encodedWord = /=\?([\w.:-]+)(?:\*[\w-]+)?\?([bq])\?([^?]*)\?=/gi;

const wordBytes = (encoding: string, value: string): Buffer =>
  encoding.toLowerCase() === "b"
    ? Buffer.from(value, "base64")
    : Buffer.from(
        value
          .replace(/_/g, " ")
          .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
        "latin1",
      );

/** A header decoded again from its bytes (one character a byte), for the mails whose labels lie there too. */
export const decodeHeader = (binary: string, fallback: string): string => {
  const unfolded = binary.replace(/\r?\n[ \t]+/g, " ").replace(/\?=\s+=\?/g, "?==?");
  let text = "";
  let at = 0;
  const plain = (part: string): string => decodeText({ bytes: Buffer.from(part, "latin1"), label: "", fallback });
  for (const match of unfolded.matchAll(encodedWord)) {
    const [whole, label = "", encoding = "", value = ""] = match;
    text += plain(unfolded.slice(at, match.index)) + decodeText({ bytes: wordBytes(encoding, value), label, fallback });
    at = match.index + whole.length;
  }
  return (text + plain(unfolded.slice(at))).trim();
};

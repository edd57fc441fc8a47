/** What a visitor may send. Office documents and archives are not in it: nobody opens a stranger's macro. */
export const visitorFileTypes = [
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/heic",
  "application/pdf",
  "text/plain",
] as const;
export type VisitorFileType = (typeof visitorFileTypes)[number];

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

const isText = (bytes: Uint8Array): boolean => {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

/** The type the bytes themselves show; undefined for everything a visitor may not send. */
export const sniff = (bytes: Uint8Array): VisitorFileType | undefined => {
  const head = ascii(bytes, 0, 16);
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (/^GIF8[79]a/.test(head)) return "image/gif";
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "image/webp";
  if (head.slice(4, 8) === "ftyp" && /^(heic|heix|mif1|msf1)/.test(head.slice(8, 12))) return "image/heic";
  if (head.startsWith("%PDF-")) return "application/pdf";
  return isText(bytes) && !/^\s*<(!doctype|html|svg|\?xml|script)/i.test(ascii(bytes, 0, 200))
    ? "text/plain"
    : undefined;
};

const ends: Record<VisitorFileType, readonly string[]> = {
  "image/png": ["png"],
  "image/jpeg": ["jpg", "jpeg", "jpe", "jfif"],
  "image/gif": ["gif"],
  "image/webp": ["webp"],
  "image/heic": ["heic", "heif"],
  "application/pdf": ["pdf"],
  "text/plain": ["txt", "text", "log", "csv", "md"],
};

/** A name without path, control or direction marks, that ends as its content says. */
export const safeName = (name: string, type: VisitorFileType): string => {
  const plain = name
    .replace(/^.*[/\\]/s, "")
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .trim()
    .slice(-120);
  const end = /\.([a-z0-9]{1,5})$/i.exec(plain)?.[1]?.toLowerCase();
  if (plain !== "" && end !== undefined && ends[type].includes(end)) return plain;
  return `${plain || "file"}.${ends[type][0] ?? "bin"}`;
};

/**
 * Reads what Outlook wraps into winmail.dat (MS-OXTNEF, MS-OXCMAPIHT, MS-OXRTFCP): files and the text of the letter.
 * Pure and bounded: what is cut off or wrong ends the reading, and what was found until then counts.
 */
export interface TnefFile {
  readonly name: string;
  readonly mimeType?: string;
  readonly contentId?: string;
  readonly bytes: Uint8Array;
}

export interface Tnef {
  readonly files: readonly TnefFile[];
  readonly text?: string;
  readonly html?: string;
  readonly rtf?: Uint8Array;
}

const signature = 0x223e9f78;
const mostFiles = 200;
const mostProperties = 2_000;
const largestRtf = 5_000_000;
const deepest = 3;

const attribute = {
  title: 0x8010,
  data: 0x800f,
  rendering: 0x9002,
  properties: 0x9005,
  message: 0x9003,
  codepage: 0x9007,
};
const property = {
  body: 0x1000,
  rtf: 0x1009,
  html: 0x1013,
  dataObject: 0x3701,
  shortName: 0x3704,
  longName: 0x3707,
  mimeType: 0x370e,
  contentId: 0x3712,
  displayName: 0x3001,
};

/** Bytes of a value of fixed length, padded as it lies there, by MAPI type. */
const fixedLength: Readonly<Record<number, number>> = {
  0x02: 4,
  0x03: 4,
  0x04: 4,
  0x05: 8,
  0x06: 8,
  0x07: 8,
  0x0a: 4,
  0x0b: 4,
  0x14: 8,
  0x40: 8,
  0x48: 16,
};
const variable = new Set([0x0d, 0x1e, 0x1f, 0x102]);

/** Thrown where the bytes end too early; never leaves this file. */
class Short extends Error {}

/** Walks over bytes, little endian. */
const walker = (bytes: Buffer) => {
  let at = 0;
  const take = (count: number): Buffer => {
    if (count < 0 || at + count > bytes.length) throw new Short();
    at += count;
    return bytes.subarray(at - count, at);
  };
  return {
    left: (): number => bytes.length - at,
    take,
    u8: (): number => take(1).readUInt8(),
    u16: (): number => take(2).readUInt16LE(),
    u32: (): number => take(4).readUInt32LE(),
    pad: (): void => {
      if (at % 4 !== 0) take(Math.min(4 - (at % 4), bytes.length - at));
    },
  };
};

interface Value {
  readonly type: number;
  readonly bytes: Buffer;
}

/** MAPI properties by id; named ones (0x8000 and above) are read over. */
const readProperties = (bytes: Buffer): ReadonlyMap<number, Value> => {
  const found = new Map<number, Value>();
  const walk = walker(bytes);
  try {
    const count = walk.u32();
    for (let nth = 0; nth < Math.min(count, mostProperties); nth++) {
      const full = walk.u16();
      const id = walk.u16();
      const type = full & 0x0fff;
      const multiple = (full & 0x1000) !== 0;
      if (id >= 0x8000) {
        walk.take(16);
        if (walk.u32() === 0) walk.u32();
        else {
          walk.take(walk.u32());
          walk.pad();
        }
      }
      const varies = variable.has(type);
      const values = multiple || varies ? walk.u32() : 1;
      for (let value = 0; value < Math.min(values, mostProperties); value++) {
        const length = varies ? walk.u32() : fixedLength[type];
        if (length === undefined) return found;
        const content = walk.take(length);
        walk.pad();
        if (value === 0 && !found.has(id)) found.set(id, { type, bytes: content });
      }
    }
  } catch (error) {
    if (!(error instanceof Short)) throw error;
  }
  return found;
};

const decoder = (codepage: number) => {
  try {
    return new TextDecoder(codepage === 65001 ? "utf-8" : `windows-${codepage}`);
  } catch {
    return new TextDecoder("windows-1252");
  }
};

const textOf = ({ type, bytes }: Value, codepage: number): string =>
  (type === 0x1f ? new TextDecoder("utf-16le") : decoder(codepage)).decode(bytes).replace(/\0[^]*$/, "");

/** LZFu's dictionary before the first byte (MS-OXRTFCP 2.1.2.1). */
const primer =
  "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/** Unpacks PR_RTF_COMPRESSED; undefined when it is damaged. */
const unpackRtf = (bytes: Buffer): Uint8Array | undefined => {
  const walk = walker(bytes);
  try {
    walk.u32();
    const size = Math.min(walk.u32(), largestRtf);
    const kind = walk.u32();
    walk.u32();
    if (kind === 0x414c454d) return Uint8Array.from(walk.take(Math.min(size, walk.left())));
    if (kind !== 0x75465a4c) return undefined;
    const ring = Buffer.alloc(4096);
    let write = ring.write(primer, "latin1");
    const out = Buffer.alloc(size);
    const made = { bytes: 0 };
    const put = (byte: number): void => {
      if (made.bytes < size) out[made.bytes++] = byte;
      ring[write] = byte;
      write = (write + 1) % 4096;
    };
    while (made.bytes < size && walk.left() > 0) {
      const control = walk.u8();
      for (let bit = 0; bit < 8 && walk.left() > 0 && made.bytes < size; bit++) {
        if ((control & (1 << bit)) === 0) put(walk.u8());
        else {
          const token = walk.take(2).readUInt16BE();
          const from = token >> 4;
          if (from === write) return Uint8Array.from(out.subarray(0, made.bytes));
          for (let step = 0; step < (token & 0xf) + 2; step++) put(ring[(from + step) % 4096] ?? 0);
        }
      }
    }
    return Uint8Array.from(out.subarray(0, made.bytes));
  } catch (error) {
    if (error instanceof Short) return undefined;
    throw error;
  }
};

interface Open {
  title?: string;
  data?: Buffer;
  properties?: ReadonlyMap<number, Value>;
}

/** The finished file, or the files of a letter that was attached as one. */
const filesOf = ({ title, data, properties }: Open, codepage: number, depth: number): readonly TnefFile[] => {
  const text = (id: number): string => {
    const value = properties?.get(id);
    return value === undefined ? "" : textOf(value, codepage).trim();
  };
  const object = properties?.get(property.dataObject);
  // The first sixteen bytes of an object say what kind it is (MS-OXTNEF 2.1.3.3.15).
  const whole = object?.type === 0x0d ? object.bytes.subarray(16) : object?.bytes;
  const bytes = data ?? whole;
  if (bytes === undefined) return [];
  if (bytes.length > 4 && bytes.readUInt32LE() === signature && depth < deepest) {
    const inner = readTnef(bytes, depth + 1);
    if (inner !== undefined && inner.files.length > 0) return inner.files;
  }
  const names = [text(property.longName), title ?? "", text(property.shortName), text(property.displayName)];
  const mimeType = text(property.mimeType).toLowerCase();
  const contentId = text(property.contentId);
  return [
    {
      name: names.find((name) => name !== "") ?? "",
      ...(/^[\w.+-]+\/[\w.+-]+$/.test(mimeType) ? { mimeType } : {}),
      ...(contentId === "" ? {} : { contentId }),
      bytes,
    },
  ];
};

/** Undefined: not TNEF. */
export const readTnef = (given: Uint8Array, depth = 0): Tnef | undefined => {
  const walk = walker(Buffer.from(given.buffer, given.byteOffset, given.byteLength));
  const files: TnefFile[] = [];
  let message: ReadonlyMap<number, Value> = new Map();
  let codepage = 1252;
  let open: Open | undefined;
  const close = (): void => {
    if (open !== undefined && files.length < mostFiles) files.push(...filesOf(open, codepage, depth));
    open = undefined;
  };
  try {
    if (walk.u32() !== signature) return undefined;
    walk.u16();
    while (walk.left() > 0) {
      const level = walk.u8();
      if (level !== 1 && level !== 2) break;
      const id = walk.u32() & 0xffff;
      const content = walk.take(walk.u32());
      walk.take(Math.min(2, walk.left()));
      if (id === attribute.codepage && content.length >= 4) codepage = content.readUInt32LE();
      else if (id === attribute.message) message = readProperties(content);
      else if (level === 2) {
        if (id === attribute.rendering) close();
        open ??= {};
        if (id === attribute.title)
          open.title = decoder(codepage)
            .decode(content)
            .replace(/\0[^]*$/, "")
            .trim();
        else if (id === attribute.data) open.data = content;
        else if (id === attribute.properties) open.properties = readProperties(content);
      }
    }
  } catch (error) {
    if (!(error instanceof Short)) throw error;
  }
  close();
  const [body, html, rtf] = [property.body, property.html, property.rtf].map((id) => message.get(id));
  const unpacked = rtf === undefined ? undefined : unpackRtf(rtf.bytes);
  return {
    files,
    ...(body === undefined ? {} : { text: textOf(body, codepage) }),
    ...(html === undefined ? {} : { html: textOf(html, codepage) }),
    ...(unpacked === undefined || unpacked.length === 0 ? {} : { rtf: unpacked }),
  };
};

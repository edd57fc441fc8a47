import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { parseMail } from "../../../connectors/email/parse.ts";
import type { Letter } from "../../../connectors/email/letter.ts";

const samples = new URL("../../../connectors/email/samples/", import.meta.url);

/** Reads a mail as the worker does, attachments thrown away after counting. */
export const readLetter = (raw: Uint8Array | string): Promise<Letter> =>
  parseMail({
    source: Readable.from([Buffer.from(raw)]),
    fallback: "windows-1250",
    sink: async (_, content) => {
      let bytes = 0;
      for await (const chunk of content) bytes += (chunk as Uint8Array).byteLength;
      return bytes;
    },
  });

export const readSample = async (name: string): Promise<Letter> => readLetter(await readFile(new URL(name, samples)));

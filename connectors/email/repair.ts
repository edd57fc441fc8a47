import { Transform } from "node:stream";
import type { MailParser } from "mailparser";
import { decodesCharset, decodeText } from "./charset.ts";

/** Not a charset of anybody: brings text parts to our decoder instead of the parser's. */
const ours = "x-by-its-bytes-";

/** Collects a part's bytes; the decision needs all of them. */
const byItsBytes = (label: string, fallback: string): Transform => {
  const chunks: Buffer[] = [];
  return new Transform({
    transform: (chunk: Buffer, _, done) => {
      chunks.push(chunk);
      done();
    },
    flush(done) {
      this.push(Buffer.from(decodeText({ bytes: Buffer.concat(chunks), label, fallback })));
      done();
    },
  });
};

const isNode = (chunk: unknown): chunk is { type: "node"; charset: string | false } =>
  typeof chunk === "object" && chunk !== null && "type" in chunk && chunk.type === "node" && "charset" in chunk;

/**
 * Makes the parser decode Central European, unlabelled and utf-8 text through charset.ts. The parser has no public
 * place for this: two of its methods are wrapped, and the charset tests fail should an update move them.
 */
export const repairCharsets = ({ parser, fallback }: { parser: MailParser; fallback: string }): MailParser => {
  const processChunk: unknown = Reflect.get(parser, "processChunk");
  const decoder: unknown = Reflect.get(parser, "decoder");
  const decodeStream: unknown =
    typeof decoder === "object" && decoder !== null ? Reflect.get(decoder, "decodeStream") : 0;
  if (typeof processChunk !== "function" || typeof decodeStream !== "function")
    throw new Error("This version of mailparser cannot be taught to mend charsets.");
  Reflect.set(parser, "processChunk", (chunk: unknown, done: unknown): unknown => {
    if (isNode(chunk) && decodesCharset(chunk.charset || "")) chunk.charset = ours + (chunk.charset || "");
    return Reflect.apply(processChunk, parser, [chunk, done]);
  });
  Reflect.set(parser, "decoder", {
    decodeStream: (charset: string): unknown =>
      charset.startsWith(ours)
        ? byItsBytes(charset.slice(ours.length), fallback)
        : Reflect.apply(decodeStream, decoder, [charset]),
  });
  return parser;
};

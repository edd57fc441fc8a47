import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { Refused } from "#core/refused";
import { mayWork } from "#core/scope";
import { isUuid } from "#core/uuid";
import { upload } from "#wire";
import { appendAudit } from "#store/audit";
import { keepingHead, sniff } from "#runtime/sniff";
import { conversationAccess, messageSource } from "#store/sources";
import { recordUpload } from "#store/uploads";
import { audienceOf } from "../present/classes.ts";
import { rangeOf, unlessGone } from "../ranges.ts";
import { type Call, idParam, route, type Route } from "../route.ts";

const fileName = z
  .string()
  .min(1)
  .max(255)
  // Control characters and path separators have no place in a name that a browser will save under.
  .transform((name) => name.replace(/[\p{Cc}\p{Cf}/\\]/gu, "_").trim() || "file");

const shown = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
  "application/pdf",
  "audio/mpeg",
  "audio/ogg",
  "audio/wav",
  "audio/mp4",
  "audio/x-m4a",
  "audio/webm",
  "video/mp4",
  "video/webm",
]);

/** Whether a browser may show it in our origin. Never HTML, SVG or XML, which can carry scripts. */
const mayShowInline = (mime: string): boolean => shown.has(mime);

const receive = async ({
  context,
  who,
  query,
  request,
}: Call<unknown, { conversationId: string; name: string }, undefined>) => {
  const { db, files, config } = context;
  const conversation = await conversationAccess({ db, scope: who.scope, id: query.conversationId });
  if (conversation === null) throw new Refused("not-found", "There is no such conversation.");
  if (!mayWork(who.scope, conversation.tenantId)) throw new Refused("forbidden", "You may look, not write.");
  if (Number(request.headers["content-length"] ?? 0) > config.uploadMaxBytes)
    throw new Refused("too-large", "The file is too large.");
  const head: Uint8Array[] = [];
  const stored = await files.put(keepingHead(request, head), { maxBytes: config.uploadMaxBytes });
  if (stored.size === 0) throw new Refused("bad-request", "The file is empty.");
  const mime = await sniff({
    head: Buffer.concat(head),
    name: query.name,
    declared: request.headers["content-type"] ?? "",
  });
  return recordUpload({
    db,
    tenantId: conversation.tenantId,
    owner: { type: "agent", id: who.id },
    name: query.name,
    mime,
    size: stored.size,
    blobKey: stored.key,
  });
};

const disposition = (kind: "inline" | "attachment", name: string): string =>
  `${kind}; filename="${name.replace(/[^\x20-\x7e]|["\\%]/g, "_")}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`;

const send = async ({
  context,
  params,
  request,
  response,
}: Call<{ token: string }, unknown, undefined>): Promise<void> => {
  const file = context.links.open(params.token);
  const found = file === null ? null : await context.files.stat(file.key);
  if (file === null || found === null) throw new Refused("not-found", "This link is not valid or has expired.");
  const inline = mayShowInline(file.mime);
  response.setHeader("content-type", inline ? file.mime : "application/octet-stream");
  response.setHeader("content-disposition", disposition(inline ? "inline" : "attachment", file.name));
  // The browser's own PDF viewer does not start in a sandbox.
  const sandbox = file.mime === "application/pdf" ? "" : "; sandbox";
  response.setHeader(
    "content-security-policy",
    `default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'${sandbox}`,
  );
  response.setHeader("cross-origin-resource-policy", "cross-origin");
  response.setHeader("cache-control", "private, max-age=3600, immutable");
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("etag", `"${file.key}"`);
  if (request.headers["if-none-match"] === `"${file.key}"`) {
    response.status(304).end();
    return;
  }
  const range = rangeOf(request.headers.range, found.size);
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${found.size}`);
    response.status(416).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: found.size - 1 };
  if (range !== null) {
    response.status(206);
    response.setHeader("content-range", `bytes ${start}-${end}/${found.size}`);
  }
  response.setHeader("content-length", end - start + 1);
  await stream(context.files.read(file.key, { start, end }), response);
};

const stream = (source: NodeJS.ReadableStream, response: NodeJS.WritableStream): Promise<void> =>
  unlessGone(pipeline(source, response));

const raw = async ({ context, who, params, response }: Call<{ id: string }, unknown, undefined>): Promise<void> => {
  const { db, files, now } = context;
  const source = await messageSource({ db, scope: who.scope, messageId: params.id });
  if (source === null) throw new Refused("not-found", "There is no such message, or it was not kept as it came.");
  const grant = who.scope.grants.get(source.tenantId);
  if (grant === undefined || audienceOf(grant) !== "normal")
    throw new Refused("forbidden", "The original holds personal data you may not see.");
  await appendAudit({
    db,
    now: now(),
    tenantId: source.tenantId,
    actorId: who.id,
    action: "message.raw",
    target: params.id,
  });
  response.setHeader("content-type", "application/octet-stream");
  response.setHeader("content-security-policy", "default-src 'none'; sandbox");
  response.setHeader(
    "content-disposition",
    disposition("attachment", `${source.conversationNumber}-${source.seq}.${source.letter ? "eml" : "txt"}`),
  );
  if (source.rawBlob !== null) await stream(files.read(source.rawBlob), response);
  else response.end(source.raw);
};

export const fileRoutes: readonly Route[] = [
  route({
    method: "post",
    path: "/api/uploads",
    says: "Stores a file to be sent with a message: the raw bytes as body.",
    access: "user",
    token: "write",
    query: z.object({ conversationId: z.string().refine(isUuid), name: fileName }),
    body: "raw",
    gives: upload,
    handle: receive,
  }),
  route({
    method: "get",
    path: "/files/:token",
    says: "A stored file. The signed address is the right to read it, for an hour.",
    access: "anyone",
    params: z.object({ token: z.string().max(4_000) }),
    gives: "raw",
    handle: send,
  }),
  route({
    method: "get",
    path: "/api/messages/:id/raw",
    says: "What the channel sent, or the letter that went out, byte for byte. Every download is written to the audit.",
    access: "user",
    token: "admin",
    params: idParam,
    gives: "raw",
    handle: raw,
  }),
];

import { createHash, randomInt } from "node:crypto";
import type { Answer, Endpoint, GraphCall } from "./call.ts";
import type { Clock } from "./clock.ts";
import { GraphRefusal, invalid, noSuchObject } from "./refusal.ts";

interface Stored {
  readonly id: string;
  readonly mimeType: string;
  readonly bytes: Buffer;
  readonly expiresAt: number;
  readonly name: string | undefined;
  /** Says another hash than the bytes have, or hands out half of them. */
  spoiled?: "hash" | "half";
}

const minute = 60_000;
const day = 24 * 60 * minute;
const urlLivesMs = 5 * minute;
const fromWebhookMs = 7 * day;
const fromUploadMs = 30 * day;

const megabyte = 1_000_000;
const most: readonly (readonly [RegExp, number])[] = [
  [/^image\/(?:jpeg|png)$/u, 5 * megabyte],
  [/^image\/webp$/u, 0.5 * megabyte],
  [/^audio\/(?:aac|amr|mpeg|mp4|ogg)/u, 16 * megabyte],
  [/^video\/(?:mp4|3gpp)$/u, 16 * megabyte],
  [
    /^(?:text\/plain|application\/(?:pdf|msword|octet-stream|vnd\.ms-(?:excel|powerpoint)|vnd\.openxmlformats-officedocument\..+))$/u,
    100 * megabyte,
  ],
];

/** Meta's two-step media: an id gives an address that lives 5 minutes, the address gives the bytes to the token's holder. */
export const makeMedia = (input: {
  readonly clock: Clock;
  readonly url: string;
  readonly isNumber: (id: string) => boolean;
}) => {
  const { clock, url } = input;
  const stored = new Map<string, Stored>();
  const secrets = new Map<string, { readonly id: string; readonly until: number }>();

  const put = (file: Omit<Stored, "id" | "expiresAt">, livesMs: number): Stored => {
    const id = `${randomInt(1_000, 9_999)}${Date.now()}${randomInt(100, 999)}`;
    const media = { ...file, id, expiresAt: clock.now().getTime() + livesMs };
    stored.set(id, media);
    return media;
  };
  const alive = (id: string): Stored | undefined => {
    const media = stored.get(id);
    return media !== undefined && media.expiresAt > clock.now().getTime() ? media : undefined;
  };
  const sha256 = ({ bytes, spoiled }: Stored): string =>
    createHash("sha256")
      .update(bytes)
      .update(spoiled === "hash" ? "other" : "")
      .digest("base64");

  const upload = (call: GraphCall): Answer => {
    const field = (name: string): string | undefined =>
      call.form.find((part) => part.name === name && part.filename === undefined)?.bytes.toString();
    const file = call.form.find((part) => part.name === "file");
    if (field("messaging_product") !== "whatsapp") throw invalid("messaging_product is required");
    if (file === undefined) throw invalid("file is required");
    const type = field("type") ?? file.type ?? "";
    const limit = most.find(([types]) => types.test(type))?.[1];
    if (limit === undefined)
      throw invalid(`Param file must be a file with one of the following types: ... Received file of type '${type}'.`);
    if (file.bytes.length > limit) throw new GraphRefusal({ code: 100, says: "Param file is too large" });
    return { body: { id: put({ mimeType: type, bytes: file.bytes, name: file.filename }, fromUploadMs).id } };
  };

  const describe = (id: string): Answer => {
    const media = alive(id);
    if (media === undefined) throw noSuchObject(id);
    const secret = `${id}-${randomInt(1e9)}`;
    secrets.set(secret, { id, until: clock.now().getTime() + urlLivesMs });
    return {
      body: {
        messaging_product: "whatsapp",
        url: `${url}/v26.0/whatsapp_business/attachments/${secret}`,
        mime_type: media.mimeType,
        sha256: sha256(media),
        file_size: media.bytes.length,
        id,
      },
    };
  };

  const download = (call: GraphCall): Answer => {
    const secret = secrets.get(call.path[2] ?? "");
    const media = secret === undefined || secret.until < clock.now().getTime() ? undefined : alive(secret.id);
    if (media === undefined) return { status: 404, body: {} };
    const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/u.exec(call.headers.range ?? "") ?? [];
    const bytes = media.spoiled === "half" ? media.bytes.subarray(0, media.bytes.length / 2) : media.bytes;
    const part = bytes.subarray(Number(from), to === "" ? undefined : Number(to) + 1);
    return {
      status: call.headers.range === undefined ? 200 : 206,
      headers: { "content-type": media.mimeType },
      body: Buffer.from(part),
    };
  };

  const endpoint: Endpoint = (call) => {
    const [first = "", second = ""] = call.path;
    if (call.method === "POST" && second === "media" && input.isNumber(first)) return upload(call);
    if (call.method === "GET" && first === "whatsapp_business") return download(call);
    if (call.method === "GET" && call.path.length === 1 && stored.has(first)) return describe(first);
    return undefined;
  };

  return {
    endpoint,
    knows: (id: string): boolean => alive(id) !== undefined,
    bytesOf: (id: string): Stored | undefined => stored.get(id),
    /** A file a customer sends: its id lives 7 days. */
    fromCustomer: (file: {
      readonly name?: string;
      readonly mimeType: string;
      readonly bytes: Uint8Array;
      readonly spoiled?: "hash" | "half";
    }) => {
      const { name, mimeType, bytes, spoiled } = file;
      const media = put(
        { mimeType, bytes: Buffer.from(bytes), name, ...(spoiled !== undefined && { spoiled }) },
        fromWebhookMs,
      );
      const announced = createHash("sha256").update(bytes).digest("base64");
      return { id: media.id, mime_type: mimeType, sha256: announced };
    },
  };
};
export type Media = ReturnType<typeof makeMedia>;

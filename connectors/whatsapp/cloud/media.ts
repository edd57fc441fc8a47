import { createHash } from "node:crypto";
import { type Attachment, type Connection, ConnectorError } from "#contract";
import { z } from "zod";
import { type Graph, graphCodeOf } from "../../graph/index.ts";

/** `<media id> <sha256 in base64>`: what the webhook told is kept with the reference and checked when the bytes come. */
export const toRef = ({ id, sha256 }: { readonly id: string; readonly sha256: string | undefined }): string =>
  sha256 === undefined ? id : `${id} ${sha256}`;

const described = z.object({ url: z.url(), mime_type: z.string().optional(), file_size: z.coerce.number().optional() });

/** Passes bytes on and fails at the end when they are not the ones that were announced: a torn download is tried again. */
async function* checked(
  content: AsyncIterable<Uint8Array>,
  announced: { readonly sha256: string | undefined; readonly bytes: number | undefined },
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  } catch {
    throw new ConnectorError("unreachable", "The download broke off.");
  }
  if (announced.bytes !== undefined && bytes !== announced.bytes)
    throw new ConnectorError("unreachable", `${bytes} of ${announced.bytes} bytes came.`);
  if (announced.sha256 !== undefined && hash.digest("base64") !== announced.sha256)
    throw new ConnectorError("unreachable", "The file is not the one that was announced (SHA-256).");
}

/** Two steps: the id gives an address that lives five minutes, the address gives the bytes. An id lives seven days. */
export const fileFetcher =
  (graph: Graph, phoneNumberId: string): NonNullable<Connection["fetchFile"]> =>
  async (ref, signal) => {
    const [id = "", sha256] = ref.split(" ");
    const file = await graph
      .get(encodeURIComponent(id), { phone_number_id: phoneNumberId }, described, signal)
      .catch((thrown: unknown) => {
        const { code, subcode } = graphCodeOf(thrown);
        if (code === 100 && subcode === 33) throw new ConnectorError("rejected", "Meta no longer has the file.");
        throw thrown;
      });
    const { mimeType, content } = await graph.download(file.url, signal);
    const type = file.mime_type ?? mimeType;
    return {
      ...(type !== undefined && { mimeType: type }),
      content: checked(content, { sha256, bytes: file.file_size }),
    };
  };

export type OutMedia = "image" | "video" | "audio" | "document";

const megabyte = 1_000_000;
const most: Readonly<Record<OutMedia, number>> = {
  image: 5 * megabyte,
  video: 16 * megabyte,
  audio: 16 * megabyte,
  document: 100 * megabyte,
};
const taken: readonly (readonly [OutMedia, readonly string[]])[] = [
  ["image", ["image/jpeg", "image/png"]],
  ["video", ["video/mp4", "video/3gpp"]],
  ["audio", ["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"]],
];

/** Without parameters: "audio/ogg; codecs=opus" is an "audio/ogg". */
const plain = (mimeType: string): string => mimeType.split(";")[0]?.trim() ?? mimeType;

/** What WhatsApp plays goes as that, everything else and everything too large as a document. */
export const mediaOf = ({ mimeType, bytes }: Attachment): OutMedia =>
  taken.find(([media, types]) => types.includes(plain(mimeType)) && bytes <= most[media])?.[0] ?? "document";

const uploaded = z.object({ id: z.string().min(1) });

const uploadable =
  /^(?:image\/(?:jpeg|png|webp)|video\/(?:mp4|3gpp)|audio\/(?:aac|amr|mpeg|mp4|ogg)|text\/plain|application\/(?:pdf|msword|vnd\.ms-(?:excel|powerpoint)|vnd\.openxmlformats-officedocument\..+|octet-stream))$/u;

/** Meta refuses types it does not list; as bytes they go through as documents. */
const uploadType = (attachment: Attachment): Attachment => {
  const type = plain(attachment.mimeType);
  return { ...attachment, mimeType: uploadable.test(type) ? type : "application/octet-stream" };
};

/** Uploads a file of ours and gives its id, good for 30 days. */
export const upload = async (
  graph: Graph,
  phoneNumberId: string,
  attachment: Attachment,
  signal: AbortSignal,
): Promise<string> => {
  const file = uploadType(attachment);
  const form = { fields: { messaging_product: "whatsapp", type: file.mimeType }, field: "file", file };
  return (await graph.upload(`${phoneNumberId}/media`, form, uploaded, signal)).id;
};

import { createHmac } from "node:crypto";
import { type Attachment, ConnectorError } from "#contract";
import { z } from "zod";
import { refusalOf } from "./errors.ts";
import { multipart } from "./multipart.ts";

export interface GraphSettings {
  /** "https://graph.facebook.com", without the version. */
  readonly baseUrl: string;
  /** "v26.0" */
  readonly version: string;
  readonly token: string;
  /** Adds appsecret_proof to every call: a stolen token alone is then worth nothing. */
  readonly appSecret?: string;
}

interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | ReadableStream<Uint8Array>;
  /** Asked for by fetch where the body is a stream. */
  readonly duplex?: "half";
  readonly signal: AbortSignal;
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** Meta's Graph API for one token. Every method throws ConnectorError and nothing else. */
export interface Graph {
  get<T>(path: string, query: Query, shape: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  /** Sends JSON. An answer that never came is "uncertain". */
  post<T>(path: string, body: object, shape: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  delete<T>(path: string, query: Query, shape: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  /** Sends a form with one file in `field`. */
  upload<T>(
    path: string,
    form: { readonly fields: Readonly<Record<string, string>>; readonly field: string; readonly file: Attachment },
    shape: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T>;
  /** Every item of a list, page by page; at most 100 pages. */
  list<T>(path: string, query: Query, item: z.ZodType<T>, signal: AbortSignal): AsyncGenerator<T>;
  /** The bytes behind an address Meta gave; the token goes along only when the address is Meta's own. */
  download(
    url: string,
    signal: AbortSignal,
  ): Promise<{ readonly mimeType?: string; readonly content: AsyncIterable<Uint8Array> }>;
}

const neverLeft = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const errorCode = z.object({ cause: z.object({ code: z.string() }) });
/** Hosts that hand out media to the holder of the token. */
const metaHosts = /(?:^|\.)(?:fbsbx\.com|facebook\.com|whatsapp\.net|instagram\.com)$/u;
const mostPages = 100;

const page = z.object({
  data: z.array(z.unknown()).default([]),
  paging: z
    .object({ cursors: z.object({ after: z.string().optional() }).optional(), next: z.string().optional() })
    .optional(),
});

/** Without an answer only a connection that never came about, or a question that changes nothing, is sure to be harmless. */
const silenceOf = (thrown: unknown, changes: boolean): ConnectorError => {
  const code = errorCode.safeParse(thrown).data?.cause.code ?? "";
  if (neverLeft.has(code)) return new ConnectorError("unreachable", `Meta cannot be reached (${code}).`);
  return new ConnectorError(changes ? "uncertain" : "unreachable", "Meta did not answer.");
};

const jsonOf = async (answer: Response): Promise<unknown> => {
  try {
    return await answer.json();
  } catch {
    return undefined;
  }
};

/** A client for one token. `fetch` and the settings are all it needs; it keeps no state. */
export const openGraph = (settings: GraphSettings, fetchWith: typeof fetch = fetch): Graph => {
  const { baseUrl, version, token, appSecret } = settings;
  const base = new URL(baseUrl);
  const proof = appSecret === undefined ? undefined : createHmac("sha256", appSecret).update(token).digest("hex");

  const addressOf = (path: string, query: Query): URL => {
    const url = new URL(`${base.pathname.replace(/\/$/u, "")}/${version}/${path.replace(/^\//u, "")}`, base);
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    if (proof !== undefined) url.searchParams.set("appsecret_proof", proof);
    return url;
  };

  const answerOf = async (url: URL, call: Call, changes: boolean): Promise<Response> => {
    if (call.signal.aborted) throw new ConnectorError("unreachable", "Given up before it was sent.");
    const headers = { authorization: `Bearer ${token}`, ...call.headers };
    const answer = await fetchWith(url, { ...call, headers, redirect: "error" }).catch((thrown: unknown) => {
      throw silenceOf(thrown, changes);
    });
    if (answer.ok) return answer;
    throw refusalOf({ status: answer.status, headers: answer.headers, body: await jsonOf(answer), changes });
  };

  const ask = async <T>(url: URL, call: Call, shape: z.ZodType<T>, changes: boolean): Promise<T> => {
    const answer = await answerOf(url, call, changes);
    const read = shape.safeParse(await jsonOf(answer));
    if (read.success) return read.data;
    throw new ConnectorError(changes ? "uncertain" : "unreachable", "Meta's answer could not be read.");
  };

  const graph: Graph = {
    get: (path, query, shape, signal) => ask(addressOf(path, query), { method: "GET", signal }, shape, false),
    delete: (path, query, shape, signal) => ask(addressOf(path, query), { method: "DELETE", signal }, shape, true),
    post: (path, body, shape, signal) =>
      ask(
        addressOf(path, {}),
        { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal },
        shape,
        true,
      ),
    upload: (path, form, shape, signal) => {
      const { headers, body } = multipart(form);
      // What is lost here is a file nobody refers to: trying again is harmless.
      return ask(addressOf(path, {}), { method: "POST", headers, body, duplex: "half", signal }, shape, false);
    },
    async *list(path, query, item, signal) {
      let after: string | undefined;
      for (let turn = 0; turn < mostPages; turn += 1) {
        const { data, paging } = await graph.get(path, { ...query, after }, page, signal);
        for (const one of data) {
          const read = item.safeParse(one);
          if (read.success) yield read.data;
        }
        // The address in `next` carries the token: only its cursor is used.
        after = paging?.cursors?.after;
        if (paging?.next === undefined || after === undefined) return;
      }
    },
    async download(address, signal) {
      const url = new URL(address);
      const ours = url.origin === base.origin;
      if (!ours && (url.protocol !== "https:" || url.username !== "")) {
        throw new ConnectorError("rejected", "The file's address is not one of Meta's.");
      }
      const headers: Record<string, string> =
        ours || metaHosts.test(url.hostname) ? { authorization: `Bearer ${token}` } : {};
      const answer = await fetchWith(url, { headers, signal, redirect: "error" }).catch((thrown: unknown) => {
        throw silenceOf(thrown, false);
      });
      if (!answer.ok || answer.body === null) {
        const body = await jsonOf(answer);
        // The address lives five minutes: 404 and 410 ask for a new one, which the next attempt does.
        if (answer.status === 404 || answer.status === 410)
          throw new ConnectorError("unreachable", "The address ran out.");
        throw refusalOf({ status: answer.status, headers: answer.headers, body, changes: false });
      }
      const mimeType = answer.headers.get("content-type");
      return { ...(mimeType !== null && { mimeType }), content: answer.body };
    },
  };
  return graph;
};

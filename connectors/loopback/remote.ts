import { randomUUID } from "node:crypto";
import { ConnectorError, type Content, type FailureCode } from "#contract";
import { z } from "zod";
import { sign, signatureHeader } from "./receive.ts";
import type { Settings } from "./settings.ts";

/** What the hub asks of the far side; posted as JSON to the callback address. */
export type Order =
  | {
      readonly type: "send";
      readonly key: string;
      readonly thread: string;
      readonly to: readonly string[];
      readonly cc?: readonly string[];
      readonly bcc?: readonly string[];
      /** Who is still to get it, when some have it already. */
      readonly stillTo?: readonly string[];
      readonly content?: Content;
      readonly text: string;
      readonly html?: string;
      readonly subject?: string;
      readonly author: string;
      readonly replyTo?: string;
      readonly at: string;
      readonly attachments: readonly { readonly name: string; readonly mimeType: string; readonly content: string }[];
    }
  | { readonly type: "edit"; readonly thread: string; readonly id: string; readonly text: string }
  | { readonly type: "remove"; readonly thread: string; readonly id: string }
  | { readonly type: "react"; readonly thread: string; readonly id: string; readonly emoji: string }
  | { readonly type: "typing"; readonly thread: string; readonly active: boolean }
  | { readonly type: "read"; readonly thread: string; readonly id: string };

/** The far side of one account. Throws ConnectorError. */
export interface Remote {
  /** Idempotent by `key` where the order has one. Gives the id of the message it is about. */
  take(order: Order, signal: AbortSignal): Promise<string>;
  alive(signal: AbortSignal): Promise<void>;
}

const kept = 10_000;

/** Remembers who got what, for demo and outbox tests; the oldest are forgotten after 10,000 messages. */
export const inMemory = (): Remote => {
  const ids = new Map<string, string>();
  return {
    async take(order) {
      if (order.type !== "send") return "id" in order ? order.id : "";
      const id = ids.get(order.key) ?? randomUUID();
      ids.set(order.key, id);
      const [oldest] = ids.keys();
      if (ids.size > kept && oldest !== undefined) ids.delete(oldest);
      return id;
    },
    async alive() {},
  };
};

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

/** Without an answer only a connection that never came about proves that nothing was taken. */
const failureOf = (thrown: unknown): ConnectorError => {
  const code = errorCode.safeParse(thrown).data?.cause.code ?? "";
  return neverLeft.has(code)
    ? new ConnectorError("unreachable", `The callback cannot be reached (${code}).`, { cause: thrown })
    : new ConnectorError("uncertain", "The callback did not answer.", { cause: thrown });
};

const codeOf = (status: number): FailureCode => {
  if (status === 401 || status === 403) return "auth";
  if (status === 404 || status === 410) return "recipient-gone";
  if (status === 429) return "rate-limited";
  return status >= 500 ? "unreachable" : "rejected";
};

const refusalOf = (answer: Response): ConnectorError => {
  const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = answer.status === 429 && seconds >= 0 ? seconds * 1_000 : undefined;
  return new ConnectorError(codeOf(answer.status), `The callback answered ${answer.status}.`, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
};

const taken = z.object({ id: z.string().min(1) });

/** The far side behind `callbackUrl`. A retry is safe there: the callback keeps one message a key. */
export const overHttp = ({ secret }: Settings, url: string): Remote => {
  const call = async (init: RequestInit): Promise<Response> => {
    const answer = await fetch(url, { ...init, redirect: "error" }).catch((thrown: unknown) => {
      throw failureOf(thrown);
    });
    if (answer.ok) return answer;
    await answer.body?.cancel();
    throw refusalOf(answer);
  };
  return {
    async take(order, signal) {
      const body = JSON.stringify(order);
      const headers = { "content-type": "application/json", [signatureHeader]: sign(secret, body) };
      const answer = await call({ method: "POST", body, headers, signal });
      const read = taken.safeParse(await answer.json().catch(() => undefined));
      if (read.success) return read.data.id;
      if (order.type !== "send") return "id" in order ? order.id : "";
      throw new ConnectorError("uncertain", "The callback's answer could not be read.");
    },
    async alive(signal) {
      const answer = await call({ method: "GET", signal });
      await answer.body?.cancel();
    },
  };
};

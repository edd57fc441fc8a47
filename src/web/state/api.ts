import type { Boot, CannedReply, Refusal, UploadView } from "#wire";
import { Refused, unavailable } from "./refused.ts";

/** REST of the hub. Every call throws Refused; nothing is cached. */
export interface Api {
  readonly get: <T>(path: string) => Promise<T>;
  readonly send: <T>(method: "POST" | "PATCH" | "PUT" | "DELETE", path: string, body?: unknown) => Promise<T>;
  readonly boot: () => Promise<Boot>;
  readonly login: (input: { email: string; password: string }) => Promise<void>;
  readonly logout: () => Promise<void>;
  upload(input: {
    conversationId: string;
    file: File;
    signal: AbortSignal;
    /** 0..1 */
    onProgress: (done: number) => void;
  }): Promise<UploadView>;
  readonly cannedReplies: () => Promise<readonly CannedReply[]>;
}

const refusedBy = (status: number, body: unknown): Refused => {
  const refusal = typeof body === "object" && body !== null && "refusal" in body ? (body.refusal as Refusal) : null;
  if (refusal !== null) return new Refused(refusal);
  const code =
    status === 401
      ? "unauthorized"
      : status === 403
        ? "forbidden"
        : status === 404
          ? "not-found"
          : status === 413
            ? "too-large"
            : status === 429
              ? "rate-limited"
              : status >= 500
                ? "unavailable"
                : "failed";
  return new Refused({ code, says: `HTTP ${status}` });
};

const parse = (text: string): unknown => {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
};

export const createApi = (): Api => {
  let csrf = "";

  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    let response: Response;
    let text: string;
    try {
      response = await fetch(path, {
        method,
        credentials: "same-origin",
        cache: "no-store",
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(method === "GET" ? {} : { "x-csrf-token": csrf }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch {
      throw unavailable("the hub cannot be reached");
    }
    const answer = parse(text);
    if (!response.ok) throw refusedBy(response.status, answer);
    return answer as T;
  };

  return {
    get: (path) => call("GET", path),
    send: call,
    boot: async () => {
      const answer = await call<Boot>("GET", "/api/boot");
      csrf = answer.csrf;
      return answer;
    },
    login: async (input) => {
      await call("POST", "/api/login", input);
    },
    logout: async () => {
      await call("POST", "/api/logout");
    },
    upload: ({ conversationId, file, signal, onProgress }) =>
      new Promise((resolve, reject) => {
        // fetch cannot tell how much of a body has gone out
        const request = new XMLHttpRequest();
        request.open("POST", `/api/uploads?${new URLSearchParams({ conversationId, name: file.name })}`);
        request.setRequestHeader("x-csrf-token", csrf);
        request.setRequestHeader("content-type", "application/octet-stream");
        request.upload.addEventListener("progress", (event) => {
          if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
        });
        request.addEventListener("load", () => {
          const answer = parse(request.responseText);
          if (request.status < 300) resolve(answer as UploadView);
          else reject(refusedBy(request.status, answer));
        });
        request.addEventListener("error", () => reject(unavailable("upload broken off")));
        request.addEventListener("abort", () => reject(new Refused({ code: "failed", says: "cancelled" })));
        signal.addEventListener("abort", () => request.abort());
        request.send(file);
      }),
    cannedReplies: async () => (await call<{ replies: CannedReply[] }>("GET", "/api/canned-replies")).replies,
  };
};

import { Refused } from "./mini-io.ts";

export type Upload = (input: {
  readonly token: string;
  readonly id: string;
  readonly text: string;
  readonly file: File;
  readonly progress: (part: number) => void;
}) => Promise<void>;

const codes: Readonly<Record<number, string>> = {
  401: "auth",
  413: "too-large",
  415: "unsupported",
  429: "rate-limited",
};

/** XMLHttpRequest because fetch tells nothing about the progress of what it sends. */
export const uploadTo =
  (address: string): Upload =>
  ({ token, id, text, file, progress }) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const fail = (code: string): void => reject(new Refused({ code, says: code }));
      request.open("POST", `${address}/files?${new URLSearchParams({ id, name: file.name }).toString()}`);
      request.setRequestHeader("x-linka-session", token);
      if (text) request.setRequestHeader("x-linka-text", encodeURIComponent(text));
      request.setRequestHeader("content-type", file.type);
      request.timeout = 120_000;
      request.upload.addEventListener("progress", ({ loaded, total }) => progress(total > 0 ? loaded / total : 0));
      request.addEventListener("load", () =>
        request.status === 200 ? resolve() : fail(codes[request.status] ?? "failed"),
      );
      request.addEventListener("error", () => fail("failed"));
      request.addEventListener("timeout", () => fail("failed"));
      request.send(file);
    });

import { createHmac } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { App } from "./call.ts";

/** Where an app's webhooks go: an address, or a function that stands for one. */
export type Target = string | ((request: { headers: Headers; body: Buffer }) => Promise<{ status: number }>);

export interface DeliveryOptions {
  /** Delivered this many times more, one after the other. */
  readonly repeats?: number;
  /** Delivered this many times at once. */
  readonly atOnce?: number;
  readonly signature?: "right" | "wrong" | "missing";
  /** Gives up after so many attempts; Meta tries for 7 days. */
  readonly attempts?: number;
}

/** Meta escapes every character above U+007F, and signs those bytes. */
export const bodyOf = (payload: object): Buffer =>
  Buffer.from(
    JSON.stringify(payload).replaceAll(
      /[\u0080-\uffff]/gu,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  );

export const signatureOf = (secret: string, body: Buffer): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

const answersWithinMs = 20_000;

/** Signed delivery with Meta's patience on a scaled clock: what is not answered 2xx comes again, the same bytes. */
export const makeWebhooks = () => {
  const targets = new Map<string, Target[]>();
  const under = new Set<Promise<unknown>>();
  const stop = new AbortController();
  const answers: { readonly app: string; readonly status: number; readonly ms: number }[] = [];

  const attempt = async (app: App, target: Target, headers: Headers, body: Buffer): Promise<number> => {
    const began = performance.now();
    const status = await (async () => {
      if (typeof target !== "string") return (await target({ headers, body })).status;
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(answersWithinMs)]);
      const answer = await fetch(target, { method: "POST", headers, body: new Uint8Array(body), signal });
      await answer.body?.cancel();
      return answer.status;
    })().catch(() => 0);
    answers.push({ app: app.id, status, ms: performance.now() - began });
    return status;
  };

  const push = async (app: App, target: Target, body: Buffer, options: DeliveryOptions): Promise<boolean> => {
    const { signature = "right", attempts = 60 } = options;
    const headers = new Headers({ "content-type": "application/json", "user-agent": "facebookexternalua" });
    if (signature !== "missing") {
      headers.set("x-hub-signature-256", signatureOf(signature === "right" ? app.secret : "another secret", body));
    }
    for (let turn = 0; turn < attempts && !stop.signal.aborted; turn += 1) {
      const status = await attempt(app, target, headers, body);
      if (status >= 200 && status < 300) return true;
      await wait(Math.min(20 * 1.5 ** turn, 1_000), undefined, { signal: stop.signal }).catch(() => {});
    }
    return false;
  };

  /** Resolves once every subscriber has taken it: true, or false when one was given up. */
  const deliver = (app: App, payload: object | Buffer, options: DeliveryOptions = {}): Promise<boolean> => {
    const body = Buffer.isBuffer(payload) ? payload : bodyOf(payload);
    const { repeats = 0, atOnce = 1 } = options;
    const work = (async () => {
      const outcomes = await Promise.all(
        (targets.get(app.id) ?? []).map(async (target) => {
          let all = true;
          for (let turn = 0; turn <= repeats; turn += 1) {
            const copies = Array.from({ length: atOnce }, () => push(app, target, body, options));
            all = (await Promise.all(copies)).every(Boolean) && all;
          }
          return all;
        }),
      );
      return outcomes.every(Boolean);
    })();
    under.add(work);
    void work.finally(() => under.delete(work));
    return work;
  };

  return {
    deliver,
    /** The app's subscription as an admin sets it up: the address must answer the challenge. */
    subscribe: async (app: App, url: string, verifyToken: string): Promise<boolean> => {
      const challenge = String(Math.trunc(Math.random() * 1e9));
      const asked = new URL(url);
      asked.searchParams.set("hub.mode", "subscribe");
      asked.searchParams.set("hub.challenge", challenge);
      asked.searchParams.set("hub.verify_token", verifyToken);
      const answer = await fetch(asked);
      const right = answer.status === 200 && (await answer.text()) === challenge;
      if (right) targets.set(app.id, [...(targets.get(app.id) ?? []), url]);
      return right;
    },
    /** A subscriber without the challenge. */
    connect: (app: App, target: Target): void => void targets.set(app.id, [...(targets.get(app.id) ?? []), target]),
    /** Resolves when nothing is under way. */
    settled: async (): Promise<void> => {
      while (under.size > 0) await Promise.allSettled(under);
    },
    /** Every answer of a subscriber, in order. */
    answers,
    stop: async (): Promise<void> => {
      stop.abort();
      await Promise.allSettled(under);
    },
  };
};

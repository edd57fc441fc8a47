import type { IncomingHttpHeaders } from "node:http";

/** An app at Meta: its secret signs webhooks and proves tokens. */
export interface App {
  readonly id: string;
  readonly secret: string;
}

export interface Token {
  readonly value: string;
  readonly app: App;
  scopes: readonly string[];
  /** Absent = never. */
  expiresAt?: Date;
  /** Objects it may touch: pages, numbers, business accounts. "any" unless a test says so. */
  objects: readonly string[] | "any";
  revoked?: boolean;
}

/** One part of a multipart form. */
export interface FormPart {
  readonly name: string;
  readonly filename: string | undefined;
  readonly type: string | undefined;
  readonly bytes: Buffer;
}

/** A request as an endpoint sees it: believed, its version taken off. */
export interface GraphCall {
  readonly method: string;
  /** "/v26.0/123/messages" is ["123", "messages"]. */
  readonly path: readonly string[];
  readonly version: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** JSON of the body, or undefined. */
  readonly json: unknown;
  readonly form: readonly FormPart[];
  readonly token: Token;
  readonly at: Date;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless bytes. */
  readonly body: object | Buffer;
}

/** Undefined: not an address of mine. Throws GraphRefusal. */
export type Endpoint = (call: GraphCall) => Answer | undefined | Promise<Answer | undefined>;

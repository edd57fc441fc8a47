import type { Request, Response } from "express";
import { z } from "zod";
import type { TokenScope } from "#store/tokens";
import type { Who } from "./auth/who.ts";
import type { Context } from "./parts.ts";

const nothing = z.object({});

/** What a handler is given: parsed, and from somebody who may ask. */
export interface Call<P, Q, B> {
  readonly context: Context;
  readonly who: Who;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly ip: string;
  readonly request: Request;
  readonly response: Response;
}

/** One address of the API. The list of all of them is mounted, described in OpenAPI and walked by tests. */
export interface Route {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly path: string;
  readonly says: string;
  /** anyone: no session needed. user: any member. admin: administers a client company or the platform. */
  readonly access: "anyone" | "user" | "admin";
  /** What an API token needs to come here; null = only people. */
  readonly token: TokenScope | null;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** json: parsed at the door. raw: the handler reads the stream itself. none: a body is ignored. */
  readonly body: z.ZodType | "raw" | "none";
  /** What is answered; everything not in it is cut off. "raw": the handler writes the response itself. */
  readonly gives: z.ZodType | "raw";
  handle(call: Call<unknown, unknown, unknown>): Promise<unknown>;
}

type Body<B> = B extends z.ZodType ? z.output<B> : undefined;
type Gives<R> = R extends z.ZodType ? z.input<R> : void;

/** Ties the schemas to what the handler is given and must give. */
export const route = <
  R extends z.ZodType | "raw",
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType | "raw" | "none" = "none",
>(
  spec: Pick<Route, "method" | "path" | "says" | "access"> & {
    readonly token?: TokenScope;
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly gives: R;
    handle(call: Call<z.output<P>, z.output<Q>, Body<B>>): Promise<Gives<R>>;
  },
): Route => ({
  params: nothing,
  query: nothing,
  body: "none",
  ...spec,
  token: spec.token ?? null,
  handle: (call) => spec.handle(call as Call<z.output<P>, z.output<Q>, Body<B>>),
});

export const idParam = z.object({ id: z.string().min(1).max(64) });
export const done = z.object({});

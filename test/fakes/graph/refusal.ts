import { randomBytes } from "node:crypto";

/** What Meta refuses, thrown by an endpoint and answered as Meta's error envelope. */
export class GraphRefusal extends Error {
  override readonly name = "GraphRefusal";
  readonly status: number;
  readonly code: number;
  readonly subcode: number | undefined;
  readonly details: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(input: {
    readonly status?: number;
    readonly code: number;
    readonly says: string;
    readonly subcode?: number;
    readonly details?: string;
    readonly headers?: Readonly<Record<string, string>>;
  }) {
    super(input.says);
    this.status = input.status ?? 400;
    this.code = input.code;
    this.subcode = input.subcode;
    this.details = input.details;
    this.headers = input.headers ?? {};
  }
}

/** `(#100) Invalid parameter`, with what is wrong as details. */
export const invalid = (details: string): GraphRefusal =>
  new GraphRefusal({ code: 100, says: "Invalid parameter", details });

/** Meta says the same for what is unknown, gone and forbidden. */
export const noSuchObject = (id: string): GraphRefusal =>
  new GraphRefusal({
    code: 100,
    subcode: 33,
    says: `Unsupported request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.`,
  });

export const envelopeOf = (refusal: GraphRefusal) => ({
  error: {
    message: `(#${refusal.code}) ${refusal.message}`,
    type: "OAuthException",
    code: refusal.code,
    ...(refusal.subcode !== undefined && { error_subcode: refusal.subcode }),
    ...(refusal.details !== undefined && {
      error_data: { messaging_product: "whatsapp", details: refusal.details },
    }),
    fbtrace_id: randomBytes(8).toString("base64url"),
  },
});

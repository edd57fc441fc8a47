export type PostgresErrorCode = "no-binaries" | "in-use" | "cannot-run" | "failed";

/** The built-in PostgreSQL cannot serve; the message is one sentence for the person who starts the hub. */
export class PostgresError extends Error {
  readonly code: PostgresErrorCode;
  constructor(code: PostgresErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "PostgresError";
    this.code = code;
  }
}

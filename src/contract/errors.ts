import type { RemoteId } from "./ids.ts";

/** Why a connector could not do what it was asked. The core decides on retry from the code alone. */
export const failureCodes = {
  auth: { retry: false, says: "The channel refused our credentials." },
  "rate-limited": { retry: true, says: "The channel asked us to slow down." },
  /** Only this message, or this recipient, is put off: the rest of the account goes on. */
  later: { retry: true, says: "The other side cannot take this message now." },
  unreachable: { retry: true, says: "The channel cannot be reached." },
  /** The request went out and no answer came: never repeated blindly, settled by a receipt or a person. */
  uncertain: { retry: false, says: "The channel took the message but did not confirm it." },
  "window-closed": { retry: false, says: "The reply window has closed; use a template." },
  rejected: { retry: false, says: "The channel refused the message." },
  "recipient-gone": { retry: false, says: "The customer can no longer be reached here." },
  unsupported: { retry: false, says: "This channel cannot do that." },
  bug: { retry: false, says: "The connector failed unexpectedly." },
} as const;

export type FailureCode = keyof typeof failureCodes;

export class ConnectorError extends Error {
  override readonly name = "ConnectorError";
  readonly code: FailureCode;
  /** Set only with "rate-limited" and "later": how long the channel told us to wait. */
  readonly retryAfterMs: number | undefined;
  /** With "unreachable": the whole account cannot send now. Its messages wait, and none of them loses an attempt. */
  readonly wholeAccount: boolean;
  /** With "uncertain": the id the message has, should it have arrived. Answers to it then find their conversation. */
  readonly id: RemoteId | undefined;

  constructor(
    code: FailureCode,
    detail: string,
    options: { cause?: unknown; retryAfterMs?: number; wholeAccount?: true; id?: RemoteId } = {},
  ) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.wholeAccount = options.wholeAccount ?? false;
    this.id = options.id;
  }

  static from(thrown: unknown): ConnectorError {
    return thrown instanceof ConnectorError
      ? thrown
      : new ConnectorError("bug", thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}

import type { RefusalCode } from "#wire";
import type { MessageRecord } from "./records.ts";

/** What a refusal may carry for the person who must act. Records: a presenter turns them into views before they leave. */
export interface RefusalData {
  /** With "stale": what was said since, ascending by seq. */
  readonly messages?: readonly MessageRecord[];
  /** With "window-closed": what may be sent instead. */
  readonly possible?: readonly ("template" | "channel")[];
  /** With "new-recipients": who was not in the thread before. Typed by the asker: nothing they do not know. */
  readonly recipients?: readonly string[];
  /** With "conflict" on a claim: who has it. */
  readonly assigneeId?: string | null;
  /** With "conflict" on a version or draft: what is current. */
  readonly version?: number;
  readonly draft?: {
    readonly tenantId: string;
    readonly mode: "reply" | "note";
    readonly body: string;
    readonly rev: number;
  };
}

/** A rule said no. Its code reaches the desk, which has a sentence for it; the message is for logs and API callers. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: RefusalCode;
  readonly data: RefusalData | undefined;

  constructor(code: RefusalCode, says: string, data?: RefusalData) {
    super(says);
    this.code = code;
    this.data = data;
  }
}

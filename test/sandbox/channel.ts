import { z } from "zod";
import type { FakeGraph } from "../fakes/graph/server.ts";
import type { SandboxHub } from "./hub.ts";

/** One line of a conversation as the customer's phone shows it. */
export interface Line {
  readonly id: string;
  readonly from: "customer" | "hub";
  readonly text: string;
  readonly files: readonly { readonly name: string; readonly mimeType: string; readonly bytes: Uint8Array }[];
  /** What can be tapped, in order. */
  readonly buttons: readonly string[];
  /** A short word for what is no text: "template", "location". */
  readonly kind?: string;
  readonly reaction?: string;
  readonly read: boolean;
}

/** The phone of one customer. */
export interface Phone {
  readonly id: string;
  readonly name: string;
  readonly lines: readonly Line[];
  /** Our side is writing. */
  readonly typing: boolean;
}

/** What a customer may do; a channel lists what its phones offer. */
export const action = z.discriminatedUnion("do", [
  z.object({ do: z.literal("text"), text: z.string().min(1).max(10_000), subject: z.string().max(200).optional() }),
  z.object({
    do: z.literal("file"),
    name: z.string(),
    mimeType: z.string(),
    base64: z.string(),
    text: z.string().optional(),
  }),
  z.object({ do: z.literal("voice") }),
  z.object({ do: z.literal("location") }),
  z.object({ do: z.literal("react"), id: z.string(), emoji: z.string() }),
  z.object({ do: z.literal("button"), id: z.string(), index: z.int().min(0) }),
  z.object({ do: z.literal("edit"), id: z.string(), text: z.string().min(1) }),
  z.object({ do: z.literal("unsend"), id: z.string() }),
  z.object({ do: z.literal("comment"), text: z.string().min(1) }),
  z.object({ do: z.literal("read") }),
]);
export type Action = z.output<typeof action>;

/** A channel of the sandbox that is open: its customers' phones, played on the page. */
export interface OpenChannel {
  phones(): readonly Phone[] | Promise<readonly Phone[]>;
  act(phoneId: string, action: Action): Promise<void>;
  stop?(): Promise<void>;
}

/** One file a channel. To add one: a file beside the others, a line in channels/index.ts, a title in page/texts.js. */
export interface SandboxChannel {
  readonly id: string;
  /** What the page offers; "text" and "read" always are. */
  readonly offers: readonly Action["do"][];
  /** Undefined: this machine lacks what the channel needs. */
  open(world: { readonly graph: FakeGraph; readonly hub: SandboxHub }): Promise<OpenChannel | undefined>;
}

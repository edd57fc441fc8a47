import { z } from "zod";
import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import { uuid } from "#core/uuid";
import type { Db } from "#store/db";
import { listen, pokeAll } from "#store/notify";

/** What is told between nodes and stored nowhere. */
const spoken = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello") }),
  z.object({
    type: z.literal("tell"),
    say: z.object({ accountId: z.string(), thread: z.string(), event: z.string(), payload: z.unknown() }),
  }),
  z.object({
    type: z.literal("typing"),
    say: z.object({ tenantId: z.string(), conversationId: z.string(), active: z.boolean() }),
  }),
]);
export type Spoken =
  | { readonly type: "hello" }
  | { readonly type: "tell"; readonly say: Parameters<Publisher["tell"]>[0] }
  | { readonly type: "typing"; readonly say: Parameters<Publisher["customerTyping"]>[0] };

/** PostgreSQL takes less than 8,000 bytes a notification. */
const pieceLength = 7_500;
const mostPieces = 20;
/** What waits for the database; above it the oldest is let go: none of it is of use later. */
const mostWaiting = 1_000;

const shape = /^([0-9a-f-]{36}) ([0-9a-f-]{36}) (\d{1,2}) (\d{1,2}) (.*)$/;

export interface Broadcast {
  say(message: Spoken): void;
  stop(): Promise<void>;
}

/** Tells the other nodes' live side, in order and without promise: what is lost is asked for again or of no use. */
export const startBroadcast = (input: {
  readonly db: Db;
  readonly log: Log;
  readonly nodeId: string;
  readonly heard: (message: Spoken) => void;
  /** From now on words are heard; some may have been missed before. */
  readonly missed: () => void;
}): Broadcast => {
  const { db, log, nodeId } = input;
  const waiting: string[][] = [];
  let sending: Promise<void> | null = null;
  const partial = new Map<string, string[]>();

  const send = async (): Promise<void> => {
    while (waiting.length > 0) await pokeAll({ db, kind: "live", texts: waiting.splice(0).flat() });
  };
  const start = (): void => {
    sending ??= send()
      .catch((thrown: unknown) => log.debug({ reason: String(thrown) }, "other nodes could not be told"))
      .finally(() => {
        sending = null;
        if (waiting.length > 0) start();
      });
  };
  const take = (text: string): void => {
    const [, from, id = "", no, of, piece = ""] = shape.exec(text) ?? [];
    if (from === undefined || from === nodeId) return;
    const pieces = no === "0" ? [] : partial.get(from);
    if (pieces === undefined || pieces.length !== Number(no)) return;
    pieces.push(piece);
    partial.delete(from);
    if (pieces.length < Number(of)) return void partial.set(from, pieces);
    try {
      const message = spoken.parse(JSON.parse(Buffer.from(pieces.join(""), "base64").toString("utf8")));
      input.heard(message);
    } catch {
      log.warn({ node: from, id }, "another node's word was not understood");
    }
  };
  const listener = listen({
    db,
    log,
    kinds: ["live"],
    heard: (_kind, text) => take(text),
    missed: () => {
      partial.clear();
      input.missed();
    },
  });

  return {
    say: (message) => {
      const text = Buffer.from(JSON.stringify(message), "utf8").toString("base64");
      const of = Math.ceil(text.length / pieceLength);
      if (of > mostPieces) return log.warn({ bytes: text.length }, "too long to tell other nodes");
      const id = uuid();
      waiting.push(
        Array.from({ length: of }, (_, no) => {
          const piece = text.slice(no * pieceLength, (no + 1) * pieceLength);
          return `${nodeId} ${id} ${no} ${of} ${piece}`;
        }),
      );
      if (waiting.length > mostWaiting) waiting.shift();
      start();
    },
    stop: async () => {
      await sending;
      await listener.stop();
    },
  };
};

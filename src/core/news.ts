import { type Conversation, touch } from "#core/batch";
import { deliveryRank, mayAdvance } from "#core/delivery";
import type { MessageNews } from "#core/inbound";
import type { DeliveryRecord, MessageRecord } from "#core/records";
import { searchable } from "#core/search";
import { preview } from "#core/text";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What news changes besides the message's own row. */
export interface NewsPlan {
  readonly revisions: {
    readonly messageId: string;
    readonly tenantId: string;
    readonly op: "edit" | "revoke";
    readonly actor: string;
    readonly body: string;
    readonly at: Date;
  }[];
  /** The last one of each actor on each message. An empty emoji takes the reaction back and is kept for its time. */
  readonly reactions: Map<
    string,
    {
      readonly messageId: string;
      readonly tenantId: string;
      readonly actor: string;
      readonly emoji: string;
      readonly at: Date;
    }
  >;
  /** When each actor last said something about a message, by `reactedKey`: filled in before news is applied. */
  readonly reactedAt: Map<string, Date>;
  readonly deliveries: Map<
    string,
    {
      readonly state: DeliveryRecord["state"];
      readonly rank: number;
      readonly errorCode: string | null;
      readonly errorText: string | null;
    }
  >;
  /** Messages whose own row changes, with their new search text when the words changed. */
  readonly changed: Map<string, { readonly record: MessageRecord; readonly searchText: string | null }>;
  /** What the channel charged, by message. */
  readonly prices: Map<string, object>;
}

export const reactedKey = (messageId: string, actor: string): string => `${messageId}\n${actor}`;

export const emptyNews = (): NewsPlan => ({
  revisions: [],
  reactions: new Map(),
  reactedAt: new Map(),
  deliveries: new Map(),
  changed: new Map(),
  prices: new Map(),
});

const rewrite = (conversation: Conversation, message: Mutable<MessageRecord>, body: string): void => {
  message.body = body;
  message.bodyHtml = null;
  if (message.seq === conversation.row.lastSeq && !message.held)
    conversation.row.preview = preview({ text: body, attachments: message.revokedAt === null ? message.parts : [] });
};

const advanced = (
  delivery: DeliveryRecord,
  to: "sent" | "delivered" | "read" | "failed",
  error: { readonly code: string; readonly text: string } | null,
): DeliveryRecord => ({
  ...delivery,
  state: to,
  nextAt: null,
  errorText: error?.text ?? null,
  errorCode: error?.code ?? null,
});

const sameRecipient = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/**
 * Applies one piece of news to a message whose conversation is locked. Old news changes nothing: states only move
 * forward, a later edit or reaction is not undone by an earlier one, nothing brings back what was taken back.
 */
export const applyNews = (input: {
  readonly conversation: Conversation;
  readonly message: Mutable<MessageRecord>;
  readonly news: MessageNews;
  readonly plan: NewsPlan;
}): void => {
  const { conversation, message, news, plan } = input;
  const { id: messageId, tenantId } = message;
  const change = (searchText: string | null): void => {
    touch(conversation, message);
    plan.changed.set(messageId, {
      record: message,
      searchText: searchText ?? plan.changed.get(messageId)?.searchText ?? null,
    });
  };
  switch (news.type) {
    case "edit": {
      if (message.revokedAt !== null || (message.editedAt !== null && message.editedAt >= news.at)) return;
      plan.revisions.push({
        messageId,
        tenantId,
        op: "edit",
        actor: message.authorName,
        body: message.body,
        at: news.at,
      });
      message.editedAt = news.at;
      rewrite(conversation, message, news.text);
      change(searchable(message.subject, news.text));
      return;
    }
    case "revoke": {
      if (message.revokedAt !== null) return;
      plan.revisions.push({
        messageId,
        tenantId,
        op: "revoke",
        actor: message.authorName,
        body: message.body,
        at: news.at,
      });
      message.revokedAt = news.at;
      rewrite(conversation, message, "");
      change("");
      return;
    }
    case "reaction": {
      const key = reactedKey(messageId, news.actor);
      const last = plan.reactedAt.get(key);
      if (last !== undefined && news.at < last) return;
      plan.reactedAt.set(key, news.at);
      plan.reactions.set(key, { messageId, tenantId, actor: news.actor, emoji: news.emoji, at: news.at });
      const others = message.reactions.filter(({ actor }) => actor !== news.actor);
      const before = message.reactions.find(({ actor }) => actor === news.actor)?.emoji ?? "";
      if (before === news.emoji) return;
      message.reactions = news.emoji === "" ? others : [...others, { actor: news.actor, emoji: news.emoji }];
      change(null);
      return;
    }
    case "receipt":
    case "seen": {
      const to = news.type === "seen" ? "read" : news.state;
      const recipient = news.type === "seen" ? undefined : news.recipient;
      const error =
        news.type === "receipt" && to === "failed" ? { code: news.code ?? "rejected", text: news.error ?? "" } : null;
      const price = news.type === "receipt" ? news.price : undefined;
      const priced = price !== undefined && message.detail["price"] === undefined;
      if (priced) {
        message.detail = { ...message.detail, price };
        plan.prices.set(messageId, price);
      }
      let moved = false;
      message.deliveries = message.deliveries.map((delivery) => {
        if (recipient !== undefined && !sameRecipient(delivery.recipient, recipient)) return delivery;
        if (!mayAdvance(delivery.state, to)) return delivery;
        moved = true;
        plan.deliveries.set(delivery.id, {
          state: to,
          rank: deliveryRank[to],
          errorCode: error?.code ?? null,
          errorText: error?.text ?? null,
        });
        return advanced(delivery, to, error);
      });
      if (moved || priced) change(null);
    }
  }
};

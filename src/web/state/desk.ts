import type { Boot } from "#wire";
import { createAlerts, type Alerts } from "./alerts.ts";
import type { Api } from "./api.ts";
import { createConversations, type Conversations } from "./conversations.ts";
import { createDrafts, type Drafts } from "./drafts.ts";
import { createInbox, type Inbox } from "./inbox.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { createPresence, type Presence } from "./presence.ts";
import type { Ask } from "./refused.ts";
import { createSession, type Line, type Session } from "./session.ts";

/** Everything behind the screen of one logged-in agent. */
export interface Desk {
  readonly boot: Boot;
  readonly api: Api;
  readonly ask: Ask;
  readonly session: Session;
  readonly inbox: Inbox;
  readonly conversations: Conversations;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly presence: Presence;
  readonly alerts: Alerts;
  /** Reads the boot document again and begins anew with it. */
  readonly renew: () => void;
  readonly stop: () => void;
}

/** Joins the stores to one live line. `onRights`: what the agent may see has changed, the boot document is old. */
export const createDesk = (input: {
  readonly boot: Boot;
  readonly api: Api;
  readonly line: Line;
  readonly now: () => number;
  readonly schedule: (flush: () => void) => void;
  readonly key: () => string;
  readonly onRights: () => void;
  /** Whether the agent looks at this conversation right now: no news is told of it. */
  readonly looking?: (conversationId: string) => boolean;
}): Desk => {
  const { boot, api, line, now, schedule, key, onRights } = input;
  let cursor: string | null = null;
  let catchingUp = false;

  const catchUp = async (first: boolean): Promise<void> => {
    if (first) {
      await Promise.all([inbox.reopen(), conversations.rejoin({ reset: false })]);
      outbox.resume();
      return;
    }
    catchingUp = true;
    try {
      let reset = cursor === null;
      while (cursor !== null) {
        const page = await ask("sync", { cursor, have: conversations.have() });
        if (page.reset) {
          reset = true;
          break;
        }
        for (const change of page.changes) {
          conversations.apply(change);
          outbox.confirm(change.messages);
        }
        const rows = page.changes.map((change) => change.row);
        inbox.push(rows);
        alerts.hear(rows);
        cursor = page.cursor;
        if (!page.more) break;
      }
      if (reset) cursor = null;
      // a long list the agent has scrolled is kept: `sync` brought its changes
      const keepList = !reset && inbox.window.get().order.length > 200;
      await Promise.all([keepList ? undefined : inbox.reopen(), conversations.rejoin({ reset })]);
    } finally {
      catchingUp = false;
    }
    outbox.resume();
    drafts.flush();
  };

  const session = createSession({
    line,
    now,
    catchUp: async (first) => {
      await catchUp(first);
      presence.again();
    },
  });
  const ask = session.ask;
  const inbox = createInbox({
    ask,
    meId: boot.me.id,
    schedule,
    onCursor: (taken) => {
      cursor ??= taken;
    },
  });
  const conversations = createConversations({ ask });
  const drafts = createDrafts({ ask });
  const presence = createPresence({ ask, meId: boot.me.id, now });
  const alerts = createAlerts({ meId: boot.me.id, now, looking: input.looking ?? (() => false) });
  const outbox = createOutbox({
    ask,
    now,
    key,
    onSent: ({ letter, message }) => conversations.learn({ id: letter.conversationId, messages: [message] }),
  });

  conversations.onDrafts(({ id, drafts: list }) => {
    for (const draft of list) drafts.learn({ id, draft });
  });
  conversations.onViewers(({ id, viewers }) =>
    presence.learn([{ conversationId: id, viewers, customerTyping: presence.of(id).customerTyping }]),
  );
  session.link.subscribe(() => {
    if (session.link.get().state === "lost") conversations.parted();
  });
  session.on("frame", (frame) => {
    for (const change of frame.changes) {
      conversations.apply(change);
      outbox.confirm(change.messages);
    }
    const rows = frame.changes.map((change) => change.row);
    inbox.push(rows);
    alerts.hear(rows);
    presence.learn(frame.presence);
    if (frame.cursor !== undefined && !catchingUp && session.link.get().state === "online") cursor = frame.cursor;
  });
  session.on("counts", (counts) => inbox.counts.set(counts));
  session.on("draft", ({ conversationId, draft }) => drafts.learn({ id: conversationId, draft }));
  session.on("rights", ({ tenantIds }) => {
    inbox.dropTenants(tenantIds);
    conversations.dropTenants(tenantIds);
    alerts.dropTenants(tenantIds);
    onRights();
  });

  return {
    boot,
    api,
    ask,
    session,
    inbox,
    conversations,
    outbox,
    drafts,
    presence,
    alerts,
    renew: onRights,
    stop: () => {
      drafts.flush();
      presence.leave();
      session.stop();
    },
  };
};

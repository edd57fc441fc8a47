import { Refused } from "#core/refused";
import { type Scope, seesPersonal } from "#core/scope";
import type { MessageRecord } from "#core/records";
import { getContact } from "#store/contacts";
import { listView, openConversation, viewCounts } from "#store/conversations";
import { currentCursor, syncFeed } from "#store/feed";
import { messagesBefore, messagesSince } from "#store/messages";
import { conversationAccess } from "#store/sources";
import { takesOf } from "../present/channels.ts";
import { presentContact, presentThread } from "../present/contact.ts";
import { presentDraft, presentMessage, presentRow } from "../present/conversation.ts";
import type { Context } from "../parts.ts";
import { composingHandlers } from "./composing.ts";
import { audienceIn, type Handlers, type Membership } from "./desk.ts";
import type { DeskSocket, Place } from "./desk-io.ts";
import type { PhoneHandlers } from "./phone.ts";
import type { PresenceBook } from "./presence.ts";
import type { DeskPublisher, Places } from "./publish.ts";
import type { Typing } from "./typing.ts";

/** Open conversations of one socket: more than any desk shows, few enough to bound what one tab costs. */
const mostOpen = 100;

/** As people type it. */
const conversationNumber = /^#?\d{1,9}$/;

const noConversation = (): Refused => new Refused("not-found", "There is no such conversation.");

/** Answers to everything a desk may ask. Rights are checked by the store and the commands; here rows are presented. */
export const makeHandlers = (input: {
  readonly context: Omit<Context, "live">;
  readonly membership: Membership;
  readonly presence: PresenceBook;
  readonly publisher: DeskPublisher;
  readonly places: Places;
  readonly typing: Typing;
  readonly phone: { readonly handlers: PhoneHandlers };
}): Handlers => {
  const { context, membership, presence, publisher, places, typing } = input;
  const { db, commands, links, secrets, now } = context;

  const present = (scope: Scope) => ({
    message: (message: MessageRecord) =>
      presentMessage({ message, audience: audienceIn(scope, message.tenantId), links }),
  });
  const messageOf = (scope: Scope, message: MessageRecord) => ({ message: present(scope).message(message) });

  /** Where a conversation is, from memory for what is open and from the database else. */
  const placeOf = async (socket: DeskSocket, id: string): Promise<Place> => {
    const known = socket.data.opened.has(id) ? places.get(id) : undefined;
    const place = known ?? (await conversationAccess({ db, scope: socket.data.scope, id }));
    if (place === null) throw noConversation();
    return place;
  };

  /** Who sees no personal data anywhere is told so; else the store leaves out what a hit would confirm. */
  const searchable = (scope: Scope, query: string | undefined): void => {
    if (query === undefined || query.trim() === "" || conversationNumber.test(query.trim())) return;
    if (!scope.tenantIds.some((id) => seesPersonal(scope, id)))
      throw new Refused("forbidden", "With a restricted profile only a conversation's number can be searched.");
  };

  return {
    ...composingHandlers({ context }),
    ...input.phone.handlers,
    "view.open": async ({ data: { scope } }, { after, limit, ...spec }) => {
      searchable(scope, spec.query);
      // Before the rows: what is committed in between comes twice rather than never.
      const cursor = await currentCursor({ db, now: now() });
      const [page, counts] = await Promise.all([
        listView({ db, scope, view: spec, after, limit }),
        viewCounts({ db, scope }),
      ]);
      return {
        rows: page.rows.map((row) => presentRow(row, audienceIn(scope, row.tenantId))),
        next: page.next,
        counts,
        cursor,
      };
    },
    sync: async ({ data: { scope } }, takes) => {
      const page = await syncFeed({ db, scope, ...takes, now: now() });
      return {
        changes: page.changes.map((change) => ({
          prev: change.prev,
          row: presentRow(change.row, audienceIn(scope, change.row.tenantId)),
          messages: change.messages.map(present(scope).message),
        })),
        cursor: page.cursor,
        more: page.more,
        reset: page.reset,
      };
    },
    "conversation.open": async (socket, { id, limit }) => {
      if (socket.data.opened.size >= mostOpen) throw new Refused("rate-limited", "Too many open conversations.");
      const place = await conversationAccess({ db, scope: socket.data.scope, id });
      if (place === null) throw noConversation();
      // In the room before the rows are read: what is committed in between comes twice rather than never.
      membership.enter(socket, id, place);
      const { scope } = socket.data;
      const detail = await openConversation({ db, scope, secrets, id, limit }).catch((thrown: unknown) => {
        membership.leave(socket, id);
        throw thrown;
      });
      // Rights can end while rows are read.
      if (!socket.data.opened.has(id)) throw noConversation();
      const audience = audienceIn(scope, detail.row.tenantId);
      return {
        row: presentRow(detail.row, audience),
        contact: presentContact(detail.contact, audience),
        threads: detail.threads.map((thread) =>
          presentThread(thread, takesOf({ ...context, accountId: thread.accountId, kind: thread.kind }), audience),
        ),
        messages: detail.messages.map(present(scope).message),
        more: detail.more,
        drafts: detail.drafts.map((draft) => presentDraft(draft, audience)),
        viewers: audience === "viewer" ? [] : presence.viewers(id),
      };
    },
    "conversation.close": async (socket, { id }) => {
      membership.leave(socket, id);
      return {};
    },
    "conversation.since": async ({ data: { scope } }, takes) => {
      const page = await messagesSince({ db, scope, ...takes });
      return {
        row: presentRow(page.row, audienceIn(scope, page.row.tenantId)),
        messages: page.messages.map(present(scope).message),
        more: page.more,
      };
    },
    "conversation.before": async ({ data: { scope } }, takes) => {
      const page = await messagesBefore({ db, scope, ...takes });
      return { messages: page.messages.map(present(scope).message), more: page.more };
    },
    "message.cancel": async ({ data: { scope } }, takes) =>
      messageOf(scope, await commands.cancelMessage(scope, takes)),
    "message.retry": async ({ data: { scope } }, takes) => messageOf(scope, await commands.retryMessage(scope, takes)),
    "message.accept": async ({ data: { scope } }, takes) => messageOf(scope, await commands.acceptHeld(scope, takes)),
    "conversation.update": async ({ data: { scope } }, takes) => {
      const row = await commands.updateConversation(scope, takes);
      return { row: presentRow(row, audienceIn(scope, row.tenantId)) };
    },
    "conversation.read": async ({ data: { scope } }, takes) => {
      await commands.markRead(scope, takes);
      return {};
    },
    presence: async (socket, { conversationId, activity, mode }) => {
      const { scope, session } = socket.data;
      const place = await placeOf(socket, conversationId);
      if (audienceIn(scope, place.tenantId) === "viewer") return {};
      places.set(conversationId, place);
      const seen = activity === "composing" && mode === "note" ? ("noting" as const) : activity;
      const noted = { conversationId, userId: session.userId, name: session.name, activity: seen };
      if (presence.note(noted)) publisher.presenceChanged(conversationId);
      // A note is written for colleagues: the customer must not see that somebody types.
      typing.note({
        scope,
        conversationId,
        userId: session.userId,
        active: activity === "composing" && mode === "reply",
      });
      return {};
    },
    "draft.save": async (socket, takes) => {
      const { scope, session } = socket.data;
      const draft = await commands.saveDraft(scope, takes);
      const place = await placeOf(socket, takes.conversationId);
      const view = presentDraft(draft, audienceIn(scope, place.tenantId));
      for (const other of membership.socketsOf(session.userId))
        if (other.id !== socket.id) other.emit("draft", { conversationId: takes.conversationId, draft: view });
      return { draft: view };
    },
    "contact.get": async ({ data: { scope } }, { id }) => {
      const contact = await getContact({ db, scope, secrets, id });
      return presentContact(contact, audienceIn(scope, contact.tenantId));
    },
  };
};

import type { Begin } from "#store/begin";
import type { MessageRecord } from "#core/records";
import { Refused } from "#core/refused";
import { conversationThreads } from "#store/conversations";
import { letterRecipients } from "#store/letter-recipients";
import { conversationAccess } from "#store/sources";
import { visibleRow } from "#store/visible";
import { personWays, wantsEmail, type WayRecord } from "#store/ways";
import type { composing, WayView } from "#wire";
import { takesOf } from "../present/channels.ts";
import { presentThread } from "../present/contact.ts";
import { presentMessage, presentRow } from "../present/conversation.ts";
import { presentRecipients, presentWay } from "../present/outgoing.ts";
import type { Context } from "../parts.ts";
import { audienceIn, type Handlers } from "./desk.ts";
import type { DeskSocket } from "./desk-io.ts";

/** Answers to what the composer asks. Rights are checked by the store and the commands; here rows are presented. */
export const composingHandlers = (input: {
  readonly context: Omit<Context, "live">;
}): Pick<Handlers, keyof typeof composing> => {
  const { context } = input;
  const { db, commands, links, secrets, supervisor, now } = context;

  const begin: Begin = (accountId, to) => supervisor.connection(accountId)?.begin?.(to) ?? null;
  const begins = (accountId: string): boolean => supervisor.connection(accountId)?.begin !== undefined;
  const takes = (accountId: string, kind: string) => takesOf({ ...context, accountId, kind });

  const waysOf = async (
    scope: DeskSocket["data"]["scope"],
    o: { tenantId: string; contactId: string | null; conversationId: string | null },
  ) => {
    const found = await personWays({ db, scope, secrets, ...o, begin, begins });
    const audience = audienceIn(scope, o.tenantId);
    const asked = o.conversationId === null ? false : await wantsEmail({ db, ...o, conversationId: o.conversationId });
    const wanted = asked ? found.ways.find((way) => way.addressKind === "email" && !way.busy) : undefined;
    const view = (way: WayRecord): WayView =>
      presentWay({ way, takes: takes(way.accountId, way.kind), wanted: way === wanted, now: now(), audience });
    const own = found.accounts.filter(({ id }) => begins(id));
    return {
      ways: found.ways.map(view),
      own: own.map(({ id, name, channel, kind }) => ({
        accountId: id,
        accountName: name,
        channel,
        kinds: [takes(id, kind).subject ? "email" : "number"],
        takes: takes(id, kind),
      })),
    };
  };

  const messageOf = (scope: DeskSocket["data"]["scope"], message: MessageRecord) => ({
    message: presentMessage({ message, audience: audienceIn(scope, message.tenantId), links }),
  });

  return {
    "message.send": async ({ data: { scope } }, asked) => messageOf(scope, await commands.sendMessage(scope, asked)),
    "message.edit": async ({ data: { scope } }, asked) => messageOf(scope, await commands.editMessage(scope, asked)),
    "message.remove": async ({ data: { scope } }, asked) =>
      messageOf(scope, await commands.removeMessage(scope, asked)),
    "message.react": async ({ data: { scope } }, asked) =>
      messageOf(scope, await commands.reactToMessage(scope, asked)),
    "message.again": async ({ data: { scope } }, asked) => messageOf(scope, await commands.tellAgain(scope, asked)),
    "message.recipients": async ({ data: { scope } }, asked) => {
      const found = await letterRecipients({ db, scope, secrets, ...asked });
      return presentRecipients(found, audienceIn(scope, found.tenantId));
    },
    "conversation.ways": async ({ data: { scope } }, { conversationId }) => {
      const row = await visibleRow({ db, scope, id: conversationId });
      return waysOf(scope, { tenantId: row.tenantId, contactId: row.contactId, conversationId });
    },
    "begin.ways": async ({ data: { scope } }, { tenantId, contactId }) => {
      if (!scope.tenantIds.includes(tenantId)) throw new Refused("not-found", "There is no such client company.");
      return waysOf(scope, { tenantId, contactId: contactId ?? null, conversationId: null });
    },
    "conversation.threads": async ({ data: { scope } }, { conversationId }) => {
      const place = await conversationAccess({ db, scope, id: conversationId });
      if (place === null) throw new Refused("not-found", "There is no such conversation.");
      const threads = await conversationThreads({ db, tenantId: place.tenantId, id: conversationId });
      const audience = audienceIn(scope, place.tenantId);
      return { threads: threads.map((one) => presentThread(one, takes(one.accountId, one.kind), audience)) };
    },
    "conversation.link": async ({ data: { scope } }, asked) => {
      const row = await commands.linkThread(scope, asked);
      return { row: presentRow(row, audienceIn(scope, row.tenantId)) };
    },
    "conversation.begin": async ({ data: { scope } }, asked) => {
      const row = await commands.beginConversation(scope, asked);
      return { row: presentRow(row, audienceIn(scope, row.tenantId)) };
    },
    "templates.list": async ({ data: { scope } }, asked) => {
      const { list, syncedAt } = await commands.templates(scope, asked);
      return {
        templates: list.map(({ buttons, variables, ...template }) => ({
          ...template,
          buttons: [...buttons],
          variables: [...variables],
        })),
        syncedAt: syncedAt?.toISOString() ?? null,
      };
    },
  };
};

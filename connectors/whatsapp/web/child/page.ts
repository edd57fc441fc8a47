import type { Client } from "whatsapp-web.js";
import { within } from "./errors.ts";

/** Runs a function, given as source, in the page with a JSON argument. The page's own globals are not ours to type. */
export const ask = async (client: Client, ms: number, source: string, argument: unknown = null): Promise<unknown> => {
  const page = client.pupPage;
  if (page === undefined) throw new Error("not connected");
  return within(ms, "the page", page.evaluate(`(${source})(${JSON.stringify(argument)})`));
};

/** Fires the handler that the library hung on a change it came too late for (a restored login is synced before that). */
export const nudge = `() => {
  const { Socket } = window.require("WAWebSocketModel");
  if (!Socket.hasSynced || window.onAppStateHasSyncedEvent === undefined) return false;
  window.onAppStateHasSyncedEvent();
  return true;
}`;

/** A page that reloaded itself has lost the library; whether it came back is not told. */
export const isPrepared = `() => window.WWebJS !== undefined`;

/** The library's own attempt runs in Node and fails there. */
export const refreshCode = `() => { window.require("WAWebCmd").Cmd.refreshQR(); }`;

/** Light on purpose: the library's getChats() asks the server about every group, and fails whole when one fails. */
export const listChats = `() => window.require("WAWebCollections").Chat.getModelsArray().map((chat) => ({
  id: chat.id._serialized, at: chat.t ?? 0, unread: Math.max(0, chat.unreadCount ?? 0),
}))`;

/** Full id of a message known by its stanza, in memory or in the page's own store. */
export const findMessage = `async ({ stanza, fromMe, ids }) => {
  const { Msg } = window.require("WAWebCollections");
  for (const id of ids) if (Msg.get(id)) return id;
  const near = Msg.getModelsArray().find(({ id }) => id.id === stanza && id.fromMe === fromMe);
  if (near) return near.id._serialized;
  for (const id of ids) if ((await Msg.getMessagesById([id]))?.messages?.[0]) return id;
  return null;
}`;

/** What the page knows without asking the server. */
export const knownPair = `(id) => {
  const wid = window.require("WAWebWidFactory").createWid(id);
  const { getCurrentLid, getPhoneNumber } = window.require("WAWebApiContact");
  const other = wid.server === "lid" ? getPhoneNumber(wid) : getCurrentLid(wid);
  return wid.server === "lid" ? { lid: id, pn: other?._serialized } : { pn: id, lid: other?._serialized };
}`;

export const ownLid = `() => window.require("WAWebUserPrefsMeUser").getMaybeMeLidUser()?._serialized ?? null`;
export const chatState = `({ state, wid }) => window.WWebJS.sendChatstate(state, wid)`;

import { type InboundReceipt, remoteId } from "#contract";
import { failureOf, graphError, wordsOf } from "../../graph/index.ts";
import { toThreadKey } from "../thread.ts";
import { eachOf, type Ignored, partyIn, type Reading } from "./reading.ts";
import * as shapes from "./shapes.ts";

/** "played" is a voice note heard: more than read. */
const states: Readonly<Record<string, InboundReceipt["state"]>> = {
  sent: "sent",
  delivered: "delivered",
  read: "read",
  played: "read",
  failed: "failed",
};
const ourKey = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\+)?$/u;

const priceOf = ({ category, billable, type, pricing_model: plan }: NonNullable<shapes.StatusItem["pricing"]>) => {
  const model = type ?? plan;
  return {
    ...(category !== undefined && { category }),
    ...(billable !== undefined && { billable }),
    ...(model !== undefined && { model }),
  };
};

const receiptOf = (reading: Reading, given: unknown): InboundReceipt | Ignored => {
  const item = shapes.status.parse(given);
  if (item.type === "call") return { ignored: `statuses: a call is ${item.status}` };
  const state = states[item.status];
  if (state === undefined) return { ignored: `statuses: ${item.status}` };
  // With our own key a status needs no row that knows Meta's id: it may come before the answer to the send.
  const [, key, extra] = ourKey.exec(item.biz_opaque_callback_data ?? "") ?? [];
  // A message of ours that went out as two: the other one alone moves it on, this one can only break it.
  if (extra !== undefined && state !== "failed") return { ignored: "statuses: of the file's companion text" };
  const group = item.recipient_type === "group";
  const { party } = partyIn(group ? [] : reading.contacts, item.recipient_id, item.recipient_user_id);
  const [error] = (item.errors ?? []).flatMap((one) => graphError.safeParse(one).data ?? []);
  const { pricing } = item;
  return {
    type: "receipt",
    thread: toThreadKey(reading.ours, group ? { group: item.recipient_id } : party),
    id: remoteId(key ?? item.id),
    state,
    at: item.timestamp,
    ...(state === "failed" && {
      error: error === undefined ? "Meta gave no reason." : wordsOf(error),
      code: error === undefined ? "rejected" : failureOf(error.code, error.error_subcode),
    }),
    ...(pricing !== undefined && { price: priceOf(pricing) }),
  };
};

export const statusEvents = (reading: Reading, items: readonly unknown[]) =>
  eachOf(reading, "statuses", items, (item) => receiptOf(reading, item));

import { humanAgentUntil, roomFor } from "#core/windows";
import type { Gives, TakesView, WayView } from "#wire";
import type { LetterRecipients } from "#store/letter-recipients";
import type { WayRecord } from "#store/ways";
import { type Audience, masked } from "./classes.ts";

/** The connector's limits as `takes` tells them: a window of no length, and the hours beyond it. */
export const limitsOf = ({ window, humanAgentHours }: TakesView) => ({
  replyWindowHours: window ? 0 : (false as const),
  ...(humanAgentHours !== null && { humanAgentHours }),
});

const stateOf = (way: WayRecord, takes: TakesView, now: Date): WayView["state"] => {
  if (way.busy) return "busy";
  const room = roomFor({ limits: limitsOf(takes), windowUntil: way.windowUntil, byPerson: true, now });
  if (room === "closed") return "closed";
  return way.state === "offline" || way.state === "needs-login" ? "away" : "ready";
};

export const presentWay = (input: {
  readonly way: WayRecord;
  readonly takes: TakesView;
  readonly wanted: boolean;
  readonly now: Date;
  readonly audience: Audience;
}): WayView => {
  const { way, takes, audience } = input;
  const view: WayView = {
    key: way.threadId ?? `${way.accountId}:${way.identityId}`,
    threadId: way.threadId,
    accountId: way.accountId,
    accountName: way.accountName,
    identityId: way.identityId,
    channel: way.channel,
    address: way.address,
    addressKind: way.addressKind,
    linked: way.linked,
    state: stateOf(way, takes, input.now),
    windowUntil: way.windowUntil?.toISOString() ?? null,
    humanAgentUntil: humanAgentUntil({ limits: limitsOf(takes), windowUntil: way.windowUntil })?.toISOString() ?? null,
    takes,
    wanted: input.wanted,
  };
  return audience === "restricted" ? masked("wayView", view) : view;
};

export const presentRecipients = (found: LetterRecipients, audience: Audience): Gives<"message.recipients"> => {
  const list = (all: LetterRecipients["to"]) => all.map(({ address, name, known }) => ({ address, name, known }));
  const view = { to: list(found.to), cc: list(found.cc), subject: found.subject };
  return audience === "restricted" ? masked("letterRecipients", view) : view;
};

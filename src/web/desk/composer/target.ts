import { useEffect, useState } from "react";
import type { Gives, OwnView, TakesView, ThreadView, WayView } from "#wire";
import type { Held } from "../../state/conversations.ts";
import { useDesk } from "../context.ts";

/** Where an answer goes: a thread, or an account and an address on which one begins with the answer. */
export interface Target {
  readonly key: string;
  readonly threadId: string | null;
  readonly accountId: string;
  readonly identityId: string | null;
  /** Typed by the agent; null = an address the hub knows. */
  readonly typed: string | null;
  readonly channel: string;
  /** Masked. */
  readonly address: string;
  readonly addressKind: string;
  readonly subject: string | null;
  readonly windowUntil: string | null;
  readonly humanAgentUntil: string | null;
  readonly takes: TakesView;
}

const ofThread = (thread: ThreadView): Target => ({
  key: thread.id,
  threadId: thread.id,
  accountId: thread.accountId,
  identityId: null,
  typed: null,
  channel: thread.channel,
  address: thread.address,
  addressKind: thread.addressKind,
  subject: thread.subject,
  windowUntil: thread.windowUntil,
  humanAgentUntil: thread.humanAgentUntil,
  takes: thread.takes,
});

const ofWay = (way: WayView): Target => ({ ...way, typed: null, subject: null, humanAgentUntil: null });

export interface Targets {
  readonly target: Target | null;
  readonly ways: readonly WayView[];
  readonly own: readonly OwnView[];
  readonly choose: (key: string) => void;
  /** An address the hub does not know yet. */
  readonly type: (account: OwnView, address: string) => void;
}

/** Whether free text may still go out; a channel with a window on which nobody wrote has none open. */
export const closesAt = (target: Pick<Target, "windowUntil" | "humanAgentUntil" | "takes">): number | null => {
  const ends = [target.windowUntil, target.humanAgentUntil].flatMap((at) => (at === null ? [] : [Date.parse(at)]));
  if (ends.length > 0) return Math.max(...ends);
  return target.takes.window ? 0 : null;
};

/**
 * The thread an answer goes out on: the one chosen, else where the customer asked to be answered, else the one they
 * wrote on last. What else there is comes from the hub a moment later and moves nothing that was chosen.
 */
export const useTargets = (id: string, held: Held | null): Targets => {
  const { ask } = useDesk();
  const [chosen, choose] = useState<string | null>(null);
  const [typed, setTyped] = useState<Target | null>(null);
  const [found, setFound] = useState<Gives<"conversation.ways">>({ ways: [], own: [] });
  const threads = (held?.threads ?? []).filter((thread) => thread.active);
  const lastIn = held?.messages.findLast((message) => message.direction === "in" && !message.held);
  const ready = held?.state === "ready";
  const state = `${threads.map((thread) => thread.id).join()} ${lastIn?.id}`;
  useEffect(() => {
    if (!ready) return undefined;
    let gone = false;
    ask("conversation.ways", { conversationId: id }).then(
      (answer) => !gone && setFound(answer),
      // the threads themselves are known; the rest is a convenience
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [ask, id, ready, state]);

  const targets = [
    ...threads.map(ofThread),
    ...found.ways.filter((way) => !threads.some((thread) => thread.id === way.threadId)).map(ofWay),
    ...(typed === null ? [] : [typed]),
  ];
  const begun = chosen?.includes(":") === true ? chosen.slice(0, chosen.indexOf(":")) : null;
  const wanted = found.ways.find((way) => way.wanted)?.key;
  const target =
    targets.find((one) => one.key === chosen) ??
    // what was chosen has begun meanwhile: its thread is the newest of the account
    (begun === null ? undefined : targets.findLast((one) => one.accountId === begun && one.threadId !== null)) ??
    targets.find((one) => one.key === wanted) ??
    targets.find((one) => one.key === lastIn?.threadId) ??
    targets[0] ??
    null;
  return {
    target,
    ways: found.ways,
    own: found.own,
    choose,
    type: (account, address) => {
      const key = `${account.accountId}:${address}`;
      setTyped({
        key,
        threadId: null,
        accountId: account.accountId,
        identityId: null,
        typed: address,
        channel: account.channel,
        address,
        addressKind: account.kinds[0] === "email" ? "email" : "e164",
        subject: null,
        windowUntil: null,
        humanAgentUntil: null,
        takes: account.takes,
      });
      choose(key);
    },
  };
};

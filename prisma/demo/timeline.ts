import { type ChannelKey, channels, type PersonKey, type QueueKey } from "./company.ts";
import { parseLine, type Talk } from "./talk.ts";

/** One thing that happened in the demo's past, ready to be played again through the hub. Playing it twice is harmless. */
export type Step = { readonly at: Date; readonly channel: ChannelKey; readonly opening: string } & (
  | { readonly does: "write"; readonly body: string }
  | {
      readonly does: "answer";
      readonly key: string;
      readonly person: PersonKey;
      readonly mode: "reply" | "note";
      readonly text: string;
    }
  | {
      readonly does: "settle";
      readonly owner: PersonKey | null;
      readonly queue: QueueKey | null;
      readonly tags: readonly string[];
      readonly priority: number;
      readonly status: "open" | "waiting" | "snoozed" | "closed";
      readonly snoozedUntil: Date;
    }
);

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Minutes until the next line: uneven, and the same on every run. */
const pauseAfter = (talk: number, line: number): number => (2 + ((talk * 5 + line * 7) % 17)) * minute;

/** Nights become days: whenever the hub is started, people are seen working in office hours. */
const byDay = (at: number): number => {
  const hourInPrague = (new Date(at).getUTCHours() + 1) % 24;
  return hourInPrague < 8 || hourInPrague >= 20 ? at - 12 * hour : at;
};

const stepsOf = (talk: Talk, number: number, start: Date): Step[] => {
  const { channel, from } = talk;
  const key = (line: number): string => `demo-${channel}-${number}-${line}`;
  const letters = channels[channel].config;
  const thread = from === null || ("as" in letters && letters.as === "email") ? `thread-${number}` : from[0];
  const common = { channel, opening: key(0) };
  const latest = start.getTime() - minute;
  let at = byDay(start.getTime() - talk.ago * hour);
  const steps: Step[] = [];
  let settled = false;
  const settle = (): void => {
    if (settled) return;
    settled = true;
    steps.push({
      ...common,
      at: new Date(Math.max(Math.min(at, latest), steps.at(-1)?.at.getTime() ?? 0)),
      does: "settle",
      owner: talk.owner ?? null,
      queue: talk.queue ?? null,
      tags: talk.tags ?? [],
      priority: talk.priority ?? 0,
      status: talk.status ?? "open",
      snoozedUntil: new Date(start.getTime() + day),
    });
  };
  for (const [index, text] of talk.lines.entries()) {
    const line = parseLine(text);
    const when = new Date(Math.min(at, latest));
    at += pauseAfter(number, index);
    if (line.by === "agent") {
      const { person, mode } = line;
      steps.push({ ...common, at: when, does: "answer", key: key(index), person, mode, text: line.text });
      continue;
    }
    const live = line.by === "customer" && line.live;
    // What is new arrives after everything else is in its place: it wakes, counts as unread and starts the clock.
    if (live && index > 0) settle();
    const message = {
      id: key(index),
      thread,
      ...(from !== null && line.by === "customer" && { from: { id: from[0], name: from[1] } }),
      text: line.text,
      at: (live ? new Date(start.getTime() - (talk.lines.length - index) * minute) : when).toISOString(),
      kind: line.by === "customer" && line.call ? "call" : "text",
      own: line.by === "elsewhere",
      historic: !live,
      ...(talk.subject !== undefined && { subject: talk.subject }),
    };
    steps.push({ ...common, at: live ? start : when, does: "write", body: JSON.stringify({ messages: [message] }) });
  }
  settle();
  return steps;
};

/** Every step of every talk in the order of time; what belongs to one talk keeps its order. */
export const timelineOf = (talks: readonly Talk[], start: Date): readonly Step[] =>
  talks
    .toSorted((one, other) => other.ago - one.ago)
    .flatMap((talk, number) => stepsOf(talk, number, start))
    .map((step, order) => ({ step, order }))
    .sort((one, other) => one.step.at.getTime() - other.step.at.getTime() || one.order - other.order)
    .map(({ step }) => step);

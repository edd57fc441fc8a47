import type { CallReport, CallStore, Hub } from "#contract";
import { remoteId } from "#contract";
import type { CallState } from "./control/state.ts";
import type { Caller } from "./ports.ts";
import { threadOf } from "./thread.ts";

/** Outcomes in which nobody spoke to a caller who wanted somebody. */
const missedOutcomes = new Set(["abandoned", "voicemail", "callback", "failed", "closed"]);

const isMissed = (state: CallState): boolean =>
  state.phase === "ended" &&
  state.direction === "in" &&
  state.talkedAt === undefined &&
  missedOutcomes.has(state.outcome ?? "");

const stateOf = (state: CallState): CallReport["state"] => {
  if (state.phase === "ended") return "ended";
  if (state.phase === "talking") return "talking";
  return state.phase === "queued" || state.phase === "menu" ? "queued" : "ringing";
};

/** The state of a call as the hub stores it. */
export const reportOf = (
  state: CallState,
  extra: Pick<CallReport, "wrapUp"> & { readonly dispositionTitle?: string } = {},
): CallReport => ({
  thread: threadOf(state.id),
  id: state.id,
  direction: state.direction,
  state: stateOf(state),
  startedAt: new Date(state.startedAt),
  ...(state.answeredAt !== undefined && { answeredAt: new Date(state.answeredAt) }),
  ...(state.endedAt !== undefined && { endedAt: new Date(state.endedAt) }),
  ...(state.queue !== "" && { queue: state.queue }),
  ...(state.agent !== undefined && { agentId: state.agent }),
  ...(isMissed(state) && { missed: true }),
  card: {
    callId: state.id,
    direction: state.direction,
    line: state.line.number,
    state: stateOf(state),
    outcome: state.outcome ?? null,
    queue: state.queue === "" ? null : state.queue,
    agentId: state.agent ?? null,
    anonymous: state.number === undefined,
    recording: state.recording,
    notice:
      state.notice === undefined
        ? null
        : { version: state.notice.version, at: new Date(state.notice.at).toISOString() },
    waitedMs:
      state.queuedAt === undefined ? null : (state.talkedAt ?? state.endedAt ?? state.queuedAt) - state.queuedAt,
    missed: isMissed(state),
    talkMs: state.talkedAt === undefined || state.endedAt === undefined ? null : state.endedAt - state.talkedAt,
    startedAt: new Date(state.startedAt).toISOString(),
    answeredAt: state.talkedAt === undefined ? null : new Date(state.talkedAt).toISOString(),
    endedAt: state.endedAt === undefined ? null : new Date(state.endedAt).toISOString(),
    ...(extra.wrapUp !== undefined && {
      disposition: extra.wrapUp.disposition,
      note: extra.wrapUp.note,
      dispositionTitle: extra.dispositionTitle ?? "",
    }),
  },
  text: "",
  events: state.events.map(({ at, name, detail }) => ({ at: new Date(at), name, detail })),
  ...(extra.wrapUp !== undefined && { wrapUp: extra.wrapUp }),
});

const againMs = 2_000;
const tries = 30;

/**
 * Tells the hub of one call, in order and only the newest: a busy database delays what is stored, never the call. The
 * thread is received first; after that every report stands for itself.
 */
export const reporter = (input: {
  readonly hub: Hub;
  readonly store: CallStore | undefined;
  readonly onStored: (conversationId: string) => void;
}) => {
  const { hub, store } = input;
  let next: CallReport | undefined;
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  let received = false;
  let number: string | undefined;
  let display = "";
  let visitor: Caller["visitor"];

  const deliver = async (report: CallReport): Promise<void> => {
    if (!received) {
      await hub.receive({
        type: "message",
        thread: report.thread,
        id: remoteId(report.id),
        from: {
          addresses:
            number !== undefined
              ? [{ kind: "e164", value: number }]
              : visitor === undefined
                ? []
                : [{ kind: "visitor", ...visitor }],
          ...(display !== "" && number !== undefined && { name: display }),
        },
        own: report.direction === "out",
        ...(report.direction === "out" &&
          number !== undefined && { participants: [{ kind: "e164" as const, value: number }] }),
        sentAt: report.startedAt,
        kind: "call",
        text: report.text,
        attachments: [],
        detail: report.card,
        raw: { json: { callId: report.id } },
      });
      received = true;
    }
    const stored = await store?.put(report);
    if (stored !== undefined) input.onStored(stored.conversationId);
  };
  const work = async (): Promise<void> => {
    for (let failed = 0; next !== undefined;) {
      const report = next;
      next = undefined;
      try {
        await deliver(report);
        failed = 0;
      } catch (thrown) {
        failed += 1;
        if (failed === 1 || failed === tries)
          hub.log.warn("a call could not be stored", { call: report.id, reason: String(thrown), attempt: failed });
        if (failed >= tries) return;
        next ??= report;
        await new Promise((resolve) => setTimeout(resolve, againMs).unref());
      }
    }
  };
  return {
    /** Who is at the other end: told once, before the first report. */
    about: (whose: {
      readonly number: string | undefined;
      readonly display: string;
      readonly visitor: Caller["visitor"];
    }): void => {
      ({ number, display, visitor } = whose);
    },
    tell: (report: CallReport): void => {
      next = report;
      if (busy) return;
      busy = true;
      running = work().finally(() => {
        busy = false;
      });
    },
    /** Everything told so far is stored (or given up). */
    settled: (): Promise<void> => running,
  };
};
export type Reporter = ReturnType<typeof reporter>;

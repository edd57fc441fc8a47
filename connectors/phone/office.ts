import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import type { Account, CallReport, Hub } from "#contract";
import type { Agent } from "./control/agents.ts";
import { openDialRules } from "./control/dialRules.ts";
import { type Run, runCall, type RunParts } from "./control/run.ts";
import { type CallState, legOf, newCall } from "./control/state.ts";
import type { Exchange } from "./exchange.ts";
import type { Ledger } from "./ledger.ts";
import { noticeVersion, openLines } from "./lines.ts";
import { normalise } from "./numbers.ts";
import type { MediaEvent, MediaPort, PromptSource, SipCall, SipUa } from "./ports.ts";
import { type Reporter, reporter, reportOf } from "./report.ts";
import type { Settings } from "./settings.ts";
import { threadOf } from "./thread.ts";
import { type CallView, viewFor } from "./view.ts";
import { callText, wordsOf } from "./words.ts";

/** One call with everything the account keeps about it. */
interface Case {
  readonly run: Run;
  readonly reports: Reporter;
  readonly display: string;
  conversationId: string | null;
  wrapUp: CallReport["wrapUp"];
  /** By agent: until when the wrap-up runs. */
  readonly wrapping: Map<string, { readonly until: number; readonly timer: NodeJS.Timeout }>;
  readonly told: Map<string, string>;
  /** What must be finished before the case can be forgotten. */
  open: number;
}

/** The calls of one account: takes them, makes them, tells desks and store. */
export const openOffice = (input: {
  readonly account: Account<Settings>;
  readonly hub: Hub;
  readonly exchange: Exchange;
  readonly media: MediaPort;
  readonly ua: SipUa;
  /** The notice can be played. */
  readonly speaks: boolean;
  readonly ledger: Ledger;
  /** The company promised its callers anonymity: their numbers end here. */
  readonly anonymous: () => boolean;
}) => {
  const { account, hub, exchange, media, ua, ledger } = input;
  const { config } = account;
  const agents = exchange.agents();
  const lines = openLines(config);
  const now = (): number => hub.now().getTime();
  const rules = openDialRules({
    now,
    rules: {
      plan: config.country,
      destinations: config.destinations,
      mostPerHour: config.maxDialsPerHour,
      mostPerAgentHour: config.maxDialsPerAgentHour,
      mostMinutesPerDay: config.maxMinutesPerDay,
    },
  });
  const cases = new Map<string, Case>();

  const sourceOf = (state: CallState, prompt: string): PromptSource | undefined => {
    if (prompt === "music" || prompt === "beep") return { builtin: prompt };
    const text =
      prompt === "notice"
        ? config.notice
        : prompt.startsWith("menu:")
          ? state.line.menus.get(prompt.slice(5))?.text
          : wordsOf(prompt, state.line.language);
    return text === undefined || text === "" ? undefined : { text, language: state.line.language };
  };
  const promptOf = async (state: CallState, prompt: string): Promise<string | undefined> => {
    const source = sourceOf(state, prompt);
    if (source === undefined) return undefined;
    const id = "text" in source ? `${source.language}:${noticeVersion(source.text)}` : prompt;
    return (await exchange.prompt(media, id, source, hub.log)) ? id : undefined;
  };

  const viewOf = (one: Case, userId: string): CallView =>
    viewFor({
      state: one.run.state(),
      userId,
      conversationId: one.conversationId,
      display: one.display,
      wrapUpUntil: one.wrapping.get(userId)?.until,
      dispositions: lines.dispositions,
    });
  const tell = (one: Case, userId: string): void => {
    const view = viewOf(one, userId);
    const text = JSON.stringify(view);
    if (one.told.get(userId) === text || view.state === "ended") return;
    one.told.set(userId, text);
    agents.get(userId)?.desk?.tell(view.state === "ringing" ? "phone.ringing" : "phone.state", view);
  };
  const tellAll = (one: Case): void => {
    const state = one.run.state();
    if (state.offered !== undefined) tell(one, state.offered.userId);
    for (const { userId } of state.parties) if (userId !== undefined) tell(one, userId);
    for (const userId of one.wrapping.keys()) tell(one, userId);
  };

  const report = (one: Case): void => {
    const state = one.run.state();
    const { wrapUp } = one;
    const dispositionTitle = lines.dispositions.find(({ code }) => code === wrapUp?.disposition)?.title;
    const made = reportOf(state, {
      ...(wrapUp !== undefined && { wrapUp }),
      ...(dispositionTitle !== undefined && { dispositionTitle }),
    });
    one.reports.tell({ ...made, text: callText(state) });
    if (state.phase === "ended") return;
    ledger.keep({
      id: state.id,
      direction: state.direction,
      startedAt: state.startedAt,
      ...(state.answeredAt !== undefined && { answeredAt: state.answeredAt }),
      talked: state.talkedAt !== undefined,
      ...(state.queue !== "" && { queue: state.queue }),
      ...(state.agent !== undefined && { agentId: state.agent }),
      card: { ...made.card },
      events: state.events.length,
      recordings: [...one.run.recordings],
      ...(state.notice !== undefined && { notice: state.notice }),
      keepDays: state.line.keepDays,
    });
  };

  const forget = async (one: Case): Promise<void> => {
    one.open -= 1;
    if (one.open > 0) return;
    await one.reports.settled();
    exchange.calls.delete(one.run.id);
    cases.delete(one.run.id);
    ledger.forget(one.run.id);
  };

  const onRecorded = async (one: Case, event: Extract<MediaEvent, { type: "recorded" }>): Promise<void> => {
    const state = one.run.state();
    try {
      // The call's row must stand before its recording does.
      await one.reports.settled();
      await hub.calls?.recording({
        thread: threadOf(state.id),
        callId: state.id,
        id: event.recording,
        kind: state.outcome === "voicemail" ? "voicemail" : "call",
        ms: event.ms,
        sha256: event.sha256,
        ...(state.notice !== undefined && {
          notice: { playedAt: new Date(state.notice.at), version: state.notice.version },
        }),
        pauses: event.pauses,
        keepDays: state.line.keepDays,
        open: async () => createReadStream(event.file),
      });
      await rm(event.file, { force: true });
    } catch (thrown) {
      hub.log.warn("a recording could not be stored; its file is kept", { reason: String(thrown), call: state.id });
    } finally {
      await forget(one);
    }
  };

  const endWrapUp = (one: Case, agent: Agent): void => {
    const running = one.wrapping.get(agent.userId);
    if (running === undefined) return;
    clearTimeout(running.timer);
    one.wrapping.delete(agent.userId);
    agent.desk?.tell("phone.ended", { callId: one.run.id, reason: "wrapped up" });
    agents.free(agent, one.run.id);
    void forget(one);
  };

  const parts: Omit<RunParts, "onChange" | "onRelease" | "onRing" | "onEnd"> = {
    accountId: account.id,
    media,
    agents,
    srtp: config.srtp,
    now,
    warn: (text, fields) => hub.log.warn(text, fields),
    promptOf,
  };

  const begin = (state: CallState, sip: SipCall | undefined, display: string): Case => {
    const run = runCall({
      state,
      sip,
      dial: (sdp, number) =>
        ua.invite({
          target: number,
          sdp,
          from: { number: config.callerId === "" ? state.line.number : config.callerId },
        }),
      parts: {
        ...parts,
        onChange: () => {
          tellAll(one);
          report(one);
        },
        onRing: (_, agent) => tell(one, agent.userId),
        onRelease: (_, agent, wrapUp, reason) => {
          one.told.delete(agent.userId);
          const { wrapUpMs } = state.line;
          if (!wrapUp || wrapUpMs === 0) {
            agent.desk?.tell("phone.ended", { callId: state.id, reason });
            return agents.free(agent, state.id);
          }
          one.open += 1;
          const timer = setTimeout(() => endWrapUp(one, agent), wrapUpMs);
          timer.unref();
          one.wrapping.set(agent.userId, { until: now() + wrapUpMs, timer });
        },
        onEnd: () => {
          const { talkedAt, endedAt, direction } = one.run.state();
          if (direction === "out" && talkedAt !== undefined) rules.talked((endedAt ?? now()) - talkedAt);
          one.open += one.run.recordings.length;
          void forget(one);
        },
      },
    });
    const reports = reporter({
      hub,
      store: hub.calls,
      onStored: (conversationId) => {
        if (one.conversationId === conversationId) return;
        one.conversationId = conversationId;
        tellAll(one);
      },
    });
    reports.about({ number: state.number, display, visitor: input.anonymous() ? undefined : sip?.caller.visitor });
    const one: Case = {
      run,
      reports,
      display,
      conversationId: null,
      wrapUp: undefined,
      wrapping: new Map(),
      told: new Map(),
      open: 1,
    };
    cases.set(state.id, one);
    exchange.calls.set(state.id, { accountId: account.id, run, recorded: (event) => void onRecorded(one, event) });
    return one;
  };

  const take = (sip: SipCall): void => {
    const discreet = input.anonymous();
    const usual = lines.line(sip.called, input.speaks);
    const line = discreet ? lines.discreet(usual) : usual;
    const { number, display } = discreet ? { number: undefined, display: "" } : sip.caller;
    const known = number === undefined ? undefined : (normalise(number, config.country) ?? number);
    const state = newCall({ id: randomUUID(), direction: "in", line, number: known, at: now() });
    begin(state, sip, display).run.begin(lines.open(now()));
  };
  ua.onCall(take);

  return {
    cases,
    take,
    rules,
    viewOf,
    endWrapUp,
    report,
    /** Starts a call of an agent; the number was checked. */
    dial: (agent: Agent, number: string, line: string | undefined): Case => {
      const own = lines.line(line ?? (config.callerId || number), input.speaks);
      const state: CallState = {
        ...newCall({
          id: randomUUID(),
          direction: "out",
          line: { ...own, number: line ?? config.callerId },
          number,
          at: now(),
        }),
        agent: agent.userId,
        parties: [
          { leg: legOf(agent.userId), userId: agent.userId, name: agent.name, as: "agent", muted: false, on: true },
        ],
        events: [{ at: now(), name: "ringing", detail: { direction: "out" } }],
      };
      agent.busy = state.id;
      rules.made(agent.userId);
      const one = begin(state, undefined, "");
      tellAll(one);
      report(one);
      return one;
    },
    /** Ends every call truthfully and waits until that is stored. */
    close: async (): Promise<void> => {
      const all = [...cases.values()];
      for (const one of all) {
        one.run.give({ type: "stopping" });
        for (const userId of one.wrapping.keys()) {
          const agent = agents.get(userId);
          if (agent !== undefined) endWrapUp(one, agent);
        }
      }
      await Promise.all(all.map((one) => one.reports.settled()));
      await ledger.settled();
    },
  };
};
export type Office = ReturnType<typeof openOffice>;

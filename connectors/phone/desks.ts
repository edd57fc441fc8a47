import { type CallDesk, type Calls, ConnectorError } from "#contract";
import { z } from "zod";
import type { Agent } from "./control/agents.ts";
import type { Command } from "./control/state.ts";
import type { Exchange } from "./exchange.ts";
import type { Office } from "./office.ts";
import type { MediaPort } from "./ports.ts";

const refused = (says: string): ConnectorError => new ConnectorError("rejected", says);

const callId = z.string();
/** The commands that go to the call's own step; what each takes was checked at the hub's door (src/wire/phone.ts). */
const onCall = z.discriminatedUnion("name", [
  z.object({ name: z.enum(["answer", "reject", "hangup", "hold", "resume", "resumeRecording"]), callId }),
  z.object({ name: z.literal("mute"), callId, on: z.boolean() }),
  z.object({ name: z.literal("dtmf"), callId, digits: z.string() }),
  z.object({ name: z.literal("pauseRecording"), callId, reason: z.string() }),
  z.object({
    name: z.literal("transfer"),
    callId,
    mode: z.enum(["blind", "attended"]),
    to: z.discriminatedUnion("type", [
      z.object({ type: z.literal("agent"), id: z.string() }),
      z.object({ type: z.literal("queue"), id: z.string() }),
      z.object({ type: z.literal("number"), number: z.string() }),
    ]),
  }),
  z.object({ name: z.literal("consult"), callId, next: z.enum(["complete", "conference", "cancel"]) }),
  z.object({ name: z.literal("monitor"), callId, mode: z.enum(["listen", "whisper", "barge", "leave"]) }),
]);
const asked = z.union([
  onCall,
  z.object({
    name: z.literal("dial"),
    to: z.string(),
    line: z.string().optional(),
    purpose: z.string(),
    consentRef: z.string().optional(),
  }),
  z.object({ name: z.literal("wrapUp"), callId, disposition: z.string(), note: z.string() }),
]);
const answer = z.object({ sdp: z.string() });
const readiness = z.object({ ready: z.boolean() });

/** What desks may do with the calls of one account. */
export const openDesks = (input: {
  readonly accountId: string;
  readonly exchange: Exchange;
  readonly media: MediaPort;
  readonly office: Office;
}): Calls => {
  const { accountId, exchange, media, office } = input;
  const agents = exchange.agents();

  const agentOf = (desk: CallDesk): Agent => {
    const agent = agents.get(desk.userId);
    if (agent === undefined || agent.desk !== desk) throw refused("The phone is open in another window.");
    return agent;
  };
  const callsOf = (userId: string) =>
    [...office.cases.values()]
      .filter((one) => {
        const state = one.run.state();
        const on = state.offered?.userId === userId || state.parties.some((party) => party.userId === userId);
        return (on && state.phase !== "ended") || one.wrapping.has(userId);
      })
      .map((one) => office.viewOf(one, userId));

  /** The audio of an agent is gone, or is about to be replaced. */
  const lose = (agent: Agent): void => {
    const { leg } = agent;
    agent.connected = false;
    agent.leg = "";
    if (leg !== "") void media.closeLeg(leg).catch(() => undefined);
    if (agent.busy !== undefined) exchange.calls.get(agent.busy)?.run.give({ type: "agentGone", userId: agent.userId });
  };

  const start = async (desk: CallDesk): Promise<unknown> => {
    const agent = agents.enter(desk, accountId);
    if (agent.desk !== undefined && agent.desk !== desk) agent.desk.tell("phone.taken", {});
    agent.desk = desk;
    if (agent.leg !== "") lose(agent);
    const leg = `web:${desk.userId}:${Date.now()}`;
    agent.leg = leg;
    const { sdp } = await media.openWebLeg({ leg });
    return { sdp, calls: callsOf(desk.userId) };
  };

  const command = (desk: CallDesk, takes: unknown): { callId: string | null } => {
    const agent = agentOf(desk);
    const given = asked.parse(takes);
    if (given.name === "dial") {
      if (agent.busy !== undefined) throw refused("End the call you are on first.");
      if (!agent.connected) throw refused("Your microphone is not connected.");
      const { to, purpose, consentRef } = given;
      const verdict = office.rules.check({ to, agent: desk.userId, purpose, consentRef });
      if (!verdict.ok) throw refused(verdict.says);
      return { callId: office.dial(agent, verdict.number, given.line).run.id };
    }
    const one = office.cases.get(given.callId);
    if (one === undefined) throw refused("The call has ended.");
    if (given.name === "wrapUp") {
      if (!one.wrapping.has(desk.userId)) throw refused("There is nothing to note any more.");
      one.wrapUp = { disposition: given.disposition, note: given.note };
      office.report(one);
      office.endWrapUp(one, agent);
      return { callId: one.run.id };
    }
    if (given.name === "monitor") {
      if (!desk.supervises) throw refused("You may not listen to calls.");
      if (agent.busy !== undefined && agent.busy !== one.run.id) throw refused("End the call you are on first.");
      if (!agent.connected) throw refused("Your audio is not connected.");
    }
    const { callId: _, ...rest } = given;
    one.run.command({ type: "by", userId: desk.userId, name: desk.name, command: checked(desk, rest) });
    if (given.name === "monitor") agent.busy = given.mode === "leave" ? undefined : one.run.id;
    return { callId: one.run.id };
  };

  /** Numbers are normalised and allowed by the same rules as a call; names of agents are looked up. */
  const checked = (desk: CallDesk, given: Omit<z.output<typeof onCall>, "callId">): Command => {
    const parsed = onCall.parse({ ...given, callId: "-" });
    if (parsed.name !== "transfer") return parsed;
    const { to } = parsed;
    if (to.type === "agent") {
      const other = agents.get(to.id);
      if (other === undefined || !other.connected || other.busy !== undefined)
        throw refused("This colleague cannot take a call now.");
      return { ...parsed, to: { ...to, name: other.name } };
    }
    if (to.type === "queue") return { ...parsed, to };
    if (desk.restricted) throw refused("You may not transfer to a number.");
    const verdict = office.rules.check({
      to: to.number,
      agent: desk.userId,
      purpose: "service",
      consentRef: undefined,
    });
    if (!verdict.ok) throw refused(verdict.says);
    office.rules.made(desk.userId);
    return { ...parsed, to: { type: "number", number: verdict.number } };
  };

  return {
    attach: (desk) => void agents.enter(desk, accountId),
    detach: (desk) => {
      const agent = agents.get(desk.userId);
      if (agent === undefined || (agent.desk !== undefined && agent.desk !== desk)) return;
      agent.desk = undefined;
      agent.wants = false;
      if (agent.leg !== "") lose(agent);
      agents.leave(desk.userId, accountId);
    },
    has: (id) => office.cases.has(id),
    ask: async (desk, question, takes) => {
      switch (question) {
        case "phone.start":
          return start(desk);
        case "phone.calls":
          return { calls: callsOf(desk.userId) };
        case "phone.answer": {
          const agent = agentOf(desk);
          await media.connectWebLeg({ leg: agent.leg, sdp: answer.parse(takes).sdp });
          return {};
        }
        case "phone.stop": {
          const agent = agentOf(desk);
          agent.wants = false;
          lose(agent);
          return {};
        }
        case "phone.ready": {
          const agent = agentOf(desk);
          agent.wants = readiness.parse(takes).ready;
          if (agent.wants) agent.idleSince = Date.now();
          desk.tell("phone.ready", { ready: agent.wants, reason: "asked" });
          agents.dispatch();
          return {};
        }
        case "phone.command":
          return command(desk, takes);
        default:
          throw refused("The phone does not know this question.");
      }
    },
  };
};

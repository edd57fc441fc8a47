import type { CallDesk } from "#contract";

/** An agent as the phone knows one: a desk, an audio leg, and whether a call may be offered. */
export interface Agent {
  readonly userId: string;
  name: string;
  /** The tab that owns the phone. */
  desk: CallDesk | undefined;
  /** By account: the desk's rights there. */
  readonly serves: Map<string, CallDesk>;
  leg: string;
  connected: boolean;
  wants: boolean;
  /** The call the agent is offered, on, or wrapping up. */
  busy: string | undefined;
  idleSince: number;
  /** When the desk went away; it may come back to its call for a while. */
  goneAt: number | undefined;
}

interface Waiting {
  readonly callId: string;
  readonly accountId: string;
  readonly queue: string;
  readonly since: number;
  readonly excluded: readonly string[];
  readonly at: number;
  readonly found: (agent: Agent) => void;
}

/** An agent who did not take a call is asked again after this, if nobody else came. */
const excludedMs = 20_000;

const mayTake = (agent: Agent, call: Waiting, now: number): boolean => {
  const desk = agent.serves.get(call.accountId);
  if (desk === undefined || !agent.connected || !agent.wants || agent.busy !== undefined) return false;
  if (call.excluded.includes(agent.userId) && now - call.at < excludedMs) return false;
  return desk.queues === "all" || desk.queues.includes(call.queue);
};

/**
 * Everybody who can take calls, and everybody who waits: the caller who waits longest gets the agent who has been idle
 * longest among those ready in that queue.
 */
export const openAgents = (input: { readonly now: () => number; readonly changed?: (agent: Agent) => void }) => {
  const agents = new Map<string, Agent>();
  const waiting = new Map<string, Waiting>();

  const dispatch = (): void => {
    const now = input.now();
    for (const call of [...waiting.values()].sort((a, b) => a.since - b.since)) {
      const [agent] = [...agents.values()]
        .filter((one) => mayTake(one, call, now))
        .sort((a, b) => a.idleSince - b.idleSince);
      if (agent === undefined) continue;
      waiting.delete(call.callId);
      agent.busy = call.callId;
      call.found(agent);
    }
  };
  // Exclusions run out without anybody doing anything.
  const timer = setInterval(dispatch, 2_000);
  timer.unref();

  return {
    get: (userId: string): Agent | undefined => agents.get(userId),
    all: (): Iterable<Agent> => agents.values(),
    enter: (desk: CallDesk, accountId: string): Agent => {
      const agent = agents.get(desk.userId) ?? {
        userId: desk.userId,
        name: desk.name,
        desk: undefined,
        serves: new Map<string, CallDesk>(),
        leg: "",
        connected: false,
        wants: false,
        busy: undefined,
        idleSince: input.now(),
        goneAt: undefined,
      };
      agent.name = desk.name;
      agent.serves.set(accountId, desk);
      agents.set(desk.userId, agent);
      return agent;
    },
    leave: (userId: string, accountId: string): void => {
      const agent = agents.get(userId);
      agent?.serves.delete(accountId);
      if (agent?.serves.size === 0 && agent.busy === undefined) agents.delete(userId);
    },
    /** The agent has nothing to do with this call any more. */
    free: (agent: Agent, callId: string): void => {
      if (agent.busy !== callId) return;
      agent.busy = undefined;
      agent.idleSince = input.now();
      dispatch();
    },
    seek: (call: Omit<Waiting, "at">): void => {
      waiting.set(call.callId, { ...call, at: input.now() });
      dispatch();
    },
    unseek: (callId: string): void => void waiting.delete(callId),
    /** 1 = next. */
    position: (callId: string): number | undefined => {
      const own = waiting.get(callId);
      if (own === undefined) return undefined;
      return [...waiting.values()].filter(
        (one) => one.accountId === own.accountId && one.queue === own.queue && one.since <= own.since,
      ).length;
    },
    dispatch,
    stop: (): void => clearInterval(timer),
  };
};
export type Agents = ReturnType<typeof openAgents>;

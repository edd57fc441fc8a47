import { type CallDesk, type Calls, ConnectorError } from "#contract";
import { Refused } from "#core/refused";
import { mayWork, type Scope } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Supervisor } from "#runtime/ports";
import type { Db } from "#store/db";
import { queueKeys } from "#store/calls";
import type { Gives, PhoneCall, Takes } from "#wire";
import { masked } from "../present/classes.ts";
import { audienceIn } from "./desk.ts";
import type { DeskSocket } from "./desk-io.ts";

interface Line {
  readonly tenantId: string;
  readonly desk: CallDesk;
  readonly calls: Calls;
}
type PhoneQuestion = "phone.start" | "phone.answer" | "phone.stop" | "phone.ready" | "phone.command";

export type PhoneHandlers = { [Q in PhoneQuestion]: (socket: DeskSocket, takes: Takes<Q>) => Promise<Gives<Q>> };

/** A call as the desk may see it: its tenant is filled in, and who may not know numbers gets none. */
const presentCall = (scope: Scope, tenantId: string, call: PhoneCall): PhoneCall => {
  const view: PhoneCall = { ...call, tenantId };
  return audienceIn(scope, tenantId) === "normal" ? view : masked("phoneCall", view);
};

const isCall = (payload: unknown): payload is PhoneCall =>
  typeof payload === "object" && payload !== null && "callId" in payload && "direction" in payload;

const asRefused = (thrown: unknown): unknown =>
  thrown instanceof ConnectorError
    ? new Refused(thrown.code === "unreachable" ? "unavailable" : "conflict", thrown.message)
    : thrown;

/** Desks that can take calls, and the way of their questions to the account they are about. */
export const makePhone = (input: { readonly db: Db; readonly supervisor: Pick<Supervisor, "calls"> }) => {
  const { db, supervisor } = input;
  const desks = new Map<string, Map<string, Line>>();

  const deskFor = (socket: DeskSocket, tenantId: string, queues: CallDesk["queues"]): CallDesk => {
    const { session, scope } = socket.data;
    const grant = scope.grants.get(tenantId);
    return {
      userId: session.userId,
      name: session.name,
      queues,
      supervises: grant?.role === "supervisor" || grant?.role === "admin",
      restricted: grant?.profile !== "normal",
      tell: (event, payload) => {
        const told = isCall(payload) ? presentCall(socket.data.scope, tenantId, payload) : payload;
        // What is told is made by the connector after the wire's own schemas; the map has one function type for all.
        (socket.emit as (event: string, payload: unknown) => boolean).call(socket, event, told);
      },
    };
  };

  /** The lines this desk serves; new accounts join with the next question, ended ones are left out. */
  const linesOf = async (socket: DeskSocket): Promise<ReadonlyMap<string, Line>> => {
    const { scope } = socket.data;
    const known = desks.get(socket.id) ?? new Map<string, Line>();
    const running = supervisor.calls(scope.tenantIds.filter((tenantId) => mayWork(scope, tenantId)));
    for (const [accountId, { calls }] of known)
      if (!running.some((one) => one.accountId === accountId && one.calls === calls)) known.delete(accountId);
    for (const { accountId, tenantId, queueId, calls } of running) {
      if (known.has(accountId)) continue;
      const grant = scope.grants.get(tenantId);
      const queueIds = grant?.queueIds ?? [];
      // "" is the line's own queue: everybody's when it has none.
      const own = queueId === null || queueIds.includes(queueId) ? [""] : [];
      const queues =
        queueIds.length === 0 ? ("all" as const) : [...own, ...(await queueKeys({ db, scope, tenantId, queueIds }))];
      const desk = deskFor(socket, tenantId, queues);
      calls.attach(desk);
      known.set(accountId, { tenantId, desk, calls });
    }
    if (socket.connected) desks.set(socket.id, known);
    return known;
  };

  const ask = async (
    line: Line | undefined,
    question: PhoneQuestion | "phone.calls",
    takes: unknown,
  ): Promise<unknown> => {
    if (line === undefined) throw new Refused("unavailable", "No phone line runs for you now.");
    try {
      return await line.calls.ask(line.desk, question, takes);
    } catch (thrown) {
      throw asRefused(thrown);
    }
  };
  /** Lines know queues by their keys, desks by their ids. */
  const byKey = async (
    socket: DeskSocket,
    line: Line | undefined,
    takes: Takes<"phone.command">,
  ): Promise<Takes<"phone.command">> => {
    if (takes.name !== "transfer" || takes.to.type !== "queue") return takes;
    const { scope } = socket.data;
    const tenantId = line?.tenantId ?? "";
    const queueIds = isUuid(takes.to.id) ? [takes.to.id] : [];
    const [id] = await queueKeys({ db, scope, tenantId, queueIds });
    if (id === undefined) throw new Refused("not-found", "There is no such queue.");
    return { ...takes, to: { type: "queue", id } };
  };
  /** Audio and readiness are the agent's, not an account's: any line will do. */
  const any = async (socket: DeskSocket): Promise<Line | undefined> => [...(await linesOf(socket)).values()][0];

  const handlers: PhoneHandlers = {
    "phone.start": async (socket) => {
      const lines = [...(await linesOf(socket)).values()];
      const [first, ...others] = lines;
      const begun = (await ask(first, "phone.start", {})) as Gives<"phone.start">;
      const calls = begun.calls.map((call) => presentCall(socket.data.scope, first?.tenantId ?? "", call));
      for (const line of others) {
        const more = (await ask(line, "phone.calls", {})) as { calls: PhoneCall[] };
        calls.push(...more.calls.map((call) => presentCall(socket.data.scope, line.tenantId, call)));
      }
      return { sdp: begun.sdp, calls };
    },
    "phone.answer": async (socket, takes) => {
      await ask(await any(socket), "phone.answer", takes);
      return {};
    },
    "phone.stop": async (socket) => {
      await ask(await any(socket), "phone.stop", {});
      return {};
    },
    "phone.ready": async (socket, takes) => {
      await ask(await any(socket), "phone.ready", takes);
      return {};
    },
    "phone.command": async (socket, takes) => {
      const lines = [...(await linesOf(socket)).values()];
      const line =
        takes.name === "dial"
          ? lines.find(({ tenantId }) => tenantId === takes.tenantId)
          : lines.find(({ calls }) => calls.has(takes.callId));
      if (takes.name === "dial" && line?.desk.restricted === true)
        throw new Refused("forbidden", "With a restricted profile numbers are not dialled by hand.");
      if (line === undefined && takes.name !== "dial") throw new Refused("conflict", "The call has ended.");
      return (await ask(line, "phone.command", await byKey(socket, line, takes))) as Gives<"phone.command">;
    },
  };

  return {
    handlers,
    /** The desk's socket is gone. */
    left: (socket: DeskSocket): void => {
      for (const { calls, desk } of desks.get(socket.id)?.values() ?? []) calls.detach(desk);
      desks.delete(socket.id);
    },
  };
};

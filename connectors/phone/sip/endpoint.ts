import { randomBytes } from "node:crypto";
import { type ClientTransaction, inviteClient, otherClient } from "./client.ts";
import {
  type Headers,
  header,
  headersOf,
  reasons,
  serialise,
  type SipRequest,
  type SipResponse,
  tagOf,
} from "./message.ts";
import { type Fault, parseMessage } from "./parse.ts";
import { inviteServer, otherServer, type ServerTransaction } from "./server.ts";
import { type Flow, type Listening, openTransport, type Proto } from "./transport.ts";
import { bracketed } from "./uri.ts";

export const makeTag = (): string => randomBytes(8).toString("hex");
const makeBranch = (): string => `z9hG4bK${randomBytes(12).toString("hex")}`;

/** A request that came, with the way to answer it. */
export interface Incoming {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Gives the bytes sent; undefined = it had a final answer already. */
  respond(status: number, answer?: Answering): Buffer | undefined;
  /** Called when the far side gives up while no final answer was given (RFC 3261 section 9.2). */
  onCancel(listener: () => void): void;
}

interface Answering {
  readonly reason?: string;
  readonly toTag?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: { readonly type: string; readonly text: string };
}

/** What a dialog does with the requests that belong to it. */
interface DialogDoor {
  request(incoming: Incoming): void;
  ack(request: SipRequest): void;
}

interface Outgoing {
  readonly method: string;
  readonly uri: string;
  readonly headers: Headers;
  readonly body?: string;
  readonly flow: Flow;
  readonly onResponse: (response: SipResponse) => void;
  readonly onLost: (why: "timeout" | "transport") => void;
}

export interface Sent {
  /** CANCEL for an INVITE under the same branch (RFC 3261 section 9.1). */
  cancel(): void;
  stop(): void;
}

export interface Endpoint {
  readonly bound: readonly { readonly proto: Proto; readonly host: string; readonly port: number }[];
  /** Where peers find us over this transport. */
  place(proto: Proto): { readonly host: string; readonly port: number };
  request(outgoing: Outgoing): Sent;
  /** Past the transactions: the ACK of a 2xx, a repeated 2xx. */
  raw(bytes: Buffer, flow: Flow): void;
  ack(input: { readonly uri: string; readonly headers: Headers; readonly body?: string; readonly flow: Flow }): Buffer;
  dialogs: Map<string, DialogDoor>;
  stop(): Promise<void>;
}

/** The key of a dialog on our side: Call-ID and our tag. The far side's tag is checked by the dialog. */
export const dialogKey = (callId: string, ourTag: string): string => `${callId}|${ourTag}`;

/** The transaction a request belongs to (RFC 3261 section 17.2.3, with the older rule for peers without the cookie). */
const serverKey = (request: SipRequest, method: string): string => {
  const { via, callId, cseq, from } = request;
  const branch = via.params.get("branch") ?? "";
  const sentBy = `${via.host}:${via.port ?? ""}`;
  return branch.startsWith("z9hG4bK")
    ? `${branch}|${sentBy}|${method}`
    : `2543|${callId}|${tagOf(from) ?? ""}|${cseq.number}|${branch}|${sentBy}|${method}`;
};

/** RFC 3581 and RFC 3261 section 18.2.1: the address a request really came from, noted on its Via. */
const noteSource = (request: SipRequest, flow: Flow): void => {
  const vias = request.headers.get("via");
  const top = vias?.[0];
  if (vias === undefined || top === undefined) return;
  const received = request.via.host === flow.host ? "" : `;received=${flow.host}`;
  vias[0] = top.replace(/;\s*rport\s*(?=;|$)/i, `;rport=${flow.port}`) + received;
};

const replyTo = (request: SipRequest, flow: Flow): Flow =>
  flow.proto !== "UDP" || request.via.params.has("rport") ? flow : { ...flow, port: request.via.port ?? 5060 };

/** The bytes of an answer (RFC 3261 section 8.2.6). */
const buildAnswer = (
  request: Pick<SipRequest, "headers"> & { to?: SipRequest["to"] },
  status: number,
  answer: Answering,
  server: string,
): Buffer => {
  const headers: Headers = new Map();
  const copied = ["via", "from", "to", "call-id", "cseq", "timestamp", ...(status < 300 ? ["record-route"] : [])];
  for (const name of copied) {
    const values = headersOf(request, name);
    if (values.length > 0) headers.set(name, [...values]);
  }
  const to = header(request, "to");
  if (
    to !== undefined &&
    status > 100 &&
    answer.toTag !== undefined &&
    request.to !== undefined &&
    tagOf(request.to) === undefined
  )
    headers.set("to", [`${to};tag=${answer.toTag}`]);
  headers.set("server", [server]);
  for (const [name, value] of Object.entries(answer.headers ?? {}))
    headers.set(name, typeof value === "string" ? [value] : [...value]);
  if (answer.body !== undefined) headers.set("content-type", [answer.body.type]);
  const reason = answer.reason ?? reasons[status] ?? "Unknown";
  return serialise({ start: `SIP/2.0 ${status} ${reason}`, headers, body: answer.body?.text ?? "" });
};

/** One SIP element: sockets, transactions and dialogs. What a new request means is decided by `onRequest`. */
export const openEndpoint = async (input: {
  readonly listen: readonly Listening[];
  /** What we write into Via and Contact instead of the address we listen on. */
  readonly advertise?: string | undefined;
  readonly name: string;
  readonly tlsCa?: string | undefined;
  readonly welcome: (host: string) => boolean;
  /** What could not be read: counts against its sender. */
  readonly onFault?: (fault: string, from: Flow) => void;
  /** Before anything is remembered of a request that starts something: false = as if it had never come. */
  readonly admit?: (request: SipRequest, from: Flow) => boolean;
  readonly onRequest: (incoming: Incoming) => void;
}): Promise<Endpoint> => {
  const clients = new Map<string, ClientTransaction>();
  const servers = new Map<string, { readonly transaction: ServerTransaction; cancelled: () => void }>();
  /** INVITEs by Call-ID, From tag and CSeq: the same one over two ways is answered once (RFC 3261 section 8.2.2.2). */
  const merged = new Map<string, string>();
  const dialogs = new Map<string, DialogDoor>();

  const answerFault = ({ answer }: Fault, flow: Flow): void => {
    if (answer === undefined) return;
    const bytes = buildAnswer({ headers: answer.headers }, answer.status, {}, input.name);
    const port = answer.via.params.has("rport") ? flow.port : (answer.via.port ?? 5060);
    transport.send(bytes, flow.proto === "UDP" ? { ...flow, port } : flow);
  };

  const open = (request: SipRequest, flow: Flow, key: string): Incoming => {
    const reliable = flow.proto !== "UDP";
    const to = replyTo(request, flow);
    const mergeKey = `${request.callId}|${tagOf(request.from) ?? ""}|${request.cseq.number}`;
    const make = request.method === "INVITE" ? inviteServer : otherServer;
    const transaction = make({
      reliable,
      send: (bytes) => transport.send(bytes, to),
      onDone: () => {
        servers.delete(key);
        if (merged.get(mergeKey) === key) merged.delete(mergeKey);
      },
    });
    const entry = { transaction, cancelled: (): void => undefined };
    servers.set(key, entry);
    if (request.method === "INVITE" && tagOf(request.to) === undefined) merged.set(mergeKey, key);
    return {
      request,
      flow,
      respond: (status, answer = {}) => {
        const bytes = buildAnswer(request, status, answer, input.name);
        return transaction.respond(status, bytes) ? bytes : undefined;
      },
      onCancel: (listener) => {
        entry.cancelled = listener;
      },
    };
  };

  const onAck = (request: SipRequest): void => {
    const invite = servers.get(serverKey(request, "INVITE"));
    if (invite !== undefined) invite.transaction.acknowledged();
    dialogs.get(dialogKey(request.callId, tagOf(request.to) ?? ""))?.ack(request);
  };

  const onRequest = (request: SipRequest, flow: Flow): void => {
    noteSource(request, flow);
    if (request.method === "ACK") return onAck(request);
    const key = serverKey(request, request.method);
    const known = servers.get(key);
    if (known !== undefined) return known.transaction.repeated();
    if (request.method === "CANCEL") {
      const invite = servers.get(serverKey(request, "INVITE"));
      open(request, flow, key).respond(invite === undefined ? 481 : 200, { toTag: makeTag() });
      if (invite !== undefined && !invite.transaction.settled()) invite.cancelled();
      return;
    }
    const tag = tagOf(request.to);
    if (tag !== undefined) {
      const dialog = dialogs.get(dialogKey(request.callId, tag));
      if (dialog === undefined && input.admit?.(request, flow) === false) return;
      const incoming = open(request, flow, key);
      if (dialog === undefined) incoming.respond(481);
      else dialog.request(incoming);
      return;
    }
    if (input.admit?.(request, flow) === false) return;
    const mergeKey = `${request.callId}|${tagOf(request.from) ?? ""}|${request.cseq.number}`;
    const twice = request.method === "INVITE" && merged.has(mergeKey);
    const incoming = open(request, flow, key);
    if (twice) incoming.respond(482, { toTag: makeTag() });
    else input.onRequest(incoming);
  };

  const transport = await openTransport({
    listen: input.listen,
    welcome: input.welcome,
    tlsCa: input.tlsCa,
    receive: (bytes, flow) => {
      const message = parseMessage(bytes);
      if ("fault" in message) {
        input.onFault?.(message.fault, flow);
        answerFault(message, flow);
      } else if (message.kind === "request") onRequest(message, flow);
      else clients.get(`${message.via.params.get("branch") ?? ""}|${message.cseq.method}`)?.receive(message);
    },
  });

  const place = (proto: Proto): { host: string; port: number } => {
    const one = transport.bound.find((listening) => listening.proto === proto) ?? transport.bound[0];
    return { host: input.advertise ?? one?.host ?? "127.0.0.1", port: one?.port ?? 5060 };
  };
  const viaOf = (flow: Flow, branch: string): string => {
    const { host, port } = place(flow.proto);
    return `SIP/2.0/${flow.proto} ${bracketed(host)}:${port};branch=${branch};rport`;
  };

  const start = (outgoing: Outgoing, branch: string, via: string): ClientTransaction => {
    const { method, flow } = outgoing;
    const headers: Headers = new Map([["via", [via]], ...outgoing.headers]);
    const bytes = serialise({ start: `${method} ${outgoing.uri} SIP/2.0`, headers, body: outgoing.body ?? "" });
    const key = `${branch}|${method}`;
    const held: { transaction?: ClientTransaction } = {};
    const common = {
      reliable: flow.proto !== "UDP",
      send: () => transport.send(bytes, flow, () => setImmediate(() => held.transaction?.broken())),
      onResponse: outgoing.onResponse,
      onLost: outgoing.onLost,
      onDone: () => clients.delete(key),
    };
    const sendAck = (response: SipResponse): void => {
      const ack: Headers = new Map([["via", [via]]]);
      for (const name of ["max-forwards", "from", "call-id", "route"]) {
        const values = outgoing.headers.get(name);
        if (values !== undefined) ack.set(name, values);
      }
      ack.set("to", [header(response, "to") ?? ""]);
      ack.set("cseq", [`${response.cseq.number} ACK`]);
      transport.send(serialise({ start: `ACK ${outgoing.uri} SIP/2.0`, headers: ack, body: "" }), flow);
    };
    const transaction = method === "INVITE" ? inviteClient({ ...common, sendAck }) : otherClient(common);
    held.transaction = transaction;
    clients.set(key, transaction);
    return transaction;
  };

  return {
    bound: transport.bound,
    place,
    dialogs,
    raw: (bytes, flow) => transport.send(bytes, flow),
    ack: ({ uri, headers, body, flow }) => {
      const all: Headers = new Map([["via", [viaOf(flow, makeBranch())]], ...headers]);
      const bytes = serialise({ start: `ACK ${uri} SIP/2.0`, headers: all, body: body ?? "" });
      transport.send(bytes, flow);
      return bytes;
    },
    request: (outgoing) => {
      const branch = makeBranch();
      const via = viaOf(outgoing.flow, branch);
      const transaction = start(outgoing, branch, via);
      return {
        cancel: () => {
          const headers: Headers = new Map();
          for (const name of ["max-forwards", "from", "to", "call-id", "route"]) {
            const values = outgoing.headers.get(name);
            if (values !== undefined) headers.set(name, values);
          }
          const [number = "1"] = (outgoing.headers.get("cseq")?.[0] ?? "").split(" ");
          headers.set("cseq", [`${number} CANCEL`]);
          const { uri, flow } = outgoing;
          start(
            { method: "CANCEL", uri, headers, flow, onResponse: () => undefined, onLost: () => undefined },
            branch,
            via,
          );
        },
        stop: () => transaction.stop(),
      };
    },
    stop: async () => {
      for (const transaction of clients.values()) transaction.stop();
      for (const { transaction } of servers.values()) transaction.stop();
      clients.clear();
      servers.clear();
      await transport.stop();
    },
  };
};

import { setTimeout as wait } from "node:timers/promises";
import {
  type Attachment,
  type Connection,
  ConnectorError,
  type FailureCode,
  type Outbound,
  remoteId,
  type Sent,
  type ThreadKey,
} from "#contract";
import type { Order, Remote } from "./remote.ts";
import { codes, type Settings } from "./settings.ts";
import { fromThreadKey } from "./thread.ts";

const script = new RegExp(`^fail:(${codes.join("|")})(?::(\\d+))?(?::(\\d+))?$`);

/** A thread named "fail:<code>[:<times>[:<ms>]]" refuses that many sends (absent: all), with retryAfterMs `ms`. */
const makeScript = () => {
  const refusals = new Map<string, number>();
  return (thread: string): { readonly code: FailureCode; readonly retryAfterMs: number | undefined } | undefined => {
    const [, name, times, ms] = script.exec(thread) ?? [];
    const code = codes.find((each) => each === name);
    const refused = refusals.get(thread) ?? 0;
    if (!code || (times !== undefined && refused >= Number(times))) return undefined;
    refusals.set(thread, refused + 1);
    return { code, retryAfterMs: ms === undefined ? undefined : Number(ms) };
  };
};

const toWire = async (attachment: Attachment) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await attachment.open()) chunks.push(chunk);
  const { name, mimeType } = attachment;
  return { name, mimeType, content: Buffer.concat(chunks).toString("base64") };
};

const valuesOf = (addresses: Outbound["to"]): string[] => addresses.map(({ value }) => value);

type Sending = Required<Pick<Connection, "send" | "edit" | "remove" | "react" | "typing" | "markRead">>;

export const sender = (account: Settings, remote: Remote): Sending => {
  const refusalOf = makeScript();
  const threadOf = (key: ThreadKey): string => {
    const thread = fromThreadKey(account.name, key);
    if (thread !== undefined) return thread;
    throw new ConnectorError("recipient-gone", "This thread belongs to another account.");
  };
  const toOrder = async (message: Outbound): Promise<Order> => ({
    type: "send",
    key: message.key,
    thread: threadOf(message.thread),
    to: valuesOf(message.to),
    ...(message.cc !== undefined && { cc: valuesOf(message.cc) }),
    ...(message.bcc !== undefined && { bcc: valuesOf(message.bcc) }),
    ...(message.stillTo !== undefined && { stillTo: message.stillTo }),
    ...(message.content !== undefined && { content: message.content }),
    text: message.text,
    ...(message.html !== undefined && { html: message.html }),
    ...(message.subject !== undefined && { subject: message.subject }),
    ...(message.replyTo !== undefined && { replyTo: message.replyTo }),
    author: message.author.name,
    at: message.writtenAt.toISOString(),
    attachments: await Promise.all(message.attachments.map(toWire)),
  });
  const beforeItLeaves = async (signal: AbortSignal): Promise<void> => {
    if (!signal.aborted && account.latencyMs > 0) await wait(account.latencyMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) throw new ConnectorError("unreachable", "Given up before it was sent.");
  };
  const order = async (what: Order): Promise<void> => void (await remote.take(what, AbortSignal.timeout(10_000)));

  return {
    async send(message, signal): Promise<Sent> {
      const what = await toOrder(message).catch((thrown: unknown) => {
        throw ConnectorError.from(thrown);
      });
      await beforeItLeaves(signal);
      const refusal = account.failMode ? { code: account.failMode, retryAfterMs: undefined } : refusalOf(what.thread);
      if (refusal && refusal.code !== "uncertain") {
        const { code, retryAfterMs } = refusal;
        throw new ConnectorError(code, `Scripted: ${code}.`, { ...(retryAfterMs !== undefined && { retryAfterMs }) });
      }
      const id = remoteId(await remote.take(what, signal));
      if (refusal) throw new ConnectorError("uncertain", "Scripted: taken without an answer.");
      return { id };
    },
    edit: (thread, id, text) => order({ type: "edit", thread: threadOf(thread), id, text }),
    remove: (thread, id) => order({ type: "remove", thread: threadOf(thread), id }),
    react: (thread, id, emoji) => order({ type: "react", thread: threadOf(thread), id, emoji }),
    typing: (thread, active) => order({ type: "typing", thread: threadOf(thread), active }),
    markRead: (thread, id) => order({ type: "read", thread: threadOf(thread), id }),
  };
};

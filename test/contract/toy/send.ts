import { ConnectorError, type FailureCode, type Outbound, remoteId, type Sent } from "#contract";
import { z } from "zod";
import type { Settings } from "./settings.ts";
import { customerOf } from "./thread.ts";

const accepted = z.object({ id: z.string().min(1) });
const refused = z.object({ cause: z.object({ code: z.literal(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH"]) }) });

const codeOf = (status: number): FailureCode => {
  if (status === 401 || status === 403) return "auth";
  if (status === 404) return "recipient-gone";
  if (status === 429) return "rate-limited";
  return status >= 500 ? "unreachable" : "rejected";
};

/** Every failure leaves as a ConnectorError: the hub decides on a retry from its code alone. */
export const call = async (account: Settings, path: string, init: RequestInit): Promise<Response> => {
  const headers = { authorization: `Bearer ${account.apiKey}`, "content-type": "application/json" };
  const answer = await fetch(new URL(path, account.apiUrl), { ...init, headers }).catch((thrown: unknown) => {
    // Without an answer only a connection that never came about proves that nothing was taken.
    const never = refused.safeParse(thrown).success;
    throw new ConnectorError(never ? "unreachable" : "uncertain", "The gateway did not answer.", { cause: thrown });
  });
  if (answer.ok) return answer;
  await answer.body?.cancel();
  const wait = answer.headers.get("retry-after");
  const retryAfterMs = answer.status === 429 && wait !== null ? Number(wait) * 1_000 : undefined;
  throw new ConnectorError(codeOf(answer.status), `The gateway answered ${answer.status}.`, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
};

export const send = async (account: Settings, message: Outbound, signal: AbortSignal): Promise<Sent> => {
  if (signal.aborted) throw new ConnectorError("unreachable", "Given up before it was sent.");
  const body = JSON.stringify({ to: customerOf(message.thread), text: message.text, reference: message.key });
  const answer = await call(account, "messages", { method: "POST", body, signal });
  const read = accepted.safeParse(await answer.json().catch(() => undefined));
  if (!read.success) throw new ConnectorError("uncertain", "The gateway's answer could not be read.");
  return { id: remoteId(read.data.id) };
};

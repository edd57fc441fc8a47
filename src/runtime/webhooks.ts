import { ConnectorError, type WebhookReply, type WebhookRequest } from "#contract";
import type { Log } from "#core/log";
import type { OpenAccount } from "./account.ts";

/** Most accounts one request is handed on to: a provider batches, a stranger must not multiply work. */
const othersMost = 50;

/**
 * Hands webhooks to their accounts. Where a provider calls one address for several accounts of an app, the account that
 * was called names the others, and each gets the same request and believes it, or not, by its own secret.
 */
export const makeWebhooks = (input: {
  readonly accounts: ReadonlyMap<string, OpenAccount>;
  readonly kindOf: (id: string) => string;
  readonly log: Log;
}) => {
  const { accounts, kindOf, log } = input;

  const ask = async (id: string, request: WebhookRequest): Promise<WebhookReply | null> => {
    const connection = accounts.get(id)?.connection();
    if (connection?.webhook === undefined) return null;
    try {
      return await connection.webhook(request);
    } catch (thrown) {
      // Not stored: the channel must call again.
      log.warn({ accountId: id, reason: ConnectorError.from(thrown).code }, "webhook failed");
      return { status: 503 };
    }
  };

  const handOn = async (id: string, request: WebhookRequest, reply: WebhookReply): Promise<WebhookReply> => {
    const { others = [], ...own } = reply;
    const answers = await Promise.all(
      others.slice(0, othersMost).map(async ({ kind, address }) => {
        const [other] = [...accounts].flatMap(([candidate, open]) =>
          candidate !== id && kindOf(candidate) === kind && open.address() === address ? [candidate] : [],
        );
        if (other === undefined) {
          log.warn({ accountId: id, kind, address }, "a webhook is for an account that is not set up here");
          return null;
        }
        const answer = await ask(other, request);
        if (answer?.status === 401) log.warn({ accountId: other }, "a webhook handed on was not believed");
        return answer;
      }),
    );
    // One that could not store its part has the whole delivered again; the rest knows theirs already.
    return answers.some((answer) => answer !== null && answer.status >= 500) ? { status: 503 } : own;
  };

  return async (id: string, request: WebhookRequest): Promise<WebhookReply | null> => {
    const reply = await ask(id, request);
    const believed = reply !== null && reply.status >= 200 && reply.status < 300;
    return believed && reply.others !== undefined ? handOn(id, request, reply) : reply;
  };
};

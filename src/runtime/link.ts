import { z } from "zod";
import { ConnectorError, type FailureCode, failureCodes, type Link, type LinkView } from "#contract";
import type { Log } from "#core/log";
import { uuid } from "#core/uuid";
import type { Db } from "#store/db";
import { poke } from "#store/notify";
import type { Secrets } from "../secrets.ts";

const linkAsks = ["look", "reconnect", "logout", "code"] as const;
export type LinkAsk = (typeof linkAsks)[number];

/** Between two nodes; above any pause of the one that runs the account. A code may take its provider a while. */
const answerWithinMs: { readonly [A in LinkAsk]: number } = {
  look: 3_000,
  reconnect: 10_000,
  logout: 10_000,
  code: 35_000,
};

const question = z.object({ no: z.string(), accountId: z.string(), ask: z.enum(linkAsks) });
const code = z.enum(Object.keys(failureCodes) as [FailureCode, ...FailureCode[]]);
const view = z.object({
  phase: z.enum(["off", "starting", "code", "linking", "ready", "degraded", "waiting"]),
  says: z.string(),
  since: z.coerce.date(),
  show: z.union([z.object({ qr: z.string() }), z.object({ code: z.string() })]).exactOptional(),
  memoryBytes: z.number().exactOptional(),
  linked: z.string().exactOptional(),
});
const answer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), view }),
  z.object({ ok: z.literal(false), code, says: z.string() }),
]);
type Answer = z.output<typeof answer>;

export interface Links {
  /** Asks the node that runs the account; null: none does, or it does not answer. Throws ConnectorError. */
  ask(accountId: string, ask: LinkAsk): Promise<LinkView | null>;
  heard(kind: "ask" | "answer", text: string): void;
}

const act = async (link: Link, ask: LinkAsk): Promise<LinkView> => {
  if (ask === "reconnect") await link.reconnect();
  if (ask === "logout") await link.logout();
  if (ask === "code") await link.pairingCode();
  return link.look();
};

/**
 * Questions of administrators about accounts that are linked to a phone, taken to whichever node runs the account. A
 * code that lets its reader in travels sealed and is kept nowhere.
 */
export const startLinks = (input: {
  readonly db: Db;
  readonly log: Log;
  readonly secrets: Pick<Secrets, "seal" | "openText">;
  /** The link of an account that this node runs. */
  readonly mine: (accountId: string) => Link | undefined;
}): Links => {
  const { db, log, secrets, mine } = input;
  const waiting = new Map<string, (text: string) => void>();

  const reply = async ({ no, accountId, ask }: z.output<typeof question>, link: Link): Promise<void> => {
    const made: Answer = await act(link, ask).then(
      (found) => ({ ok: true as const, view: found }),
      (thrown: unknown) => {
        const { code: why, message } = ConnectorError.from(thrown);
        return { ok: false as const, code: why, says: message };
      },
    );
    const sealed = secrets.seal("channel-secrets", JSON.stringify(made), `link ${no} ${accountId}`);
    await poke({ db, kind: "answer", id: `${no} ${Buffer.from(sealed).toString("base64")}` });
  };

  const elsewhere = async (accountId: string, ask: LinkAsk): Promise<LinkView | null> => {
    const no = uuid();
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<string | null>((resolve) => {
      timer = setTimeout(resolve, answerWithinMs[ask], null);
      waiting.set(no, resolve);
    });
    try {
      await poke({ db, kind: "ask", id: JSON.stringify({ no, accountId, ask }) });
      const sealed = await answered;
      if (sealed === null) return null;
      const text = secrets.openText("channel-secrets", Buffer.from(sealed, "base64"), `link ${no} ${accountId}`);
      const read = answer.parse(JSON.parse(text));
      if (read.ok) return read.view;
      throw new ConnectorError(read.code, read.says);
    } finally {
      clearTimeout(timer);
      waiting.delete(no);
    }
  };

  return {
    ask: (accountId, ask) => {
      const link = mine(accountId);
      return link === undefined ? elsewhere(accountId, ask) : act(link, ask);
    },
    heard: (kind, text) => {
      if (kind === "answer") {
        const [no = "", sealed = ""] = text.split(" ");
        waiting.get(no)?.(sealed);
        return;
      }
      const read = question.safeParse(JSON.parse(text));
      const link = read.success ? mine(read.data.accountId) : undefined;
      if (!read.success || link === undefined) return;
      reply(read.data, link).catch((thrown: unknown) => {
        log.warn(
          { accountId: read.data.accountId, reason: String(thrown) },
          "a question about a link was not answered",
        );
      });
    },
  };
};

import { recipientsOf, subjectFor } from "#core/recipients";
import { Refused } from "#core/refused";
import { mayWork, type Scope, seesQueue } from "#core/scope";
import { isUuid } from "#core/uuid";
import type { Secrets } from "../secrets.ts";
import type { Db } from "./db.ts";
import { loadMessages } from "./load.ts";
import { newAddresses, ownMailboxes } from "./send-recipients.ts";

export interface LetterRecipients {
  readonly tenantId: string;
  readonly to: readonly { readonly address: string; readonly name: string; readonly known: boolean }[];
  readonly cc: LetterRecipients["to"];
  readonly subject: string;
}

/** To whom an answer to this letter goes, and which of them are new to its thread. Refused not-found, forbidden. */
export const letterRecipients = async (input: {
  readonly db: Db;
  readonly scope: Scope;
  readonly secrets: Pick<Secrets, "keyedHash" | "openText">;
  readonly messageId: string;
  readonly how: "reply" | "all";
}): Promise<LetterRecipients> => {
  const { db, scope, secrets, messageId, how } = input;
  const [letter] = isUuid(messageId) ? await loadMessages({ q: db, tenantIds: scope.tenantIds, ids: [messageId] }) : [];
  const [place] =
    letter === undefined
      ? []
      : await db.query<{
          queueId: string | null;
          contactId: string;
          contactName: string;
          subject: string | null;
          threadSubject: string | null;
          enc: Buffer | null;
        }>({
          name: "letter-place",
          text: `select c.queue_id as "queueId", c.contact_id as "contactId", k.name as "contactName", c.subject,
              t.subject as "threadSubject", i.value_enc as enc
            from conversation c join contact k on k.id = c.contact_id left join thread t on t.id = $2
              left join identity i on i.id = t.identity_id and i.kind = 'email' where c.id = $1`,
          values: [letter.conversationId, letter.threadId],
        });
  if (letter === undefined || place === undefined || !seesQueue(scope, letter.tenantId, place.queueId))
    throw new Refused("not-found", "There is no such message.");
  if (!mayWork(scope, letter.tenantId)) throw new Refused("forbidden", "You may look at this conversation only.");
  const { tenantId } = letter;
  const own = await ownMailboxes({ q: db, tenantId });
  const fallback =
    place.enc === null ? null : { address: secrets.openText("identity", place.enc, tenantId), name: place.contactName };
  const { to, cc } = recipientsOf({ how, letter, fallback, own });
  const fresh = new Set(
    letter.threadId === null
      ? []
      : await newAddresses({
          q: db,
          secrets,
          tenantId,
          contactId: place.contactId,
          threadId: letter.threadId,
          addresses: [...to, ...cc].map(({ address }) => address),
        }),
  );
  const known = (list: typeof to) => list.map(({ address, name }) => ({ address, name, known: !fresh.has(address) }));
  return {
    tenantId,
    to: known(to),
    cc: known(cc),
    subject: subjectFor(letter.subject ?? place.threadSubject ?? place.subject ?? "", how),
  };
};

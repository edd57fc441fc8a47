import type { Content, Limits, Template } from "#contract";
import { checkContent, contentDetail, contentKind, contentText, fillTemplate } from "#core/content";
import { mayAdvertiseAt } from "#core/contact-policy";
import { filled, type Fillings, letterText, quotation } from "#core/letter";
import { Refused } from "#core/refused";
import { composed } from "#core/reply";
import type { Scope } from "#core/scope";
import { searchable } from "#core/search";
import { splitFor } from "#core/split";
import { uuid } from "#core/uuid";
import type { Takes } from "#wire";
import { mayMarket } from "./consents.ts";
import type { Queryable } from "./db.ts";
import type { Locked } from "./locked.ts";
import type { ReplyThread, UploadedFile } from "./outgoing.ts";
import { isLetterThread } from "./send-recipients.ts";
import { type Actor, actorOf } from "./status.ts";
import type { NewMessage } from "./step.ts";
import { cachedTemplates } from "./templates.ts";

interface Input {
  readonly q: Queryable;
  readonly scope: Scope;
  readonly takes: Takes<"message.send">;
  readonly now: Date;
}
interface Where {
  readonly conversation: Locked;
  /** Null: a note. */
  readonly thread: ReplyThread | null;
  readonly limits: Limits | null;
  readonly files: readonly UploadedFile[];
}

const policyText = (policy: unknown, key: "signature" | "locale" | "timezone", otherwise: string): string => {
  const value = typeof policy === "object" && policy !== null ? Reflect.get(policy, key) : undefined;
  return typeof value === "string" && value !== "" ? value : otherwise;
};

const fillings = async (input: Input, conversation: Locked, actor: Actor): Promise<Fillings> => {
  const [row] = await input.q.query<{ number: number; contact: string; tenant: string }>({
    name: "send-fillings",
    text: `select c.number, k.name as contact, t.name as tenant from conversation c
      join contact k on k.id = c.contact_id join tenant t on t.id = c.tenant_id where c.id = $1`,
    values: [conversation.id],
  });
  return {
    "contact.name": row?.contact ?? "",
    "agent.alias": actor.name,
    "tenant.name": row?.tenant ?? "",
    "case.number": row === undefined ? "" : String(row.number),
  };
};

const quoteOf = async (input: Input, { conversation, thread }: Where): Promise<string> => {
  const id = input.takes.answersId ?? thread?.answersId ?? null;
  if (input.takes.quote !== true || id === null) return "";
  const [row] = await input.q.query<{ body: string; who: string; at: Date }>({
    name: "quoted-message",
    text: `select body, author_name as who, occurred_at as at from message
      where id = $1 and conversation_id = $2 and direction in ('in', 'out') and revoked_at is null`,
    values: [id, conversation.id],
  });
  if (row === undefined) throw new Refused("bad-request", "The message to quote is not in this conversation.");
  const locale = policyText(conversation.policy, "locale", "en");
  const timeZone = policyText(conversation.policy, "timezone", "Europe/Prague");
  return quotation({ text: row.body, who: row.who, at: row.at, locale, timeZone });
};

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\n", "<br>");

const htmlOf = (html: string, signature: string, quote: string): string =>
  [
    html,
    ...(signature === "" ? [] : [`<p>-- <br>${escaped(signature)}</p>`]),
    ...(quote === "" ? [] : [`<blockquote>${escaped(quote)}</blockquote>`]),
  ].join("\n");

interface Made {
  readonly content: Content;
  readonly text: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const approved = async (
  input: Input,
  { conversation, thread, files }: Where,
  content: Content & { type: "template" },
): Promise<Made> => {
  if (thread === null) throw new Refused("bad-request", "A note is plain text.");
  const { q, now } = input;
  const { tenantId } = conversation;
  const { list } = await cachedTemplates({ q, tenantId, accountId: thread.accountId });
  const template: Template | undefined = list.find(
    ({ name, language }) => name === content.name && language === content.language,
  );
  if (template === undefined) throw new Refused("not-found", "This account has no such template.");
  if (
    template.category === "marketing" &&
    !(await mayMarket({ q, tenantId, contactId: conversation.contactId, channel: thread.channel, now }))
  )
    throw new Refused("no-consent", "Marketing needs the customer's consent, which is not on record.");
  const done = fillTemplate({ template, values: content.values, files });
  const at = input.takes.sendAt === undefined ? now : new Date(input.takes.sendAt);
  const timeZone = policyText(conversation.policy, "timezone", "Europe/Prague");
  if (template.category === "marketing" && !mayAdvertiseAt({ at, timeZone }))
    throw new Refused("quiet-hours", "Marketing is sent between 8 and 20 o'clock; choose a time.");
  const filledIn = { ...content, values: done.values };
  return { content: filledIn, text: done.text, detail: contentDetail(filledIn, template) };
};

const special = async (input: Input, where: Where, text: string): Promise<Made | null> => {
  const { content } = input.takes;
  if (content === undefined) return null;
  if (where.limits === null) throw new Refused("bad-request", "A note is plain text.");
  checkContent({ limits: where.limits, content, text });
  if (content.type === "template") return approved(input, where, content);
  return { content, text: contentText(content, text), detail: contentDetail(content, null) };
};

/** The messages that are stored: one, or several where a text is longer than the channel takes. Throws Refused. */
export const composeMessages = async (input: Input, where: Where): Promise<readonly NewMessage[]> => {
  const { scope, takes } = input;
  const { conversation, thread, limits, files } = where;
  const actor = actorOf(scope, conversation.tenantId);
  // A channel of calls: splitting a text into pieces of nothing would never end.
  if (limits?.text === 0) throw new Refused("conflict", "A call is answered by speaking, not by writing.");
  const letter = thread !== null && limits !== null && isLetterThread(thread, limits);
  const raw = composed(takes.text);
  const signed = letter && takes.signature !== false ? policyText(conversation.policy, "signature", "") : "";
  const needed = thread !== null && (raw.includes("{{") || signed !== "" || takes.html?.includes("{{") === true);
  const values = needed ? await fillings(input, conversation, actor) : null;
  const fill = (text: string): string => (values === null ? text : filled(text, values));

  const written = fill(raw);
  const made = await special(input, where, written);
  if (made === null && written === "" && files.length === 0)
    throw new Refused("bad-request", "An empty message cannot be sent.");
  const signature = fill(signed);
  const quote = letter ? await quoteOf(input, where) : "";
  const whole = letterText({ body: made?.text ?? written, signature, quote });
  const html = letter && takes.html !== undefined ? htmlOf(fill(takes.html), signature, quote) : null;
  const pieces = limits === null || made !== null ? [whole.text] : splitFor(whole.text, limits);
  const subject = limits?.subject === true && takes.subject !== undefined ? composed(takes.subject) : null;
  return pieces.map((body, index) => ({
    id: uuid(),
    threadId: thread?.id ?? null,
    accountId: thread?.accountId ?? null,
    direction: thread === null ? "note" : "out",
    authorType: actor.type,
    authorId: actor.id,
    authorName: actor.name,
    clientKey: index === 0 ? takes.clientKey : `${takes.clientKey}#${index + 1}`,
    // A letter answers the last one by itself; a chat message quotes only what its writer chose.
    replyToId: limits?.subject === true || takes.answersId !== undefined ? (thread?.answersId ?? null) : null,
    subject,
    body,
    html,
    ...(made === null && html === null ? {} : { kind: contentKind(made?.content, html !== null) }),
    detail: {
      ...(pieces.length > 1 ? { part: index + 1, parts: pieces.length } : whole.detail),
      ...(made === null ? {} : { ...made.detail, content: made.content }),
    },
    searchText: searchable(subject, body),
  }));
};

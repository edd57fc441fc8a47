import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { App, GraphCall } from "./call.ts";
import { GraphRefusal, invalid } from "./refusal.ts";
import type { FakeGraph } from "./server.ts";
import type { DeliveryOptions } from "./webhooks.ts";
import type { Media } from "./whatsapp-media.ts";
import { readMark } from "./whatsapp-shapes.ts";
import { type Accepted, type FakeTemplate, validate } from "./whatsapp-validate.ts";

const hour = 3_600_000;
const windowMs = 24 * hour;

/** How statuses of sent messages come back. */
interface Ladder {
  /** In this order; [] = none. */
  states: readonly ("sent" | "delivered" | "read" | "played" | "failed")[];
  /** Each this many times more. */
  repeats: number;
  /** The first one leaves before the send is answered. */
  early: boolean;
  delayMs: number;
}

/** One message as it lies on a customer's phone. */
export interface Lying {
  readonly id: string;
  readonly type: Accepted["type"];
  readonly text: string;
  readonly body: Accepted["body"];
  readonly context: string | undefined;
  readonly callback: string | undefined;
  readonly reactions: string[];
}

export interface Identity {
  /** Digits; absent in webhooks when `hidden`. */
  phone: string;
  bsuid: string;
  name: string;
  /** The customer shows a username only: no number in any webhook. */
  hidden: boolean;
}

const textOf = ({ type, body }: Accepted): string => {
  const said =
    type === "text" ? body["body"] : (body["caption"] ?? (body["body"] as { text?: string } | undefined)?.text);
  return typeof said === "string" ? said : "";
};

const wamid = (): string => `wamid.${Buffer.from(randomUUID()).toString("base64")}`;

/** Tokens that come back one every `everyMs`, `burst` at most. */
const makeBucket = (everyMs: number, burst: number, since: number) => {
  let tokens = burst;
  let before = since;
  return (at: number): boolean => {
    tokens = Math.min(burst, tokens + (at - before) / everyMs);
    before = at;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
};
type Bucket = ReturnType<typeof makeBucket>;

/** One WhatsApp number of a business: takes sends as Meta does, and tells its app what happens to them. */
export const makeNumber = (input: {
  readonly graph: FakeGraph;
  readonly media: Media;
  readonly app: App;
  readonly id: string;
  readonly businessAccountId: string;
  readonly display: string;
  readonly templates: FakeTemplate[];
}) => {
  const { graph, media, app, id, businessAccountId, display } = input;
  const people = new Map<string, Identity>();
  const lying = new Map<string, Lying[]>();
  const lastInbound = new Map<string, number>();
  const pairs = new Map<string, Bucket>();
  const read: string[] = [];
  const typing: string[] = [];
  const limits = { perSecond: 80, pairEveryMs: 6_000, pairBurst: 45 };
  const ladder: Ladder = { states: [], repeats: 0, early: false, delayMs: 0 };
  /** Free-form outside the window: taken and failed afterwards, or refused at once. */
  const options = { window: "later" as "later" | "at-once", ladder, limits };
  let mps: Bucket | undefined;

  const metadata = { display_phone_number: display, phone_number_id: id };
  const push = (
    value: Readonly<Record<string, unknown>>,
    more: DeliveryOptions & { readonly field?: string; readonly phoneNumberId?: string } = {},
  ): Promise<boolean> => {
    const { field = "messages", phoneNumberId = id, ...delivery } = more;
    const whole = {
      messaging_product: "whatsapp",
      metadata: { ...metadata, phone_number_id: phoneNumberId },
      ...value,
    };
    return graph.webhooks.deliver(
      app,
      { object: "whatsapp_business_account", entry: [{ id: businessAccountId, changes: [{ field, value: whole }] }] },
      delivery,
    );
  };

  const personAt = (given: Accepted): Identity | undefined =>
    [...people.values()].find(({ phone, bsuid }) => phone === given.to || bsuid === given.recipient);

  const seconds = (at: Date = graph.clock.now()): string => String(Math.trunc(at.getTime() / 1_000));

  const status = (
    message: { readonly id: string; readonly callback: string | undefined },
    to: Identity,
    state: string,
    error?: { readonly code: number; readonly title: string; readonly details?: string },
  ) => ({
    id: message.id,
    status: state,
    timestamp: seconds(),
    ...(to.hidden ? {} : { recipient_id: to.phone }),
    recipient_user_id: to.bsuid,
    ...(message.callback !== undefined && { biz_opaque_callback_data: message.callback }),
    ...(state !== "failed" && {
      conversation: { id: randomUUID().replaceAll("-", ""), origin: { type: "service" } },
      pricing: { billable: true, pricing_model: "PMP", type: "regular", category: "service" },
    }),
    ...(error !== undefined && {
      errors: [
        {
          code: error.code,
          title: error.title,
          message: error.title,
          error_data: { details: error.details ?? error.title },
        },
      ],
    }),
  });

  const climb = async (message: Lying, to: Identity): Promise<void> => {
    for (const state of ladder.states) {
      if (ladder.delayMs > 0) await wait(ladder.delayMs);
      const error = state === "failed" ? { code: 131_026, title: "Message undeliverable" } : undefined;
      await push({ statuses: [status(message, to, state, error)] }, { repeats: ladder.repeats });
    }
  };

  const throttle = (to: string): void => {
    const at = graph.clock.now().getTime();
    mps ??= makeBucket(1_000 / limits.perSecond, limits.perSecond, at);
    const pair = pairs.get(to) ?? makeBucket(limits.pairEveryMs, limits.pairBurst, at);
    pairs.set(to, pair);
    if (!mps(at)) {
      const usage = {
        [businessAccountId]: [{ type: "whatsapp", call_count: 100, estimated_time_to_regain_access: 0 }],
      };
      throw new GraphRefusal({
        status: 429,
        code: 130_429,
        says: "Rate limit hit",
        headers: { "retry-after": "1", "x-business-use-case-usage": JSON.stringify(usage) },
      });
    }
    if (!pair(at))
      throw new GraphRefusal({ code: 131_056, says: "(Business Account, Consumer Account) pair rate limit hit" });
  };

  const outside = (person: Identity): boolean =>
    graph.clock.now().getTime() - (lastInbound.get(person.bsuid) ?? Number.NEGATIVE_INFINITY) > windowMs;
  const reengage = { code: 131_047, title: "Re-engagement message", details: "More than 24 hours have passed" };

  const send = async (call: GraphCall): Promise<object> => {
    const mark = readMark.safeParse(call.json);
    if (mark.success) {
      read.push(mark.data.message_id);
      if (mark.data.typing_indicator !== undefined) typing.push(mark.data.message_id);
      return { success: true };
    }
    const given = validate(call.json, { templates: input.templates, media: media.knows });
    throttle(given.to ?? given.recipient ?? "");
    const person = personAt(given);
    const message: Lying = {
      id: wamid(),
      type: given.type,
      text: textOf(given),
      body: given.body,
      context: given.context,
      callback: given.callback,
      reactions: [],
    };
    const contact = { input: given.to ?? given.recipient ?? "", wa_id: given.to ?? person?.phone ?? "" };
    const reply = {
      messaging_product: "whatsapp",
      contacts: [contact],
      messages: [{ id: message.id, ...(given.type === "template" && { message_status: "accepted" }) }],
    };
    if (person === undefined) return reply;
    const target = lying.get(person.bsuid) ?? [];
    lying.set(person.bsuid, target);
    if (given.type === "reaction") {
      const { message_id: about, emoji } = given.body as { message_id: string; emoji: string };
      if (!about.startsWith("wamid.")) throw invalid("Parameter value is not valid: message_id");
      for (const each of target) if (each.id === about) each.reactions.push(emoji);
      return reply;
    }
    if (given.type !== "template" && !given.group && outside(person)) {
      if (options.window === "at-once") throw new GraphRefusal({ code: reengage.code, says: reengage.title });
      void push({ statuses: [status(message, person, "failed", reengage)] });
      return reply;
    }
    target.push(message);
    if (ladder.early) await climb(message, person);
    else void climb(message, person);
    return reply;
  };

  return {
    id,
    app,
    businessAccountId,
    display,
    options,
    metadata,
    push,
    send,
    status,
    seconds,
    wamid,
    /** Ids of customers' messages that were marked as read, and under which typing was shown. */
    read,
    typing,
    people,
    describe: () => ({
      id,
      display_phone_number: `+${display}`,
      verified_name: "Linka",
      quality_rating: "GREEN",
      code_verification_status: "VERIFIED",
    }),
    received: (person: Identity): readonly Lying[] => lying.get(person.bsuid) ?? [],
    heard: (person: Identity): void => void lastInbound.set(person.bsuid, graph.clock.now().getTime()),
    /** Somebody new on WhatsApp; a phone number of their own unless one is given. */
    person: (given: Partial<Identity> = {}): Identity => {
      const person: Identity = {
        phone: given.phone ?? `4206${randomInt(10_000_000, 99_999_999)}`,
        bsuid: given.bsuid ?? `CZ.${randomInt(1e9, 2e9)}${randomInt(1e9, 2e9)}`,
        name: given.name ?? "Jana",
        hidden: given.hidden ?? false,
      };
      people.set(person.bsuid, person);
      return person;
    },
  };
};
export type FakeNumber = ReturnType<typeof makeNumber>;

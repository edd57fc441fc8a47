import { z } from "zod";
import { claim } from "./identity.ts";
import { textLimit } from "./settings.ts";

/** What a widget may ask over its socket. The widget's own copy of these shapes is src/web/visitor/protocol.ts. */

const clientId = z.string().regex(/^[\w-]{8,64}$/);
const lineKey = z.string().min(1).max(200);
const seq = z.int().min(0);

export const asks = {
  /** The first question of every socket; without a token a new session begins. */
  hello: z.object({
    token: z.string().max(4096).optional(),
    /** Origin of the page around the widget, as the browser vouched for it to our frame. */
    host: z.string().max(300).optional(),
    lang: z
      .string()
      .regex(/^[a-zA-Z]{2,3}(-[\w-]{1,30})?$/)
      .optional(),
    page: z.string().max(2000).optional(),
    identity: claim.optional(),
    /** Highest seq this widget holds: only what is newer comes back. */
    after: seq.optional(),
  }),
  /** The pre-chat form; its fields are checked against the account's settings. */
  form: z.object({ values: z.record(z.string().max(20), z.string().max(300)) }),
  send: z.object({
    id: clientId,
    text: z.string().trim().min(1).max(textLimit),
    /** Left outside opening hours: the answer may come by e-mail. */
    email: z.email().max(254).optional(),
  }),
  after: z.object({ seq }),
  before: z.object({ seq }),
  typing: z.object({ active: z.boolean() }),
  /** Lines that reached the visitor's device. */
  got: z.object({ ids: z.array(lineKey).min(1).max(50) }),
  /** The visitor looked at everything up to this line. */
  read: z.object({ id: lineKey }),
  logout: z.object({}),
};

export type Ask = keyof typeof asks;
export const isAsk = (event: string): event is Ask => Object.hasOwn(asks, event);

/** Address of a page without what may be private in it; undefined for anything but a web address. */
export const pageAddress = (page: string | undefined): string | undefined => {
  if (page === undefined || !URL.canParse(page)) return undefined;
  const { protocol, origin, pathname } = new URL(page);
  return /^https?:$/.test(protocol) ? `${origin}${pathname}`.slice(0, 500) : undefined;
};

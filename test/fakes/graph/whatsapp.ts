import { randomInt } from "node:crypto";
import type { App, Endpoint } from "./call.ts";
import { GraphRefusal, noSuchObject } from "./refusal.ts";
import type { FakeGraph } from "./server.ts";
import { makeMedia } from "./whatsapp-media.ts";
import { type FakeNumber, type Identity, makeNumber } from "./whatsapp-number.ts";
import { makeUser } from "./whatsapp-user.ts";
import type { FakeTemplate } from "./whatsapp-validate.ts";

const pageMost = 25;
const scopes = ["whatsapp_business_messaging", "whatsapp_business_management"];
const newId = (): string => `10${randomInt(1e6, 9e6)}${randomInt(1e6, 9e6)}`;

/** Adds the WhatsApp Cloud API to a fake Graph: numbers, templates, media, and the customers who write to them. */
export const addWhatsApp = (graph: FakeGraph) => {
  const numbers = new Map<string, FakeNumber>();
  const templates = new Map<string, FakeTemplate[]>();
  const subscribed = new Map<string, Set<string>>();
  const media = makeMedia({ clock: graph.clock, url: graph.url, isNumber: (id) => numbers.has(id) });

  const page = (items: readonly object[], after: string | null): object => {
    const from = Number(after ?? 0);
    const next = from + pageMost;
    const data = items.slice(from, next);
    return next >= items.length
      ? { data }
      : {
          data,
          paging: { cursors: { before: String(from), after: String(next) }, next: `${graph.url}/next?after=${next}` },
        };
  };

  const needs = (held: readonly string[], scope: string): void => {
    if (held.includes(scope)) return;
    throw new GraphRefusal({ status: 403, code: 200, says: `Requires ${scope} permission to manage the object` });
  };

  const ofNumber: Endpoint = async (call) => {
    const [id = "", what] = call.path;
    const number = numbers.get(id);
    if (number === undefined) return undefined;
    if (call.token.objects !== "any" && !call.token.objects.includes(id)) throw noSuchObject(id);
    if (call.method === "GET" && what === undefined) return { body: number.describe() };
    if (call.method !== "POST" || what !== "messages") return undefined;
    needs(call.token.scopes, "whatsapp_business_messaging");
    return { body: await number.send(call) };
  };

  const ofBusiness: Endpoint = (call) => {
    const [id = "", what] = call.path;
    const own = templates.get(id);
    if (own === undefined) return undefined;
    needs(call.token.scopes, "whatsapp_business_management");
    const after = call.query.get("after");
    if (call.method === "GET" && what === "message_templates")
      return {
        body: page(
          own.map((each) => ({ status: "APPROVED", category: "UTILITY", id: newId(), ...each })),
          after,
        ),
      };
    if (call.method === "GET" && what === "phone_numbers")
      return {
        body: page(
          [...numbers.values()]
            .filter(({ businessAccountId }) => businessAccountId === id)
            .map((each) => each.describe()),
          after,
        ),
      };
    const apps = subscribed.get(id) ?? new Set();
    if (what !== "subscribed_apps") return undefined;
    if (call.method === "POST") apps.add(call.token.app.id);
    subscribed.set(id, apps);
    return call.method === "POST"
      ? { body: { success: true } }
      : { body: { data: [...apps].map((app) => ({ whatsapp_business_api_data: { id: app, name: "Linka" } })) } };
  };

  graph.use(media.endpoint);
  graph.use(ofNumber);
  graph.use(ofBusiness);

  return {
    media,
    /** A number of ours, and a token that may use it. */
    number: (
      given: {
        readonly app?: App;
        readonly id?: string;
        readonly display?: string;
        readonly businessAccountId?: string;
        readonly templates?: readonly FakeTemplate[];
        readonly subscribed?: boolean;
        readonly scopes?: readonly string[];
        readonly expiresAt?: Date;
      } = {},
    ) => {
      const { app = graph.app(newId()), id = newId(), businessAccountId = newId() } = given;
      const display = given.display ?? `4207${randomInt(10_000_000, 99_999_999)}`;
      const own = templates.get(businessAccountId) ?? [];
      own.push(...(given.templates ?? []));
      templates.set(businessAccountId, own);
      if (given.subscribed !== false)
        subscribed.set(businessAccountId, (subscribed.get(businessAccountId) ?? new Set()).add(app.id));
      const number = makeNumber({ graph, media, app, id, businessAccountId, display, templates: own });
      numbers.set(id, number);
      const token = graph.token({
        app,
        scopes: given.scopes ?? scopes,
        ...(given.expiresAt !== undefined && { expiresAt: given.expiresAt }),
      });
      return {
        ...number,
        token,
        templates: own,
        user: (person?: Partial<Identity>) => makeUser(number, media, number.person(person)),
        /** What an admin types into the hub. */
        settings: {
          phoneNumberId: id,
          businessAccountId,
          token: token.value,
          appSecret: app.secret,
          verify: `verify ${id}`,
          apiUrl: graph.url,
        },
      };
    },
  };
};
export type FakeWhatsApp = ReturnType<typeof addWhatsApp>;
export type FakeAccount = ReturnType<FakeWhatsApp["number"]>;

import type { WebhookRequest } from "#contract";
import { sign } from "../../connectors/graph/index.ts";
import { toThreadKey } from "../../connectors/whatsapp/thread.ts";
import { GraphRefusal } from "../fakes/graph/refusal.ts";
import { startGraph } from "../fakes/graph/server.ts";
import { bodyOf } from "../fakes/graph/webhooks.ts";
import { addWhatsApp } from "../fakes/graph/whatsapp.ts";
import type { Bench, Customer, Refusal, Side } from "./bench.ts";

const ids: Record<Side, string> = { a: "100000000000001", b: "100000000000002" };

/** The rules name customers; WhatsApp knows numbers and ids. */
const digitsOf = (name: string): string =>
  [...Buffer.from(name.padEnd(9, "."))]
    .map((byte) => byte % 10)
    .join("")
    .slice(0, 9);

const good = {
  phoneNumberId: ids.a,
  businessAccountId: "200000000000001",
  token: "EAA a token of a system user",
  appSecret: "the secret of the app",
  verify: "a verify token",
};

export const bench: Bench = {
  bad: [
    {},
    { ...good, phoneNumberId: "+420 601 123 456" },
    { ...good, appSecret: "short" },
    { ...good, apiUrl: "http://graph.example.com" },
    { ...good, apiVersion: "26" },
  ],
  async start() {
    const graph = await startGraph();
    const whatsapp = addWhatsApp(graph);
    const numbers = { a: whatsapp.number({ id: ids.a }), b: whatsapp.number({ id: ids.b }) };
    const settingsOf = (side: Side) => ({ ...numbers[side].settings, checkEveryMs: 15 });

    const request = (
      side: Side,
      body: Uint8Array,
      signature = sign(numbers[side].app.secret, body),
    ): WebhookRequest => ({
      method: "POST",
      path: "",
      query: new URLSearchParams(),
      headers: new Headers({ "x-hub-signature-256": signature }),
      body,
    });
    const connected = new Set<Side>();

    return {
      settings: { a: settingsOf("a"), b: settingsOf("b") },
      drop: graph.drop,
      restore: graph.restore,
      stop: graph.stop,
      async customer(account, name): Promise<Customer> {
        const number = numbers[account.side];
        if (!connected.has(account.side)) {
          connected.add(account.side);
          graph.webhooks.connect(number.app, async ({ body }) => {
            const reply = await account.connection.webhook?.(request(account.side, body));
            return { status: reply?.status ?? 0 };
          });
        }
        const digits = digitsOf(name);
        const user = number.user({ phone: `420${digits}`, bsuid: `CZ.${digits}0000`, name });
        number.heard(user.person);
        const { phone } = user.person;
        const toUser = ({ json }: { readonly json: unknown }): boolean => JSON.stringify(json ?? {}).includes(phone);
        const refusal = (
          code: Refusal["code"],
          graphCode: number,
          status = 400,
          headers?: Readonly<Record<string, string>>,
          tellsMs?: number,
        ): Refusal => ({
          code,
          ...(tellsMs !== undefined && { tellsMs }),
          arrange: async () => {
            const refuse = new GraphRefusal({
              status,
              code: graphCode,
              says: "Refused",
              ...(headers !== undefined && { headers }),
            });
            graph.faults.add({ on: toUser, times: 1, does: { refuse } });
            return undefined;
          },
        });
        return {
          to: { thread: toThreadKey(number.id, { phone }), to: [{ kind: "wa_phone", value: `+${phone}` }] },
          async writes({ text, files = [] }) {
            const [file] = files;
            const { message } =
              file === undefined ? await user.text(text) : await user.document({ ...file, caption: text });
            return {
              again: async () => void (await number.push({ contacts: [user.who()], messages: [message] })),
            };
          },
          received: async () =>
            user.received().map(({ text, type, body, reactions }) => {
              const { id = "", filename = "" } = body as { id?: string; filename?: string };
              const file = whatsapp.media.bytesOf(id);
              const files = file === undefined ? [] : [{ name: filename, mimeType: file.mimeType, bytes: file.bytes }];
              return { text, files: type === "text" ? [] : files, reactions };
            }),
          answeredElsewhere: async (text) => void (await user.answered(text)),
          refusals: [
            refusal("rate-limited", 130_429, 429, { "retry-after": "3" }, 3_000),
            refusal("recipient-gone", 131_026),
            refusal("rejected", 131_009),
            refusal("window-closed", 131_047),
            refusal("later", 131_056),
            refusal("auth", 190, 401),
          ],
          stall: async () => ({
            taken: new Promise((taken) =>
              graph.faults.add({ on: toUser, times: 1, does: "done-then-hang", hit: () => taken() }),
            ),
          }),
        };
      },
      async webhook(account) {
        const number = numbers[account.side];
        const user = number.user();
        const payload = (field: string, value: object): Buffer =>
          bodyOf({
            object: "whatsapp_business_account",
            entry: [
              {
                id: number.businessAccountId,
                changes: [{ field, value: { messaging_product: "whatsapp", metadata: number.metadata, ...value } }],
              },
            ],
          });
        const saying = (text: string): Buffer =>
          payload("messages", { contacts: [user.who()], messages: [user.item("text", { text: { body: text } })] });
        const genuine = saying("Pravá zpráva 👍");
        const other = saying("Podvržená zpráva");
        const written = Buffer.from(JSON.stringify(JSON.parse(genuine.toString())));
        return {
          genuine: request(account.side, genuine),
          events: 1,
          forged: [
            request(account.side, genuine, ""),
            request(account.side, genuine, sign("another secret altogether", genuine)),
            request(account.side, other, sign(number.app.secret, genuine)),
            request(account.side, written, sign(number.app.secret, genuine)),
          ],
          unknown: request(account.side, payload("holograms", { holograms: [{ id: "h1" }] })),
        };
      },
    };
  },
};
